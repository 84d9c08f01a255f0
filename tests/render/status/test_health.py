"""Asking types how their objects are doing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rudr_py.api import Health, InvalidProperties, Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.model.kinds import DEPLOYMENT
from rudr_py.render.status import health
from rudr_py.render.values.inputs import NOTHING, NothingObserved, Observed
from rudr_py.render.values.plan import Plan

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CONFIG = Kind("v1", "ConfigMap")


class Told(Trait[Any]):
    """Says what the test says."""

    name = "told"
    produces = (CONFIG,)

    def __init__(self, answer: Callable[[TraitContext[Any]], Any]) -> None:
        self.answer = answer

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=CONFIG, name="own", body={"data": {"a": "1"}}),))

    def health(self, ctx: TraitContext[Any]) -> Health:
        result: Health = self.answer(ctx)
        return result


@pytest.fixture(name="told")
def _told(
    plan: Callable[..., Plan],
    application: Callable[..., str],
    web: Callable[..., dict[str, Any]],
    with_types: Callable[..., Catalog],
) -> Callable[..., Plan]:
    """The plan of `front` with a trait that answers like this."""

    def told(answer: Callable[[TraitContext[Any]], Any]) -> Plan:
        return plan(application(web({"name": "told"})), types=with_types(Told(answer)))

    return told


def _ask(plan: Plan, observed: Observed = NOTHING, now: datetime = NOW) -> Health:
    (healths,) = health.assess(plan, observed, now).instances
    return healths.traits[0].health


def test_health_gets_own_objects_observed_objects_and_the_time(told: Callable[..., Plan]) -> None:
    class Seen(NothingObserved):
        """Answers with who was asked for."""

        def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
            return ({"metadata": {"name": instance}, "kind": kind.kind},)

    def look(ctx: TraitContext[Any]) -> Health:
        (document,) = ctx.observed(CONFIG)
        refs = ",".join(str(manifest.ref) for manifest in ctx.manifests)
        return Health("ready", "Seen", f"{refs} {document['metadata']['name']} {document['kind']} {ctx.now.hour}")

    result = _ask(told(look), Seen(), NOW + timedelta(hours=2))
    assert result.message == "configmap/own front ConfigMap 14"


def _refuse(ctx: TraitContext[Any]) -> Health:
    raise InvalidProperties("cannot tell")


def _fail(ctx: TraitContext[Any]) -> Health:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("answer", "reason", "message"),
    [
        (_refuse, "Refused", "cannot tell"),
        (_fail, "PluginFailed", "told of acme 1.0 raised ZeroDivisionError"),
        (lambda _: "fine", "PluginFailed", "told of acme 1.0 returned str"),
        (lambda _: Health("splendid", "Fine"), "PluginFailed", "told of acme 1.0 returned a Health that is not valid"),  # type: ignore[arg-type] # the mistake under test
    ],
)
def test_a_type_that_fails_is_unknown_and_other_types_are_assessed(
    answer: Callable[[TraitContext[Any]], Any], reason: str, message: str, told: Callable[..., Plan]
) -> None:
    plan = told(answer)
    result = _ask(plan)
    assert (result.state, result.reason) == ("unknown", reason)
    assert message in result.message
    (instance,) = health.assess(plan, NOTHING, NOW).instances
    assert (instance.workload.state, instance.workload.reason) == ("progressing", "Missing")


def test_a_type_that_changes_its_objects_changes_no_object_of_the_plan(told: Callable[..., Plan]) -> None:
    def meddle(ctx: TraitContext[Any]) -> Health:
        ctx.manifests[0].body["data"]["a"] = "2"
        return Health("ready", "Fine")

    plan = told(meddle)
    _ask(plan)
    assert plan.manifests[-1].body["data"] == {"a": "1"}


def test_a_plugin_that_changes_observed_objects_changes_those_of_no_other_reader(told: Callable[..., Plan]) -> None:
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}

    class Stored(NothingObserved):
        def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
            metadata = {"name": instance, "generation": 1}
            live = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "status": {**status}}
            return (live,) if kind == DEPLOYMENT else ()

    def clear(ctx: TraitContext[Any]) -> Health:
        ctx.observed(DEPLOYMENT)[0]["status"].clear()
        return Health("ready", "Fine")

    (texts,) = health.assess(told(clear), Stored(), NOW).components.values()
    assert texts["deployment/front"] == "running"
