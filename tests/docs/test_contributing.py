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
    (needed,) = re.findall(r"^test: (.*?) ##", MAKEFILE, re.MULTILINE)
    checks = [name for name in needed.split() if not name.startswith("$")]
    assert len(checks) > 3
    listed = Page(ROOT / "CONTRIBUTING.md").codes
    assert [name for name in checks if f"make {name}" not in listed] == []
