"""Whether a stored application violates the schema of its kind. Pure.

A document that was stored before the schema keeps its violations. The API server may then refuse its status, so that no
condition can report them.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from rudr_py.errors import RudrError
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import values
from rudr_py.model.crd_schemas import crds
from rudr_py.model.kinds import APPLICATION


def violations(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The violations of an application outside of its status, in the words of the API server.

    Rules of the schema (`x-kubernetes-validations`) are included if the extra `local` is installed.
    """
    own = {name: value for name, value in document.items() if name != "status"}
    try:
        causes = values.validate(own, _application())
        # imported here, because the evaluator takes long to import
        cel_rules = importlib.import_module("rudr_py.local.schema.validation.cel_rules")
        causes = [*causes, *cel_rules.causes(own, None, _application(), causes)]
    except (RudrError, RecursionError) as error:
        return (str(error) or type(error).__name__,)
    return tuple(f"{cause.field}: {cause.message}" for cause in causes)


@functools.cache
def _application() -> SchemaNode:
    definition = next(crd for crd in crds.documents() if crd["spec"]["names"]["kind"] == APPLICATION.kind)
    return structural.structural_node(definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"], SchemaNode())
