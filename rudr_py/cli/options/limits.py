"""The option for the limits of one application: `--limits traits=200,objects=5000`. Pure."""

from __future__ import annotations

from collections.abc import Callable

import click
import msgspec

from rudr_py.cli.options.decorators import F, setting
from rudr_py.model import suggest
from rudr_py.settings import DEFAULT_LIMITS, Limits

NAMES = Limits.__struct_fields__


def option(explanation: str = "As in rudr run.") -> Callable[[F], F]:
    """Add `--limits`; the command gets them as `limits`."""
    return setting("--limits", metavar="NAME=NUMBER,...", default="", callback=_read, help=explanation)


def _read(context: click.Context, parameter: click.Parameter, value: str) -> Limits:
    """The callback of the option. Raises BadParameter."""
    changed: dict[str, int] = {}
    for entry in filter(None, (part.strip() for part in value.split(","))):
        name, _, number = entry.partition("=")
        if name not in NAMES:
            listing = f"the limits are {', '.join(NAMES)}"
            hint = suggest.nearest(name, NAMES) or f" {listing}."
            raise click.BadParameter(f'there is no limit "{name}".{hint}', context, parameter)
        if not (number.isascii() and number.isdecimal()) or not int(number[:12]) >= 1 or len(number) > 12:
            raise click.BadParameter(f"{entry}: the limit must be a whole number of at least 1", context, parameter)
        changed[name] = int(number)
    return msgspec.structs.replace(DEFAULT_LIMITS, **changed)
