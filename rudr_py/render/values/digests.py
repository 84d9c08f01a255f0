"""Short digests of values, the same in every process and every release."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from rudr_py.model.component import Component, Resources


def of(value: Any) -> str:
    """The digest of any value that msgspec can encode; independent of the order of keys."""
    return hashlib.blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=12).hexdigest()


def plain(value: Any) -> Any:
    """The value with structs as maps, without fields that have their default.

    So a field that a later release adds does not change the digest of documents that do not use it.
    """
    if isinstance(value, msgspec.Struct):
        fields = ((name, getattr(value, name), default) for name, default in _defaults(type(value)))
        return {name: plain(inner) for name, inner, default in fields if inner != default}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return value


def containers(component: Component) -> Any:
    """The containers of a component, as maps. A default counts as if the document had set it."""
    return plain(
        [
            msgspec.structs.replace(one, resources=msgspec.structs.replace(one.resources, unset=_UNSET))
            for one in component.containers
        ]
    )


_UNSET: Final = Resources().unset


@functools.cache
def _defaults(struct: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (field.name, field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory())
        for field in msgspec.structs.fields(struct)
    )
