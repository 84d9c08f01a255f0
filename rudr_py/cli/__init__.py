"""The commands `rudr` and `kubectl rudr`. Only this package, `local` and `testing` read the clock or the environment.

`program` holds the table of commands; a module of `commands` is imported only when its command runs. Results are
written to standard output, messages to standard error. Exit codes are those of kubectl: 0 success, 1 failure, 2 wrong
usage, 130 Ctrl-C.
"""

from rudr_py.cli.program import main

__all__ = ["main"]
