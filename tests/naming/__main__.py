"""Lists violations of the naming rules: `python -m tests.naming [path ...]`, such as `rudr_py/controller`.

`--rule` limits the list to one rule.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import PurePosixPath

from tests.naming import rules
from tests.naming.sources import grouped


def main() -> None:
    """Print the violations, each with its place and a suggestion, and their number for each rule."""
    parser = argparse.ArgumentParser(prog="python -m tests.naming", description=__doc__)
    parser.add_argument("paths", nargs="*", metavar="path", help="a package, folder or module; by default everything")
    parser.add_argument("--rule", choices=rules.RULES, action="append", help="may be repeated")
    arguments = parser.parse_args()
    for rule in arguments.rule or rules.RULES:
        chosen = [violation for violation in rules.violations(rule) if _is_below(violation.path, arguments.paths)]
        lines = [f"{rule}: {len(chosen)}", *(f"  {line}" for line in grouped(chosen))]
        sys.stdout.writelines(f"{line}\n" for line in lines)


def _is_below(path: str, folders: list[str]) -> bool:
    return not folders or any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


if __name__ == "__main__":
    main()
