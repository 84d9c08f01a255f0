"""Any OAM document -> its value, for callers that do not know the kind in advance.

It only selects the reader of the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from rudr_py.model import suggest
from rudr_py.model.advice import apis
from rudr_py.model.document import Json, Parsed, Positions
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.json_text import excerpt
from rudr_py.model.parse.application import parse_application
from rudr_py.model.parse.component import parse_component
from rudr_py.model.parse.definition import (
    parse_component_instance,
    parse_health_scope,
    parse_scope,
    parse_trait,
    parse_workload_type,
)
from rudr_py.model.parse.fields import ProblemList
from rudr_py.model.parse.json_values import has_invalid_json
from rudr_py.model.shapes import hydra
from rudr_py.settings import DEFAULT_LIMITS, Limits

Reader = Callable[[Json, Positions | None, Limits], Parsed[Any]]

READERS: Final[Mapping[str, Reader]] = {
    "ApplicationConfiguration": parse_application,
    "ComponentSchematic": parse_component,
    "ComponentInstance": parse_component_instance,
    "HealthScope": parse_health_scope,
    "ApplicationScope": parse_scope,
    "Trait": parse_trait,
    "WorkloadType": parse_workload_type,
}
"""The reader of each kind of the group."""


def is_oam(document: Mapping[str, Json]) -> bool:
    """Whether a document is of OAM's group, in any version. `parse` accepts no other document."""
    api_version = document.get("apiVersion")
    return isinstance(api_version, str) and api_version.partition("/")[0] == CORE_GROUP


def concerns_oam(document: Mapping[str, Json]) -> bool:
    """Whether a document is of OAM's group, of Hydra's, or of a kind of OAM in a misspelled group."""
    if not isinstance(document.get("apiVersion"), str):
        return False
    return hydra.is_hydra(document) or apis.judge(document).judgement != "other"


def parse(document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS) -> Parsed[Any]:
    """Read a document of any kind of the group. Raises nothing, whatever JSON value `document` is.

    The class of `value` depends on the kind: `match parsed.value: case Application(): …`.
    """
    kind = document.get("kind") if isinstance(document, dict) else None
    problems = ProblemList(positions, limits)
    is_hydra = isinstance(document, dict) and hydra.is_hydra(document)
    advice = apis.judge(document) if isinstance(document, dict) else apis.OAM
    if not is_hydra and not advice.message and isinstance(kind, str) and kind in READERS:
        return READERS[kind](document, positions, limits)
    if has_invalid_json(document, problems):
        return problems.parsed(None)
    if is_hydra:
        problems.error("$.apiVersion", hydra.advice(document), "MD-9")
        return problems.parsed(None)
    if advice.message:
        problems.error(advice.path, advice.message, "MD-1" if advice.path == "$" else "MD-9")
        return problems.parsed(None)
    if isinstance(kind, str):
        hint = hydra.kind_advice(kind) or apis.wrong_kind(kind) or suggest.nearest(kind, READERS)
        problems.error("$.kind", f"{CORE_GROUP} has no kind {excerpt(kind)}.{hint}", "MD-1")
    else:
        problems.error("$", f'"kind" is missing; it must be one of {", ".join(READERS)}', "MD-1")
    return problems.parsed(None)
