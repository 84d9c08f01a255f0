"""Properties of all standard scopes: `members`, and other spellings of their names.

The specification uses kebab-case, Rudr's users also camelCase.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal

import msgspec

Members = Annotated[
    Literal["own", "namespace"],
    msgspec.Meta(
        description="The applications whose instances may join the scope: namespace, all applications of the "
        "namespace, or own, only the one that declares the scope."
    ),
]


def of(model: type[msgspec.Struct]) -> dict[str, str]:
    """camelCase and snake_case of every property of a model in kebab-case -> its name."""
    names = [field.encode_name for field in msgspec.structs.fields(model)]
    return {
        spelling: name
        for name in names
        for spelling in (re.sub(r"-(.)", lambda match: match[1].upper(), name), name.replace("-", "_"))
        if spelling != name
    }
