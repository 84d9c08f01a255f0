"""How log lines look: JSON for machines, short lines for people. Fields come from `extra` and the reconcile's id."""

from __future__ import annotations

import logging
import sys
from typing import Any, Literal

import msgspec

from rudr_py.controller.runner import reconcile_id

Format = Literal["auto", "json", "text"]

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def setup(form: Format, level: int) -> None:
    """Send all log lines to standard error. `auto` is text on a terminal and JSON elsewhere."""
    chosen = form if form != "auto" else ("text" if sys.stderr.isatty() else "json")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if chosen == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)


def fields(record: logging.LogRecord) -> dict[str, Any]:
    """What the line says beside its message."""
    found = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    current = reconcile_id.get()
    return {**({"reconcileID": current} if current else {}), **found}


class JsonFormatter(logging.Formatter):
    """One JSON object a line, with controller-runtime's names."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        line: dict[str, Any] = {
            "ts": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
            **fields(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


class TextFormatter(logging.Formatter):
    """Time, level, message, and the fields as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        pairs = " ".join(f"{name}={value}" for name, value in fields(record).items())
        line = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname[:4]} {record.getMessage()} {pairs}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line
