"""Every document that the CRD schemas accept renders to valid objects or is refused, without exceptions."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rudr_py.model.document import Document, Positions
from rudr_py.render.values.plan import Plan
from tests.conformance import kubernetes_schemas, oam, strategies

Documents = list[dict[str, Any]]

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck))


def render(documents: Documents) -> Plan:
    read = [
        Document(value=value, positions=Positions(file="app.yaml"), name="app.yaml", index=index)
        for index, value in enumerate(copy.deepcopy(documents))
    ]
    return oam.render(read, "shop")


def rendered_bytes(plan: Plan) -> bytes:
    bodies = [(str(planned.ref), planned.body, planned.inputs_digest) for planned in plan.manifests]
    return msgspec.json.encode([bodies, plan.problems, plan.warnings, plan.reason])


def check(documents: Documents) -> None:
    """Check one application with its components."""
    for document in documents:
        assert not list(kubernetes_schemas.own(document["kind"]).iter_errors({**document, "metadata": {}})), (
            "the strategy violates the schema"
        )
    plan = render(documents)
    assert rendered_bytes(plan) == rendered_bytes(render(documents))
    assert not (plan.problems and plan.manifests)
    refusals = [
        f"{version}: {refusal}"
        for planned in plan.manifests
        for version in kubernetes_schemas.VERSIONS
        for refusal in kubernetes_schemas.refusals(planned.body, version)
    ]
    assert refusals == []


@given(strategies.documents())
@QUICK
def test_a_document_accepted_by_the_schemas_renders_or_is_refused_and_never_raises(documents: Documents) -> None:
    check(documents)


@pytest.mark.slow
@given(strategies.documents())
@LONG
def test_many_documents_accepted_by_the_schemas_render_or_are_refused_and_never_raise(documents: Documents) -> None:
    check(documents)


@given(st.data())
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
def test_some_generated_documents_render(data: st.DataObject) -> None:
    """Otherwise the test above would be vacuous."""
    assert any(render(data.draw(strategies.documents())).manifests for _ in range(20))
