"""The formats of log lines: JSON for programs, short text for people. Fields come from `extra` and the log context.

Every record is written as one line: a field that cannot be encoded is replaced and does not suppress the line.
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
from rudr_py.cli.output import colour
from rudr_py.controller.results import log_context
from rudr_py.errors import RudrError

Format = Literal["auto", "json", "text"]

MAX_LENGTH = 8192
"""The longest field, in characters; a stack trace can be twice as long. Container runtimes split longer lines."""

MAX_DEPTH = 8
"""The deepest level of a nested field."""

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
def logging_errors() -> Iterator[None]:
    """If the log is JSON, log the error that ends a command and exit with 1. Otherwise the caller prints the error."""
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        handlers = logging.getLogger().handlers
        if not any(isinstance(handler.formatter, JsonFormatter) for handler in handlers):
            raise
        expected = isinstance(error, RudrError)
        extra = {"error": str(error)} if expected else {}
        log.critical("exiting after an error", extra=extra, exc_info=None if expected else error)
        raise SystemExit(1) from error


def formatter(form: Format, stream: TextIO, environ: Mapping[str, str]) -> logging.Formatter:
    """The formatter for this stream."""
    terminal = stream.isatty()
    if form == "json" or (form == "auto" and not terminal):
        return JsonFormatter()
    return TextFormatter(colours=colour.enabled("auto", environ, terminal))


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a line except its message, as JSON values without secrets."""
    own = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    plain_fields: dict[str, Any] = plain({**log_context.fields(), **own})
    return plain_fields


def message(record: logging.LogRecord) -> str:
    """The message. If its arguments do not match its placeholders, the template and the arguments."""
    try:
        return plain_text(record.getMessage())
    except Exception:  # noqa: BLE001 - an error in the call of a logger, for example in a plugin, must not lose the line
        return plain_text(f"{record.msg} {_text(record.args)}")


def plain(value: object, depth: int = 0) -> Any:
    """The value as JSON, or as text if JSON has no such value. Levels below MAX_DEPTH become `...`."""
    if value is None or isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        return plain_text(value if isinstance(value, str) else _text(value))
    if depth == MAX_DEPTH:
        return "..."
    if isinstance(value, Mapping):
        return {plain_text(name): part for name, part in _parts(value, depth)}
    return [plain(part, depth + 1) for part in value]


def _parts(value: Mapping[Any, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, part in redaction.document(value).items():
        name = _text(key)
        yield name, redaction.HIDDEN if redaction.secret_name(name) else plain(part, depth + 1)


def plain_text(value: str, max_length: int = MAX_LENGTH) -> str:
    """The text without secrets, truncated to `max_length`."""
    clean = redaction.text(log_context.without_values(value[: 2 * max_length]))
    return clean if len(clean) <= max_length else f"{clean[:max_length]}... ({len(value)} characters)"


class JsonFormatter(logging.Formatter):
    """One JSON object per line, with the names of controller-runtime. Times are RFC 3339 in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record. Other characters than ASCII are escaped, so that every encoding preserves them."""
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
    """Time, level, message, and the fields as `name=value`; values with spaces or unprintable characters are quoted."""

    def __init__(self, *, colours: bool = False) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, followed by the stack trace of an error."""
        pairs = " ".join(f"{name}={_quoted(value)}" for name, value in fields(record).items())
        level = record.levelname[:4]
        code = _COLOURS.get(record.levelno, "")
        if self._colours and code:
            level = f"\x1b[{code}m{level}\x1b[0m"
        text = message(record)
        text = text if text.isprintable() else _quoted(text)
        line = f"{_time(record).astimezone():%H:%M:%S} {level} {text} {pairs}".rstrip()
        trace = _raised(record).get("stacktrace")
        return f"{line}\n{trace}" if trace else line


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _raised(record: logging.LogRecord) -> dict[str, str]:
    """The error of a record and its stack trace; empty without an error."""
    if not record.exc_info or record.exc_info[1] is None:
        return {}
    error = record.exc_info[1]
    trace = logging.Formatter().formatException(record.exc_info)
    summary = plain_text(f"{type(error).__name__}: {_text(error)}")
    return {"error": summary, "stacktrace": plain_text(trace, 2 * MAX_LENGTH)}


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a plugin's value may raise anything, and that must not lose the line
        return f"({type(value).__name__} without a text)"


def _quoted(value: Any) -> str:
    if isinstance(value, str) and value.isprintable() and value and not set(value) & set(' "='):
        return value
    return (
        json.dumps(value, ensure_ascii=False)
        if not isinstance(value, str) or value.isprintable()
        else json.dumps(value)
    )
