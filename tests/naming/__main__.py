"""Lists violations of the naming rules: `python -m tests.naming [path ...]`, such as `rudr_py/controller`.

`--rule` limits the list to one rule. `--lower` reduces the numbers of permitted.py to those of today; it raises none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path, PurePosixPath

from tests.naming import permitted, rules
from tests.naming.sources import grouped

HEAD = '"""Violations that each package may still have. `python -m tests.naming --lower` reduces the numbers."""'


def main() -> None:
    """Print the violations, each with its place and a suggestion, and their number for each rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.naming", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="path", help="a package, folder or module; by default everything")
    parser.add_argument("--rule", choices=rules.RULES, action="append", help="may be repeated")
    parser.add_argument("--lower", action="store_true", help="reduce the permitted numbers to those of today")
    arguments = parser.parse_args()
    if arguments.lower:
        Path(permitted.__file__).write_text(table(), encoding="utf-8")
        return
    for rule in arguments.rule or rules.RULES:
        chosen = [violation for violation in rules.violations(rule) if _is_below(violation.path, arguments.paths)]
        lines = [f"{rule}: {len(chosen)}", *(f"  {line}" for line in grouped(chosen))]
        sys.stdout.writelines(f"{line}\n" for line in lines)


def table(*, lower_only: bool = True) -> str:
    """The text of permitted.py with the numbers of today, or the permitted ones where those are lower."""
    lines = [HEAD, "", "from __future__ import annotations", "", "PERMITTED: dict[str, dict[str, int]] = {"]
    actual = {rule: rules.counts(rule) for rule in rules.RULES}
    allowed = {rule: rules.permitted(rule) for rule in rules.RULES}
    for package in sorted({package for numbers in actual.values() for package in numbers}):
        numbers = {
            rule: min(actual[rule][package], allowed[rule][package]) if lower_only else actual[rule][package]
            for rule in rules.RULES
        }
        fields = ", ".join(f'"{rule}": {number}' for rule, number in numbers.items() if number)
        if fields:
            lines.append(f'    "{package}": {{{fields}}},')
    text = "\n".join([*lines, "}", ""])
    return text.replace("{\n}", "{}")  # as ruff formats it


def _is_below(path: str, folders: list[str]) -> bool:
    return not folders or any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


if __name__ == "__main__":
    main()
