"""The rule of custom kinds. Their schema holds all further rules. Pure."""

from __future__ import annotations

from typing import Any

from rudr_py.local.kind_rules.rule import KindRule
from rudr_py.local.registry.resources import Resource
from rudr_py.local.storage.store import Object

_NEVER = frozenset({"apiVersion", "kind", "metadata"})


def _all(obj: Object) -> Any:
    return {key: value for key, value in obj.items() if key not in _NEVER}


def _all_but_status(obj: Object) -> Any:
    return {key: value for key, value in obj.items() if key not in _NEVER and key != "status"}


_WITH_STATUS = KindRule(watched=_all_but_status, unconditional=False)
_WITHOUT_STATUS = KindRule(watched=_all, unconditional=False)


def rule(resource: Resource) -> KindRule:
    """Return the rule of a custom kind: all changes but those of metadata and status increment the generation."""
    return _WITH_STATUS if resource.status else _WITHOUT_STATUS
