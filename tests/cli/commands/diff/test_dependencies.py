"""Remarks of `rudr diff` about changes that wait for other instances."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Dependency, Rendered, Trait, TraitContext
from rudr_py.cli.commands.diff import remarks
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.testing import rendering
from rudr_py.testing.rendering import RenderSetup


class After(Trait[dict[str, Any]]):
    """Depends on two instances."""

    name = "after"

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """The dependencies."""
        return Rendered(depends_on=(Dependency(instance="db"), Dependency(instance="queue"), Dependency(instance="db")))


def test_a_change_of_a_workload_names_the_instances_that_precede_it() -> None:
    setup = RenderSetup(type_=After(), siblings=("db", "queue"))
    plan = rendering.plan(setup, rendering.catalog((After(),)))
    notes = {
        (planned.ref.kind.kind, planned.instance): tuple(
            remarks.delays(DocumentDiff(ref=planned.ref, namespace="default", live=None, merged=planned.body), plan)
        )
        for planned in plan.manifests
    }
    assert notes["Deployment", "app-web"] == ("applied after db is ready and queue is ready",)
    assert notes["Deployment", "db"] == ()
    assert notes["ComponentInstance", "app-web"] == ()
    ref = plan.instances[0].workload.refs[0]
    deleted = DocumentDiff(ref=ref, namespace="default", live={"kind": "Deployment"}, merged=None)
    assert list(remarks.delays(deleted, plan)) == []
