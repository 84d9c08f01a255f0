"""Other spellings of the properties of scopes: the specification uses kebab-case, Rudr's users also camelCase."""

from __future__ import annotations

import re

import msgspec


def of(model: type[msgspec.Struct]) -> dict[str, str]:
    """camelCase and snake_case of every property of a model in kebab-case -> its name."""
    names = [field.encode_name for field in msgspec.structs.fields(model)]
    return {
        spelling: name
        for name in names
        for spelling in (re.sub(r"-(.)", lambda match: match[1].upper(), name), name.replace("-", "_"))
        if spelling != name
    }
