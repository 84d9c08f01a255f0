"""The rule of custom kinds: the schema says the rest. Pure."""

from __future__ import annotations

from typing import Any

from rudr_py.local.resources import Resource
from rudr_py.local.rules.rule import Rule
from rudr_py.local.store import Object

_NEVER = frozenset({"apiVersion", "kind", "metadata"})


def _all(obj: Object) -> Any:
    return {key: value for key, value in obj.items() if key not in _NEVER}


def _all_but_status(obj: Object) -> Any:
    return {key: value for key, value in obj.items() if key not in _NEVER and key != "status"}


_WITH_STATUS = Rule(watched=_all_but_status, unconditional=False)
_WITHOUT_STATUS = Rule(watched=_all, unconditional=False)


def rule(resource: Resource) -> Rule:
    """Return the rule of a custom kind: everything but metadata, and status if it is a subresource, counts."""
    return _WITH_STATUS if resource.status else _WITHOUT_STATUS
