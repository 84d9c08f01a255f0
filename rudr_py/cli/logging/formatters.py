"""How log lines look: JSON for machines, short lines for people. Fields come from `extra` and the reconcile under way.

One record is one line, whatever is in it: a field that cannot be written is replaced, never the reason to lose a line.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

import click

from rudr_py.cli.logging import redaction
from rudr_py.cli.logging.levels import LogLevels
from rudr_py.controller.results import log_context
from rudr_py.errors import RudrError

Format = Literal["auto", "json", "text"]

LONGEST = 8192
"""Characters of one field that are told; a stack trace may have twice as many. Container runtimes cut lines."""

DEEPEST = 8
"""Levels of a nested field that are told."""

log = logging.getLogger(__name__)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {logging.DEBUG: "2", logging.WARNING: "33", logging.ERROR: "31", logging.CRITICAL: "1;31"}


def setup(form: Format, level: int | LogLevels) -> None:
    """Send all log lines, and Python's warnings, to standard error. `auto` is text on a terminal and JSON elsewhere."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form, sys.stderr, os.environ))
    logging.basicConfig(handlers=[handler], force=True)
    (level if isinstance(level, LogLevels) else LogLevels(level)).apply()
    logging.captureWarnings(capture=True)


@contextlib.contextmanager
def last_words() -> Iterator[None]:
    """Around a command that logs: where lines are JSON, what ends it is one of them too, and exit code 1.

    People get the error as that of any command, from whoever is above.
    """
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        handlers = logging.getLogger().handlers
        if not any(isinstance(handler.formatter, JsonFormatter) for handler in handlers):
            raise
        foreseen = isinstance(error, RudrError)
        told = {"error": str(error)} if foreseen else {}
        log.critical("ended by an error", extra=told, exc_info=None if foreseen else error)
        raise SystemExit(1) from error


def formatter(form: Format, stream: TextIO, environ: Mapping[str, str]) -> logging.Formatter:
    """The formatter for this stream."""
    terminal = stream.isatty()
    if form == "json" or (form == "auto" and not terminal):
        return JsonFormatter()
    return TextFormatter(colours=terminal and not environ.get("NO_COLOR"))


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the line says beside its message, as JSON has it and without secrets."""
    own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    told: dict[str, Any] = plain({**log_context.fields(), **own})
    return told


def message(record: logging.LogRecord) -> str:
    """The message; as it was written, when its arguments do not fit."""
    try:
        return plain_text(record.getMessage())
    except Exception:  # noqa: BLE001 - whoever logs, a plugin for instance, must not lose the line by a mistake in it
        return plain_text(f"{record.msg} {_shown(record.args)}")


def plain(value: object, depth: int = 0) -> Any:
    """The value as JSON can say it; anything else as text. Several levels down, it is no longer told."""
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        return plain_text(value if isinstance(value, str) else _shown(value))
    if depth == DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {plain_text(name): part for name, part in _parts(value, depth)}
    return [plain(part, depth + 1) for part in value]


def _parts(value: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, part in redaction.document(value).items():
        name = _shown(key)
        yield name, redaction.HIDDEN if redaction.secret_name(name) else plain(part, depth + 1)


def plain_text(value: str, longest: int = LONGEST) -> str:
    """The text without secrets, and no longer than is told."""
    clean = redaction.text(value[: 2 * longest])
    return clean if len(clean) <= longest else f"{clean[:longest]}... ({len(value)} characters)"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with controller-runtime's names; the time is RFC 3339 in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record. Characters beyond ASCII are escaped, so that no encoding and no splitter breaks it."""
        line: dict[str, Any] = {
            "ts": _time(record).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": message(record),
        }
        for name, value in fields(record).items():
            line[name if name not in line else f"{name}_"] = value
        for name, value in _raised(record).items():
            line.setdefault(name, value)
        return json.dumps(line, allow_nan=False)


class TextFormatter(logging.Formatter):
    """Time, level, message, and the fields as `name=value`; a value with spaces or odd characters is quoted."""

    def __init__(self, *, colours: bool = False) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, and the stack trace of an error below it."""
        pairs = " ".join(f"{name}={_quoted(value)}" for name, value in fields(record).items())
        level = record.levelname[:4]
        colour = _COLOURS.get(record.levelno, "")
        if self._colours and colour:
            level = f"\x1b[{colour}m{level}\x1b[0m"
        text = message(record)
        shown = text if text.isprintable() else _quoted(text)
        line = f"{_time(record).astimezone():%H:%M:%S} {level} {shown} {pairs}".rstrip()
        trace = _raised(record).get("stacktrace")
        return f"{line}\n{trace}" if trace else line


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _raised(record: logging.LogRecord) -> dict[str, str]:
    """The error that a record tells of, in a word and in full."""
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    error = record.exc_info[1]
    trace = logging.Formatter().formatException(record.exc_info)
    told = plain_text(f"{type(error).__name__}: {_shown(error)}")
    return {"error": told, "stacktrace": plain_text(trace, 2 * LONGEST)}


def _shown(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a plugin's value may raise anything, and the line is worth more than the value
        return f"({type(value).__name__} that cannot be shown)"


def _quoted(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and value and not set(value) & set(' "='):
        return value
    return (
        json.dumps(value, ensure_ascii=False)
        if not isinstance(value, str) or value.isprintable()
        else json.dumps(value)
    )
