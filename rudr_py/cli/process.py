"""How the process behaves as a whole, as kubectl does: streams that take any text, how it ends, and with which code.

Imports nothing heavy: it is there before the command is known.
"""

from __future__ import annotations

import contextlib
import errno
import io
import sys
from collections.abc import Iterator
from typing import Any, Final

import click

from rudr_py.errors import RudrError

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C: 128 and the number of the signal."""

_UNWRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""What a write to standard output may end with, beside that nobody reads on."""


class CommandFailure(click.ClickException):
    """An error that is told as it is, without a word of ours before it; it ends with 1."""

    def show(self, file: Any = None) -> None:
        """Write it to standard error."""
        click.echo(self.format_message(), file=file, err=file is None)


def prepare() -> None:
    """Let standard output and error take any text: in UTF-8 as kubectl, on a terminal as far as that can show it.

    So what is written into a file or a pipe is the same under every locale.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Turn what ends a command into what its user expects: a message without a traceback, and the exit code.

    An error that is not ours is a fault, and stays as it is.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except RudrError as error:
        raise CommandFailure(f"error: {error}") from error
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITTEN:
            raise  # a pipe that nobody reads from any more is click's to end
        raise CommandFailure(f"error: the output cannot be written: {error.strerror}") from error
    except ExceptionGroup as group:
        leaves = list(_leaves(group))
        for leaf in leaves:
            if isinstance(leaf, BrokenPipeError):
                raise leaf from group
        if not all(isinstance(leaf, RudrError) for leaf in leaves):
            raise
        raise CommandFailure("error: " + "\n".join(dict.fromkeys(map(str, leaves)))) from group


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
