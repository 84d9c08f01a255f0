"""Log levels as words and as in Rudr's RUST_LOG."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.logging import levels
from rudr_py.cli.logging.levels import LogLevels
from rudr_py.errors import ConfigError


@pytest.fixture
def restored() -> Iterator[None]:
    """Restore the levels after a test."""
    names = ("", "rudr_py", "rudr_py.kube", "kubernetes_asyncio", "kubernetes_asyncio.client", "asyncio", "urllib3")
    before = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("debug", LogLevels(logging.DEBUG)),
        ("WARN", LogLevels(logging.WARNING)),
        ("trace", LogLevels(logging.DEBUG)),
        ("off", LogLevels(levels.OFF)),
        ("", LogLevels(logging.INFO)),
        ("rudr=info,kube=info", LogLevels(logging.WARNING, {"rudr_py": logging.INFO, "rudr_py.kube": logging.INFO})),
        ("error, rudr = debug", LogLevels(logging.ERROR, {"rudr_py": logging.DEBUG})),
        ("rudr", LogLevels(logging.WARNING, {"rudr_py": logging.DEBUG})),
        ("rudr::schematic=off", LogLevels(logging.WARNING, {"rudr_py.schematic": levels.OFF})),
        ("info,my_plugin=debug", LogLevels(logging.INFO, {"my_plugin": logging.DEBUG})),
    ],
)
def test_a_log_level_is_parsed(text: str, meant: LogLevels) -> None:
    assert levels.parse(text) == meant


@pytest.mark.parametrize("text", ["inof", "Debgu", "rudr=inof", "=info", "a b", "info/regex", "rudr=", "3"])
def test_an_invalid_level_is_reported_with_the_valid_ones(text: str) -> None:
    with pytest.raises(ConfigError, match=r"trace, debug, info, warn"):
        levels.parse(text)


@given(st.text())
def test_any_text_is_parsed_or_raises_config_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert isinstance(levels.parse(text), LogLevels)


def test_verbose_overrides_the_level_and_kube_logs_warnings_by_default() -> None:
    assert levels.from_options("error", 1) == LogLevels(logging.INFO)
    assert levels.from_options("error", 2) == LogLevels(logging.DEBUG)
    assert levels.from_options("error", 0) == LogLevels(logging.ERROR)
    assert levels.from_options(None, 0).loggers == {"rudr_py.kube": logging.WARNING}


@pytest.mark.parametrize("text", ["debug", "kubernetes_asyncio=debug", "kubernetes_asyncio.client=trace"])
def test_kubernetes_asyncio_never_logs_at_debug(restored: None, text: str) -> None:
    levels.parse(text).apply()
    assert not logging.getLogger("kubernetes_asyncio.client.rest").isEnabledFor(logging.DEBUG)


def test_apply_sets_the_levels_of_the_loggers(restored: None) -> None:
    levels.parse("error,kube=debug").apply()
    assert not logging.getLogger("rudr_py.controller").isEnabledFor(logging.WARNING)
    assert logging.getLogger("rudr_py.kube.watch").isEnabledFor(logging.DEBUG)
