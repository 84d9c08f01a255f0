"""Decorators that add options to commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def setting(*names: str, **attributes: Any) -> Callable[[F], F]:
    """Add an option that an environment variable sets, too: `--log-level`, its first name, with RUDR_LOG_LEVEL."""
    variable = names[0].partition("/")[0].removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=f"RUDR_{variable}", **attributes)


def combined(*options: Callable[[Any], Any]) -> Callable[[F], F]:
    """Add options in the order in which the help lists them."""

    def add(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return add
