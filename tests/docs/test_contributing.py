"""CONTRIBUTING.md and the pre-commit configuration agree with the Makefile."""

from __future__ import annotations

import re
import shlex

import yaml

from tests.docs.pages import ROOT, Page

MAKEFILE = (ROOT / "Makefile").read_text()


def test_pre_commit_runs_the_commands_of_make_lint() -> None:
    (recipe,) = re.findall(r"^lint:.*\n((?:\t.+\n)+)", MAKEFILE, re.MULTILINE)
    lint = [shlex.split(line.replace("$(BIN)", ".venv/bin")) for line in recipe.splitlines()]
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [shlex.split(hook["entry"]) for hook in local["hooks"]] == lint
    assert {hook["language"] for hook in local["hooks"]} == {"system"}


def test_the_table_of_targets_lists_every_check_of_make_test() -> None:
    (targets,) = re.findall(r"^test:.*\n\t@?\$\(MAKE\) .*\$\(SYNC\) (.+)\n", MAKEFILE, re.MULTILINE)
    codes = Page(ROOT / "CONTRIBUTING.md").codes
    assert len(targets.split()) > 3
    assert [target for target in targets.split() if f"make {target}" not in codes] == []
