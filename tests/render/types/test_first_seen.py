"""`first_seen`: the time at which a value entered a document, kept in the status while the type requests it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from rudr_py.api import Context, Kind, Manifest, Rendered, Scope, ScopeContext, Trait, WorkloadContext, WorkloadType
from rudr_py.catalog import Catalog
from rudr_py.render import render
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import NOTHING, Inputs
from rudr_py.render.values.plan import Plan
from tests.render.conftest import NOW, read

CONFIG_MAP = Kind("v1", "ConfigMap")
LATER, MUCH_LATER = NOW + timedelta(hours=1), NOW + timedelta(days=30)
APPLIED = SyncState(state="True", reason="Applied")

Document = dict[str, Any]


def _moments(ctx: Context[Any], names: Iterable[str]) -> Rendered:
    data = {name: ctx.first_seen("milestone", name).isoformat() for name in names}
    return Rendered(add=(Manifest(kind=CONFIG_MAP, name=ctx.name("moments"), body={"data": data}),))


class Milestones(Trait[Any]):
    """Writes down since when its properties name each milestone."""

    name = "milestones"
    produces = (CONFIG_MAP,)

    def render(self, ctx: Context[Any]) -> Rendered:
        return _moments(ctx, ctx.properties.get("names", ()))


class Calendar(WorkloadType[Any]):
    """The same as a workload type."""

    name = "acme.dev/v1.Calendar"
    produces = (CONFIG_MAP,)

    def render(self, ctx: WorkloadContext[Any]) -> Rendered:
        return _moments(ctx, ctx.properties.get("names", ()))


class Season(Scope[Any]):
    """The same as a scope."""

    name = "acme.dev/v1.Season"
    produces = (CONFIG_MAP,)
    allow_overlap = True

    def render(self, ctx: ScopeContext[Any]) -> Rendered:
        return _moments(ctx, ctx.properties.get("names", ()))


class Cluster:
    """An application that is reconciled again and again; `status` is its stored status."""

    def __init__(self, types: Catalog) -> None:
        self.types = types
        self.status: Document | None = None

    def reconcile(self, text: str, now: datetime, edited: Mapping[str, datetime] = {}) -> dict[str, datetime]:
        """The times that the type rendered; empty for an invalid application."""
        previous = status.read_previous(self.status)
        times = {"attached": previous.attached, "first_seen": previous.first_seen, "edited": edited}
        inputs: Inputs = read(text, now=now, **times)
        plan: Plan = render.render(inputs, self.types)
        built = status.status(plan, inputs, NOTHING, APPLIED, previous)
        self.status = msgspec.json.decode(msgspec.json.encode(built))
        data: Document = next((one.body["data"] for one in plan.manifests if one.ref.kind == CONFIG_MAP), {})
        return {name: datetime.fromisoformat(moment) for name, moment in data.items()}


@pytest.fixture(name="cluster")
def _cluster(with_types: Callable[..., Catalog]) -> Cluster:
    return Cluster(with_types(Milestones(), Calendar(), Season()))


@pytest.fixture(name="shop")
def _shop(application: Callable[..., str], web: Callable[..., Document]) -> Callable[..., str]:
    """An application with milestones in a trait."""
    return lambda *names: application(web({"name": "milestones", "properties": {"names": list(names)}}))


@pytest.fixture(name="calendar")
def _calendar(application: Callable[..., str]) -> Callable[..., str]:
    """An application with milestones in a component."""

    def calendar(*names: str) -> str:
        settings = [{"name": "names", "value": list(names)}]
        component = {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ComponentSchematic",
            "metadata": {"name": "calendar"},
            "spec": {"workloadType": Calendar.name, "workloadSettings": settings},
        }
        text = application({"componentName": "calendar", "instanceName": "front"})
        return f"{text}\n---\n{msgspec.json.encode(component).decode()}\n"

    return calendar


@pytest.fixture(name="season")
def _season(application: Callable[..., str]) -> Callable[..., str]:
    """An application with milestones in a scope."""

    def season(*names: str) -> str:
        properties = [{"name": "names", "value": list(names)}]
        return application(scopes=[{"name": "summer", "type": Season.name, "properties": properties}])

    return season


@pytest.fixture(name="document", params=["shop", "calendar", "season"])
def _document(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_a_value_keeps_the_time_at_which_it_was_first_rendered(cluster: Cluster, document: Callable[..., str]) -> None:
    assert cluster.reconcile(document("beta"), NOW) == {"beta": NOW}
    assert cluster.reconcile(document("beta", "launch"), LATER) == {"beta": NOW, "launch": LATER}
    before = cluster.status
    assert cluster.reconcile(document("launch", "beta"), MUCH_LATER) == {"beta": NOW, "launch": LATER}
    assert cluster.status == before


def test_the_first_value_of_an_existing_type_is_new(cluster: Cluster, document: Callable[..., str]) -> None:
    cluster.reconcile(document(), NOW)
    assert cluster.reconcile(document("launch"), LATER) == {"launch": LATER}


def test_a_new_value_has_the_time_of_the_last_edit_of_the_application(
    cluster: Cluster, document: Callable[..., str]
) -> None:
    """The controller may have started long after the edit."""
    assert cluster.reconcile(document("beta"), LATER, {"": NOW}) == {"beta": NOW}
    assert cluster.reconcile(document("beta", "launch"), MUCH_LATER, {"": LATER}) == {"beta": NOW, "launch": LATER}


def test_a_new_value_is_not_older_than_the_last_edit_of_the_component(
    cluster: Cluster, calendar: Callable[..., str]
) -> None:
    edited = {"": NOW, "calendar": LATER, "other": MUCH_LATER}
    assert cluster.reconcile(calendar("beta"), MUCH_LATER, edited) == {"beta": LATER}


def test_no_value_has_a_time_in_the_future(cluster: Cluster, shop: Callable[..., str]) -> None:
    """The clock of the API server may be ahead of that of the controller."""
    assert cluster.reconcile(shop("beta"), NOW, {"": LATER}) == {"beta": NOW}


def test_a_value_that_returns_is_new(cluster: Cluster, document: Callable[..., str]) -> None:
    for names, now in ((("beta",), NOW), ((), LATER)):
        cluster.reconcile(document(*names), now)
    assert cluster.reconcile(document("beta"), MUCH_LATER) == {"beta": MUCH_LATER}


def test_times_survive_an_invalid_document_and_a_reduced_status(
    cluster: Cluster, document: Callable[..., str], application: Callable[..., str]
) -> None:
    cluster.reconcile(document("beta"), NOW)
    first = cluster.status
    assert first is not None
    cluster.reconcile(application({"componentName": "none", "instanceName": "front"}), LATER)
    assert cluster.reconcile(document("beta", "launch"), LATER) == {"beta": NOW, "launch": LATER}
    assert cluster.status is not None
    large = {**cluster.status, "warnings": ["x" * status.SIZE_LIMIT]}
    cluster.status = status.bounded(large, status.read_previous(first))
    assert cluster.reconcile(document("beta", "launch"), MUCH_LATER) == {"beta": NOW, "launch": LATER}


def test_a_trait_without_stored_times_counts_from_its_attachment(cluster: Cluster, shop: Callable[..., str]) -> None:
    """A release that requested no times has written the status."""
    cluster.reconcile(shop("beta"), NOW)
    assert cluster.status is not None
    del cluster.status["instances"][0]["traits"][0]["firstSeen"]
    assert cluster.reconcile(shop("beta"), MUCH_LATER) == {"beta": NOW}


def test_without_a_status_every_value_is_new(cluster: Cluster, document: Callable[..., str]) -> None:
    cluster.reconcile(document("beta"), NOW)
    cluster.status = None
    assert cluster.reconcile(document("beta"), LATER) == {"beta": LATER}


def test_traits_of_the_standard_types_that_request_no_time_have_no_entry(
    cluster: Cluster, application: Callable[..., str], web: Callable[..., Document]
) -> None:
    cluster.reconcile(application(web({"name": "manual-scaler", "properties": {"replicaCount": 2}})), NOW)
    assert cluster.status is not None
    assert "firstSeen" not in msgspec.json.encode(cluster.status).decode()


@pytest.mark.parametrize("stored", [None, [], "x", {"a": None, "b": "yesterday", "c": 1}])
def test_invalid_stored_times_are_ignored(cluster: Cluster, shop: Callable[..., str], stored: Any) -> None:
    cluster.reconcile(shop("beta"), NOW)
    assert cluster.status is not None
    cluster.status["instances"][0]["traits"][0]["firstSeen"] = stored
    expected = LATER if isinstance(stored, dict) else NOW
    assert cluster.reconcile(shop("beta"), LATER) == {"beta": expected}
