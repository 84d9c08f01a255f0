"""The commands `rudr` and `kubectl rudr`. Nothing below this package reads the clock or the environment.

`program` holds the table of commands; a module of `commands` is imported only when its command runs. Results go to
standard output, everything about them to standard error. Exit codes are kubectl's: 0 success, 1 failure, 2 wrong usage,
130 Ctrl-C.
"""

from rudr_py.cli.program import main

__all__ = ["main"]
