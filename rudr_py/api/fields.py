"""Read fields of documents whose shape is not guaranteed, such as the status of an object that another program wrote.

No function here raises, whatever the document contains.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, overload

_MAPPINGS: Final = (dict, Mapping)
"""The first one is checked faster."""


@overload
def get_in(document: object, *path: str | int, default: bool) -> bool: ...
@overload
def get_in(document: object, *path: str | int, default: int) -> int: ...
@overload
def get_in(document: object, *path: str | int, default: float) -> float: ...
@overload
def get_in(document: object, *path: str | int, default: str) -> str: ...
@overload
def get_in(document: object, *path: str | int, default: list[Any]) -> list[Any]: ...
@overload
def get_in(document: object, *path: str | int, default: Mapping[str, Any]) -> Mapping[str, Any]: ...


def get_in(document: object, *path: str | int, default: Any) -> Any:
    """Return the field at `path`, or `default` when the field is absent or its type is not that of `default`.

    A `str` in the path is the key of a mapping, an `int` the index of a list. True and False are no numbers, and an
    `int` is accepted where `default` is a `float`:

        ready = get_in(document, "status", "readyReplicas", default=0)
        host = get_in(document, "status", "loadBalancer", "ingress", 0, "hostname", default="")
    """
    value: Any = document
    for key in path:
        if type(value) is dict and type(key) is str:  # in most calls
            inside = key in value
        elif isinstance(key, str):
            inside = isinstance(value, _MAPPINGS) and key in value
        else:
            inside = isinstance(value, list) and -len(value) <= key < len(value)
        if not inside:
            return default
        value = value[key]
    return value if type(value) is type(default) or _is_like(value, default) else default


def mappings_in(document: object, *path: str | int) -> list[Mapping[str, Any]]:
    """Return the mappings of the list at `path`; entries of another type are left out, an absent list is empty.

    for condition in mappings_in(document, "status", "conditions"): ...
    """
    return [entry for entry in get_in(document, *path, default=[]) if isinstance(entry, _MAPPINGS)]


def _is_like(value: object, default: object) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, _MAPPINGS):
        return isinstance(value, _MAPPINGS)
    if isinstance(default, float):
        return isinstance(value, (int, float))
    return isinstance(value, type(default))
