"""The behaviour of the process, as in kubectl: encodings of the streams, messages of errors and exit codes.

Imports nothing heavy, because every command imports it.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import io
import sys
from collections.abc import Iterator
from typing import Any, Final

import click

from rudr_py.errors import RudrError

INTERRUPTED: Final = 130
"""The exit code after Ctrl-C: 128 plus the number of the signal."""

_RARE: Final = (10_000, 50, 1_000)
"""The thresholds of the garbage collector: allocations of the first generation, then collections of the one before."""

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Errors of a write to standard output, except that of a closed pipe."""


class CommandFailure(click.ClickException):
    """An error whose message is printed without a prefix. The exit code is 1."""

    def show(self, file: Any = None) -> None:
        """Write the message to standard error."""
        click.echo(self.format_message(), file=file, err=file is None)


def exempt_from_collections() -> None:
    """Exclude all present objects, such as modules and types, from garbage collections: each would read them again.

    A collection stops the event loop for as long as it takes, and these objects live until the end of the process.
    """
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """Exclude all present objects from garbage collections, and collect rarely, until the context ends.

    For a process whose objects are trees without cycles, such as the local API: collections were a third of its time.
    """
    before = gc.get_threshold()
    exempt_from_collections()
    gc.set_threshold(*_RARE)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def prepare() -> None:
    """Let standard output and standard error accept any text.

    Files and pipes get UTF-8 under every locale, as from kubectl. A terminal keeps its encoding; characters that it
    cannot show are escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Turn the errors that end a command into a message without a traceback, and an exit code.

    Errors that rudr_py does not raise on purpose pass through.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except RudrError as error:
        raise CommandFailure(f"error: {error}") from error
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise  # click handles the closed pipe
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
