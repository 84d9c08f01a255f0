"""Renders the applications of benchmarks, all of which use one component."""

from __future__ import annotations

from datetime import UTC, datetime

from bench import environment
from bench.environment import Document
from rudr_py.catalog import Catalog
from rudr_py.model.parse.application import parse_application
from rudr_py.model.parse.component import parse_component
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import PlannedObject


def planned(document: Document, catalog: Catalog) -> tuple[PlannedObject, ...]:
    """The objects of an application."""
    parsed = parse_application(document)
    assert parsed.value is not None
    inputs = Inputs(
        application=parsed.value,
        parsed=parsed,
        components={"web": parse_component(environment.component())},
        now=datetime.now(UTC),
    )
    return render.render(inputs, catalog).manifests
