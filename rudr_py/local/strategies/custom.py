"""The strategy of custom kinds. Their schema holds all further rules. Pure."""

from __future__ import annotations

from typing import Any

from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import deprecations
from rudr_py.local.strategies.strategy import Strategy

_NEVER = frozenset({"apiVersion", "kind", "metadata"})


def _all(obj: Object) -> Any:
    return {key: value for key, value in obj.items() if key not in _NEVER}


def _all_but_status(obj: Object) -> Any:
    return {key: value for key, value in obj.items() if key not in _NEVER and key != "status"}


_WITH_STATUS = Strategy(
    warnings=deprecations.finalizers, generation_source=_all_but_status, allow_unconditional_update=False
)
_WITHOUT_STATUS = Strategy(warnings=deprecations.finalizers, generation_source=_all, allow_unconditional_update=False)


def strategy(resource: Resource) -> Strategy:
    """Return the strategy of a custom kind: all changes but those of metadata and status increment the generation."""
    return _WITH_STATUS if resource.status else _WITHOUT_STATUS
