"""Reads documents of the definitions namespace. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from rudr_py.api import get_in
from rudr_py.model.document import Json, Parsed
from rudr_py.model.parse import definition
from rudr_py.render.values.inputs import Definitions

PARSERS: Final[Mapping[str, Callable[[Json], Parsed[Any]]]] = {
    "Trait": definition.parse_trait,
    "WorkloadType": definition.parse_workload_type,
    "ApplicationScope": definition.parse_scope,
}
"""The function that reads the documents of a kind."""


def read(documents: Iterable[Json]) -> Definitions:
    """The definitions among the documents. Documents of other kinds, or without a name, are left out."""
    parsed: dict[str, dict[str, Parsed[Any]]] = {kind: {} for kind in PARSERS}
    for document in documents:
        kind, name = get_in(document, "kind", default=""), get_in(document, "metadata", "name", default="")
        if kind in parsed and name:
            parsed[kind][name] = PARSERS[kind](document)
    return Definitions(traits=parsed["Trait"], workloads=parsed["WorkloadType"], scopes=parsed["ApplicationScope"])
