"""`module:name` -> what is there, imported when it is needed: what starts quickly does not import what it may need."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Final

import click

from rudr_py.cli.process import CommandFailure

EXTRA: Final = "'rudr-py[local]'"
"""What brings all that our own commands import."""


def at(place: str) -> Any:
    """The object at `module:name`. Raises what the import raises, and AttributeError."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def later(place: str) -> Callable[..., Any]:
    """A function of ours that is imported when it is called; a package that it lacks is told with what brings it."""

    def call(*arguments: Any, **keywords: Any) -> Any:
        try:
            function = at(place)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] in ("", "rudr_py"):
                raise
            command = click.get_current_context().info_name
            told = f'error: the command "{command}" needs the package {error.name}: pip install {EXTRA}'
            raise CommandFailure(told) from error
        return function(*arguments, **keywords)

    call.__doc__ = place
    return call
