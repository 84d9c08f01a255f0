"""What belongs to what, and that nothing stays of what is gone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rudr_py.api import Kind
from rudr_py.controller.state.cluster_state import Belongings, ClusterState, new_cache
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage.deferred import DeferredObject, Identity
from rudr_py.kube.watch import Applied, Deferred, Deleted
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, CRON_JOB, JOB, POD
from rudr_py.render.values import labels as stamp
from tests.controller import caches
from tests.limits import work

CLAIM = Kind("v1", "PersistentVolumeClaim")
Make = Callable[..., LiveObject]


def filled(*lives: LiveObject) -> Cache:
    return caches.listed(new_cache(Kind(lives[0].api_version, lives[0].kind)), lives)


def test_a_namespace_has_its_own_cache_or_the_one_of_all() -> None:
    known, everywhere, one = ClusterState(), Cache(), Cache()
    known.add(CLAIM, "", everywhere)
    known.add(POD, "shop", one)
    assert known.cache(CLAIM, "shop") is everywhere
    assert known.cache(POD, "shop") is one
    assert known.cache(POD, "other") is None
    assert known.get(POD, "other", "web") is None


def test_a_kind_may_be_watched_for_the_first_time_while_a_caller_iterates_over_owned_objects(live: Make) -> None:
    """The caller awaits a request for each object (seed 1189 of the simulation)."""
    owner = {"kind": "ApplicationConfiguration", "name": "shop", "uid": "u", "controller": True}
    state = ClusterState()
    state.add(CLAIM, "", filled(live(CLAIM, "first", ownerReferences=[owner]), live(CLAIM, "second")))
    namespace = live(CLAIM, "first").namespace
    names = []
    for _, owned in state.owned_by("u", namespace):
        state.add(POD, "", Cache())
        names.append(owned.name)
    assert names == ["first"]


def test_the_objects_of_an_application_include_one_that_arrives_undecoded(live: Make) -> None:
    application = live(APPLICATION, "shop")
    owner = {"kind": APPLICATION.kind, "name": "shop", "uid": application.uid, "controller": True}
    state = ClusterState()
    claims = filled(live(CLAIM, "first", ownerReferences=[owner]))
    state.add(CLAIM, "", claims)
    assert [child.name for _, child in state.children(application)] == ["first"]
    identity = Identity(application.namespace, "second", "uid-second", "8")
    data = live(CLAIM, "second", ownerReferences=[owner], resourceVersion="8").body
    claims.feed(Deferred(DeferredObject(identity, CLAIM.kind, data, live_object.decode)))
    assert [child.name for _, child in state.children(application)] == ["first", "second"]
    claims.feed(Deleted(live(CLAIM, "first", ownerReferences=[owner], resourceVersion="9")))
    assert [child.name for _, child in state.children(application)] == ["second"]


def test_the_applied_kinds_of_a_namespace_are_those_of_the_current_inventories(live: Make) -> None:
    def application(name: str, kind: Kind, version: str) -> LiveObject:
        entry = {"apiVersion": kind.api_version, "kind": kind.kind, "name": name}
        return live(APPLICATION, name, {"status": {"resources": [entry]}}, resourceVersion=version)

    state, cache = ClusterState(), filled(application("shop", POD, "7"), application("blog", POD, "8"))
    state.add(APPLICATION, "", cache)
    namespace = application("shop", POD, "7").namespace
    assert state.applied_kinds("other") == frozenset()
    assert state.applied_kinds(namespace) == {POD}
    for event, kinds in (
        (Applied(application("shop", CLAIM, "10")), {CLAIM, POD}),
        (Deleted(application("shop", CLAIM, "11")), {POD}),
        (Deleted(application("blog", POD, "12")), set()),
    ):
        for change in cache.feed(event):
            state.note(APPLICATION, change)
        assert state.applied_kinds(namespace) == kinds


def test_the_objects_of_an_instance_are_owned_ones_its_pods_and_kept_claims(live: Make) -> None:
    owner = {"kind": "ComponentInstance", "name": "web", "uid": "u", "controller": True}
    labels = stamp.labels("shop", "web")
    identity = {"app": "shop", "instance-name": "web"}
    known = ClusterState()
    known.add(
        CLAIM,
        "",
        filled(
            live(CLAIM, "owned", ownerReferences=[owner]),
            live(CLAIM, "kept", labels=labels),
            live(CLAIM, "of Rudr", labels=identity, ownerReferences=[{**owner, "uid": "x"}]),
            live(CLAIM, "with another label of Rudr", labels={**labels, **identity, "app": "other"}),
            live(CLAIM, "of another application", labels={**stamp.labels("blog", "web"), "app": "blog"}),
            live(CLAIM, "of another instance", labels=stamp.labels("shop", "db")),
        ),
    )
    known.add(POD, "", filled(live(POD, "web-1", labels=labels), live(POD, "db-1")))
    application = live(APPLICATION, "shop")
    parent = {"kind": "ApplicationConfiguration", "name": "shop", "uid": "uid-shop", "controller": True}
    instance = live(COMPONENT_INSTANCE, "web", labels=labels, ownerReferences=[parent], uid="u")
    known.add(COMPONENT_INSTANCE, "", filled(instance))
    seen = Belongings(known, application)

    def names(instance: str, kind: Kind) -> set[str]:
        return {document["metadata"]["name"] for document in seen.documents(instance, kind)}

    assert names("web", CLAIM) == {"owned", "kept", "of Rudr", "with another label of Rudr"}
    assert names("web", POD) == {"web-1"}
    assert names("new", CLAIM) == set()
    assert names("web", Kind("v1", "Unwatched")) == set()


def test_objects_that_another_controller_creates_for_an_object_of_an_instance_belong_to_it(live: Make) -> None:
    def owner(kind: str, uid: str) -> dict[str, object]:
        return {"kind": kind, "name": "web", "uid": uid, "controller": True}

    labels = stamp.labels("shop", "web")
    instance = live(
        COMPONENT_INSTANCE, "web", uid="u", labels=labels, ownerReferences=[owner(APPLICATION.kind, "uid-shop")]
    )
    cron_job = live(CRON_JOB, "web", uid="cron", labels=labels, ownerReferences=[owner(COMPONENT_INSTANCE.kind, "u")])
    of_cron_job, of_another = [owner("CronJob", "cron")], [owner("CronJob", "other")]
    jobs = (
        live(JOB, "run", labels=labels, ownerReferences=of_cron_job),
        live(JOB, "of another CronJob", labels=labels, ownerReferences=of_another),
        live(JOB, "without labels", ownerReferences=of_cron_job),
    )
    state = ClusterState()
    for lives in ((instance,), (cron_job,), jobs):
        state.add(Kind(lives[0].api_version, lives[0].kind), "", filled(*lives))
    documents = Belongings(state, live(APPLICATION, "shop")).documents("web", JOB)
    assert [document["metadata"]["name"] for document in documents] == ["run"]
    assert [live.name for _, live in state.owned_by("u", instance.namespace)] == ["web"]


@pytest.mark.parametrize("number", [20, 200])
def test_the_applied_kinds_after_a_change_take_the_work_for_one_application(live: Make, number: int) -> None:
    def application(name: str, version: int) -> LiveObject:
        entry = {"apiVersion": POD.api_version, "kind": POD.kind, "name": name}
        return live(APPLICATION, name, {"status": {"resources": [entry]}}, resourceVersion=str(version))

    state, cache = ClusterState(), filled(*(application(f"app-{index}", index + 1) for index in range(number)))
    state.add(APPLICATION, "", cache)
    namespace = application("app-0", 1).namespace
    assert state.applied_kinds(namespace) == {POD}
    assert cache.wrote(application("app-7", 1000)) is not None
    assert work.instructions(lambda: state.applied_kinds(namespace)) < 3_000
