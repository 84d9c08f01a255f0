"""Log lines contain their fields and the log context, as JSON or as text, and no secrets."""

from __future__ import annotations

import io
import json
import logging
import math
import re
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.logging import formatters
from rudr_py.cli.logging.formatters import Format, JsonFormatter, TextFormatter
from rudr_py.controller.results import log_context
from rudr_py.errors import ForbiddenError
from rudr_py.model.identity import ObjectKey

Raised = tuple[type[BaseException], BaseException, TracebackType | None]
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"


def record(message: str = "object pruned", *args: object, raised: Raised | None = None, **extra: object) -> Any:
    made = logging.getLogger("rudr_py.x").makeRecord("rudr_py.x", logging.INFO, "f", 1, message, args, raised)
    vars(made).update(extra)
    return made


def as_json(made: logging.LogRecord) -> dict[str, Any]:
    """The record as one line of strict JSON, parsed."""
    text = JsonFormatter().format(made)
    assert len(text.splitlines()) == 1

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    line: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return line


def as_text(made: logging.LogRecord) -> str:
    return TextFormatter().format(made)


def raised(error: Exception) -> Raised:
    try:
        raise error
    except type(error):
        kind, value, trace = sys.exc_info()
        assert kind is not None
        assert value is not None
        return kind, value, trace


class Unspeakable:
    """A value without a text, as a plugin may log."""

    def __str__(self) -> str:
        raise RuntimeError


def test_json_has_the_names_of_controller_runtime() -> None:
    with log_context.reconciling("applicationconfiguration", ObjectKey("shop", "web"), "0000002a"):
        line = as_json(record(object="service/web"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("ts"))
    assert line == {
        "level": "info",
        "logger": "rudr_py.x",
        "msg": "object pruned",
        "controller": "applicationconfiguration",
        "namespace": "shop",
        "name": "web",
        "reconcileID": "0000002a",
        "object": "service/web",
    }


def test_an_error_is_logged_as_summary_and_stack_trace() -> None:
    line = as_json(record(raised=raised(ForbiddenError("no"))))
    assert line["error"] == "ForbiddenError: no"
    assert line["stacktrace"].startswith("Traceback")
    assert as_json(record(raised=raised(ValueError()), error="told already"))["error"] == "told already"


def test_text_lines_end_with_fields_and_quote_values_with_spaces() -> None:
    assert as_text(record(object="service/web")).endswith("object pruned object=service/web")
    assert as_text(record(error="two words", keys=3)).endswith('object pruned error="two words" keys=3')
    assert as_text(record(error="two\nlines \x1b[2J")).endswith(r'error="two\nlines \u001b[2J"')


def test_colours_are_for_terminals() -> None:
    warning = record()
    warning.levelno, warning.levelname = logging.WARNING, "WARNING"
    assert "\x1b[33mWARN\x1b[0m" in TextFormatter(colours=True).format(warning)
    assert "\x1b" not in TextFormatter().format(warning)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("form", "stream", "environ", "json_lines", "colours"),
    [
        ("auto", io.StringIO(), {}, True, False),
        ("auto", Terminal(), {}, False, True),
        ("auto", Terminal(), {"NO_COLOR": "1"}, False, False),
        ("text", io.StringIO(), {}, False, False),
        ("json", Terminal(), {}, True, False),
    ],
)
def test_the_format_depends_on_the_terminal_unless_it_is_set(
    form: Format, stream: io.StringIO, environ: dict[str, str], json_lines: bool, colours: bool
) -> None:
    chosen = formatters.formatter(form, stream, environ)
    warning = record()
    warning.levelno = logging.ERROR
    assert isinstance(chosen, JsonFormatter) is json_lines
    assert ("\x1b" in chosen.format(warning)) is colours


@pytest.mark.parametrize(
    ("value", "logged"),
    [
        (Unspeakable(), "(Unspeakable without a text)"),
        ({(1, 2): {Unspeakable()}}, {"(1, 2)": ["(Unspeakable without a text)"]}),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (2**70, str(2**70)),
        pytest.param(10**5000, "(int without a text)", id="a number of 5000 digits"),
        ("two\nlines\u2028and more", "two\nlines\u2028and more"),
        ("\ud800", "\ud800"),
        (b"bytes", "b'bytes'"),
        (None, None),
    ],
)
def test_any_value_can_be_logged(value: object, logged: object) -> None:
    assert as_json(record(value=value))["value"] == logged
    assert "object pruned" in as_text(record(value=value))


def test_a_recursive_value_is_truncated() -> None:
    value: list[object] = []
    value.append(value)
    assert "..." in json.dumps(as_json(record(value=value)))


def test_a_long_value_is_truncated() -> None:
    logged = as_json(record(value="x" * 1_000_000))["value"]
    assert len(logged) < formatters.MAX_LENGTH + 100
    assert "1000000 characters" in logged


def test_a_message_with_wrong_arguments_is_logged_as_template() -> None:
    assert as_json(record("%d of %d", "three"))["msg"] == "%d of %d ('three',)"


def test_a_field_with_a_reserved_name_gets_a_suffix() -> None:
    line = as_json(record(level="high", ts=1))
    assert (line["level"], line["level_"], line["ts_"]) == ("info", "high", 1)


@given(st.dictionaries(st.text(), st.floats() | st.text() | st.lists(st.binary() | st.text()), max_size=3))
def test_any_fields_are_logged_as_one_line_of_json(extra: dict[str, object]) -> None:
    made = record()
    vars(made).update({f"x{name}": value for name, value in extra.items()})
    assert as_json(made)["msg"] == "object pruned"


def test_secrets_are_hidden_in_messages_fields_and_errors() -> None:
    secret = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"password": "aHVudGVyMg=="}}
    made = record(
        f"asked with Bearer {TOKEN}",
        raised=raised(ForbiddenError(f"token {TOKEN} refused; password: 'hunter2 hunter2'")),
        live=secret,
        several=[secret],
        token="opaque-opaque",  # a field's name is enough
        headers={"Authorization": "Bearer opaque-opaque"},
        **{f"key {TOKEN}": 1},
    )
    for text in (JsonFormatter().format(made), TextFormatter().format(made)):
        assert not re.search(r"eyJ|hunter2|aHVudGVyMg|opaque", text)
        assert "db" in text


@pytest.fixture
def root() -> Iterator[logging.StreamHandler[io.StringIO]]:
    """The only handler of the root logger, which writes to memory."""
    root_logger = logging.getLogger()
    before, handler = root_logger.handlers[:], logging.StreamHandler(io.StringIO())
    root_logger.handlers = [handler]
    yield handler
    root_logger.handlers = before


@pytest.mark.parametrize(
    ("error", "summary"),
    [
        (ForbiddenError("no right"), "no right"),
        (ValueError("odd"), "ValueError: odd"),
        (ExceptionGroup("two", [OSError()]), None),
    ],
)
def test_the_error_that_ends_a_command_is_logged_as_json(
    root: logging.StreamHandler[io.StringIO], error: Exception, summary: str | None
) -> None:
    root.setFormatter(JsonFormatter())
    with pytest.raises(SystemExit) as ended, formatters.logging_errors():
        raise error
    line = json.loads(root.stream.getvalue())
    assert ended.value.code == 1
    assert line["level"] == "critical"
    assert summary is None or line["error"] == summary
    assert ("stacktrace" in line) is not isinstance(error, ForbiddenError)


def test_without_json_the_error_is_raised(root: logging.StreamHandler[io.StringIO]) -> None:
    root.setFormatter(TextFormatter())
    with pytest.raises(ForbiddenError), formatters.logging_errors():
        raise ForbiddenError("no right")
    assert root.stream.getvalue() == ""
