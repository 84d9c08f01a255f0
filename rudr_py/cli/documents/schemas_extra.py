"""The rules of the API server if the schemas of Kubernetes are installed: they are in the extra `local`."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from rudr_py.errors import Problem
from rudr_py.model.identity import CORE_GROUP

if TYPE_CHECKING:
    from rudr_py.cli.documents.server_rules import ServerRules

_MODULES: Final = ("kubernetes_validate", "jsonpatch")
"""Modules of the extra that the rules import."""

MISSING: Final = Problem(
    "the schemas of Kubernetes are not installed, so objects are checked only by rules for names and sizes: "
    "pip install 'rudr-py[local]'"
)
"""The warning if there are no rules."""


def load(crds: Iterable[Mapping[str, Any]] = ()) -> ServerRules | None:
    """The rules of the API server, also for the kinds of CRDs of a cluster; None if the schemas are not installed."""
    if any(importlib.util.find_spec(module) is None for module in _MODULES):
        return None
    server_rules: ServerRules = importlib.import_module("rudr_py.cli.documents.server_rules").ServerRules()
    for document in crds:
        if not is_own(document):
            server_rules.add_crd(document)
    return server_rules


def is_own(crd: Mapping[str, Any]) -> bool:
    """Whether a CustomResourceDefinition is one of rudr_py, whose current version is used."""
    spec = crd.get("spec")
    return isinstance(spec, dict) and spec.get("group") == CORE_GROUP
