"""The decision about one object, as tables: desired and live state in, one decision out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import decide, desired
from rudr_py.controller.apply.decide import (
    Adopt,
    Apply,
    Create,
    Decision,
    History,
    Observation,
    Read,
    Refuse,
    Replace,
    Rest,
    Settle,
    Touch,
    Trim,
    Wait,
)
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.state import inventory
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube import live_object
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.kube.requests import Resource
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION
from rudr_py.render.status import runs
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Run
from rudr_py.render.values.plan import PlannedObject

Document = dict[str, Any]
MakeLive = Callable[..., LiveObject]

DEPLOYMENT, JOB = Kind("apps/v1", "Deployment"), Kind("batch/v1", "Job")
ENTRY = {"manager": "rudr", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {"f:spec": {}}}
HELD = {"manager": "rudr-handover", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": {}}
REPLICAS = ("spec", "replicas")


@pytest.fixture
def owner(live: MakeLive) -> LiveObject:
    return live(COMPONENT_INSTANCE, "web")


@pytest.fixture
def wanted(owner: LiveObject) -> DesiredObject:
    return desired.complete(planned(), owner)


def planned(kind: Kind = DEPLOYMENT, inputs: str = "", **fields: Any) -> PlannedObject:
    metadata = {"name": "web", "namespace": "shop", "labels": labels.labels("shop", "web")}
    spec = {"parallelism": 1} if kind == JOB else {"paused": False}
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
    return PlannedObject(
        ref=Ref(kind, "web"), body=body, instance="web", made_by="test", inputs_digest=inputs, **fields
    )


def document(desired: DesiredObject, *, entries: list[Document] | None = None, **metadata: Any) -> Document:
    """The desired object as a server has it after the apply, with changed metadata."""
    own = {**desired.document["metadata"], "uid": "uid-web", "resourceVersion": "7", **metadata}
    present = {key: value for key, value in own.items() if value is not None}
    return {**desired.document, "metadata": {**present, "managedFields": [ENTRY] if entries is None else entries}}


def cached(document: Document) -> Observation:
    return Observation(live=live_object.decode(msgspec.json.encode(document)))


def applied(document: Document) -> History:
    """The record of the apply that created this document."""
    live = live_object.decode(msgspec.json.encode(document))
    return History(AppliedRecord(Ref(DEPLOYMENT, "web"), live.uid, inventory.digest(live)))


def annotated(desired: DesiredObject, applied_hash: str) -> Document:
    return {**desired.document["metadata"]["annotations"], APPLIED_ANNOTATION: applied_hash}


def test_an_absent_object_is_created(wanted: DesiredObject) -> None:
    for observation in (Observation(live=None), Observation.read(None, ())):
        assert decide.decide(wanted, observation, History()) == Create()


def test_an_object_with_the_recorded_uid_and_digest_is_in_sync(wanted: DesiredObject) -> None:
    live = document(wanted)
    assert decide.decide(wanted, cached(live), applied(live)) == Rest()
    assert decide.decide(wanted, Observation.read(live, ()), applied(live)) == Rest()


def test_config_files_that_another_client_has_restored_are_removed_from_an_object_in_sync(
    wanted: DesiredObject,
) -> None:
    live = document(wanted)
    volume = {"name": f"{wanted.planned.instance}-main-0", "configMap": {"name": f"{wanted.planned.instance}-main-0-1"}}
    restored = {**live, "spec": {**live["spec"], "template": {"spec": {"volumes": [volume]}}}}
    decision = decide.decide(wanted, cached(restored), applied(restored))
    assert isinstance(decision, Trim)
    assert decision.operations[-1] == {"op": "remove", "path": "/spec/template/spec/volumes/0"}


@pytest.mark.parametrize(
    "record", [None, AppliedRecord(Ref(DEPLOYMENT, "web")), AppliedRecord(Ref(DEPLOYMENT, "web"), "uid-web")]
)
def test_an_object_without_a_record_is_applied_once_and_is_no_drift(
    wanted: DesiredObject, record: AppliedRecord | None
) -> None:
    assert decide.decide(wanted, cached(document(wanted)), History(record)) == Apply(uid="uid-web")


def test_a_changed_field_is_drift(wanted: DesiredObject) -> None:
    history = applied(document(wanted))
    taken = document(wanted, entries=[{**ENTRY, "fieldsV1": {"f:metadata": {}}}])
    assert decide.decide(wanted, cached(taken), history) == Apply(uid="uid-web", drifted=True)


def test_another_desired_body_is_applied_and_is_no_drift(wanted: DesiredObject) -> None:
    old = document(wanted, annotations=annotated(wanted, "before"))
    assert decide.decide(wanted, cached(old), applied(old)) == Apply(uid="uid-web")


def test_a_field_is_handed_over_with_a_change_and_taken_back_with_the_next(owner: LiveObject) -> None:
    giving = desired.complete(planned(handover=(REPLICAS,)), owner)
    old = document(giving, annotations=annotated(giving, "before"))
    assert decide.decide(giving, cached(old), applied(old)) == Apply(uid="uid-web", release=True)
    taking = desired.complete(planned(), owner)
    held = document(taking, annotations=annotated(taking, "before"), entries=[ENTRY, HELD])
    assert decide.decide(taking, cached(held), applied(held)) == Apply(uid="uid-web", settle=True)
    current = document(taking, entries=[ENTRY, HELD])
    assert decide.decide(taking, cached(current), applied(current)) == Settle("uid-web")
    assert decide.decide(giving, cached(document(giving, entries=[ENTRY, HELD])), applied(document(giving))) == Rest()


def test_an_object_of_a_former_owner_passes_to_the_current_one_in_place(owner: LiveObject, live: MakeLive) -> None:
    former = live(COMPONENT_INSTANCE, "former", uid="uid-former")
    before = document(desired.complete(planned(), former))
    moved = desired.complete(planned(), owner, frozenset({"uid-former"}))
    assert decide.decide(moved, cached(before), applied(before)) == Apply(uid="uid-web")
    assert decide.decide(moved, Observation.read(before, ()), History()) == Apply(uid="uid-web", document=before)
    stranger = desired.complete(planned(), owner)
    assert isinstance(decide.decide(stranger, Observation.read(before, ()), applied(before)), Refuse)


def test_a_run_of_a_former_owner_is_touched_after_its_owner_reference_has_been_removed(
    owner: LiveObject, live: MakeLive
) -> None:
    former = live(COMPONENT_INSTANCE, "former", uid="uid-former")
    running = document(desired.complete(planned(JOB, "inputs"), former))
    moved = desired.complete(planned(JOB, "inputs"), owner, frozenset({"uid-former"}))
    assert decide.decide(moved, cached(running), History()) == Read()
    adopted = Adopt(uid="uid-web", document=running, verdict="managed", touch=True)
    assert decide.decide(moved, Observation.read(running, ()), History()) == adopted


@pytest.mark.parametrize("lost", ["annotation", "entry"])
def test_an_object_that_lost_its_record_is_read_and_adopted(wanted: DesiredObject, lost: str) -> None:
    """A copy that another client restored has the annotation, and no entry of rudr."""
    if lost == "annotation":
        live = document(wanted, annotations=None)
    else:
        live = document(wanted, entries=[{**ENTRY, "manager": "velero"}])
    assert decide.decide(wanted, cached(live), History()) == Read()
    assert decide.decide(wanted, Observation.read(live, ()), History()) == Adopt(
        uid="uid-web", document=live, verdict="managed", mark=lost == "annotation"
    )


def test_an_orphan_is_read_and_adopted(wanted: DesiredObject) -> None:
    orphan = document(wanted, ownerReferences=None)
    assert decide.decide(wanted, cached(orphan), applied(document(wanted))) == Read()
    adopted = Adopt(uid="uid-web", document=orphan, verdict="orphan")
    assert decide.decide(wanted, Observation.read(orphan, ()), History()) == adopted


def test_an_object_of_an_owner_that_does_not_exist_yet_is_an_orphan(wanted: DesiredObject, live: MakeLive) -> None:
    future = desired.complete(planned(), live(COMPONENT_INSTANCE, "web", uid=""))
    assert "ownerReferences" not in future.document["metadata"]
    present = document(wanted)
    adopted = Adopt(uid="uid-web", document=present, verdict="orphan")
    assert decide.decide(future, Observation.read(present, ()), History()) == adopted


def test_an_object_of_another_owner_is_refused_and_its_owner_is_named(wanted: DesiredObject) -> None:
    foreign = document(wanted, ownerReferences=None, labels=labels.labels("notes", "web"))
    refusal = decide.decide(wanted, Observation.read(foreign, ()), History())
    assert isinstance(refusal, Refuse)
    assert refusal.reason == "Conflict"
    assert refusal.message == (
        'deployment.apps/web already exists and belongs to application "notes" (label app.kubernetes.io/name)'
    )


def test_an_object_under_deletion_is_awaited(wanted: DesiredObject) -> None:
    terminating = document(wanted, deletionTimestamp="2026-01-01T00:00:00Z")
    for observation in (cached(terminating), Observation.read(terminating, ())):
        assert isinstance(decide.decide(wanted, observation, applied(terminating)), Wait)


@pytest.mark.parametrize(
    ("recorded", "decision"), [("uid-web", Apply(uid="uid-web")), ("another", Read()), ("", Read())]
)
def test_an_object_without_owner_is_recognized_by_its_recorded_uid(recorded: str, decision: Decision) -> None:
    kept = desired.complete(planned(owner="none", retain=True), None)
    history = History(AppliedRecord(Ref(DEPLOYMENT, "web"), recorded))
    assert decide.decide(kept, cached(document(kept)), history) == decision


def test_an_object_belongs_into_the_namespace_of_its_application(wanted: DesiredObject) -> None:
    deployments = Resource("apps", "v1", "Deployment", "deployments", namespaced=True)
    assert decide.placement(wanted, deployments, "shop") is None
    other = decide.placement(wanted, deployments, "other")
    cluster_scoped = decide.placement(wanted, msgspec.structs.replace(deployments, namespaced=False), "shop")
    assert other is not None
    assert other.message.startswith("deployment.apps/web is in the namespace shop; ")
    assert cluster_scoped is not None
    assert cluster_scoped.message.startswith("deployment.apps/web is in no namespace; ")


@pytest.mark.parametrize(
    ("recorded", "hash_of_live", "expected"),
    [("", None, False), ("uid", None, True), ("uid", "", True), ("uid", "before", False), ("", "", False)],
)
def test_a_write_of_the_recorded_body_counts_as_a_revert(
    wanted: DesiredObject, recorded: str, hash_of_live: str | None, expected: bool
) -> None:
    annotations = {} if hash_of_live is None else annotated(wanted, hash_of_live)
    live = None if hash_of_live is None else cached(document(wanted, annotations=annotations)).live
    assert decide.reverts(wanted, live, AppliedRecord(wanted.ref, recorded)) is expected


# objects that run to completion


def job(owner: LiveObject, inputs: str = "new") -> DesiredObject:
    return desired.complete(planned(JOB, inputs), owner)


def run(inputs: str, state: str) -> Run:
    return Run("web", inputs, state)


@pytest.mark.parametrize("terminating", [False, True])
@pytest.mark.parametrize(
    ("last", "finished"),
    [
        (None, False),
        (run("new", runs.COMPLETE), True),
        (run("new", runs.FAILED), True),
        (run("new", runs.RUNNING), False),
        (run("old", runs.COMPLETE), False),
        (run("old", runs.FAILED), False),
    ],
)
def test_a_deleted_job_runs_again_unless_it_has_ended_with_these_inputs(
    owner: LiveObject, last: Run | None, finished: bool, terminating: bool
) -> None:
    observation = Observation(live=None)
    if terminating:
        observation = cached(document(job(owner), deletionTimestamp="2026-01-01T00:00:00Z"))
    decision = decide.decide(job(owner), observation, History(run=last))
    assert isinstance(decision, Rest if finished else Wait if terminating else Create)


@pytest.mark.parametrize(
    ("recorded", "last", "decision"),
    [
        ("new", None, Rest),
        ("new", run("old", runs.COMPLETE), Rest),
        ("old", None, Replace),
        ("old", run("new", runs.COMPLETE), Replace),
        ("", None, Touch),
        ("", run("new", runs.RUNNING), Touch),
        ("", run("old", runs.RUNNING), Replace),
    ],
)
def test_a_job_is_replaced_only_if_it_runs_with_other_inputs(
    owner: LiveObject, recorded: str, last: Run | None, decision: type[Decision]
) -> None:
    annotations = annotated(job(owner), "another rendering")
    annotations.pop(INPUTS_ANNOTATION)
    annotations |= {INPUTS_ANNOTATION: recorded} if recorded else {}
    live = document(job(owner), annotations=annotations)
    assert isinstance(decide.decide(job(owner), cached(live), History(run=last)), decision)


def test_a_job_is_touched_if_its_size_or_the_label_by_which_it_is_watched_has_changed(owner: LiveObject) -> None:
    resized = {**document(job(owner)), "spec": {"parallelism": 3}}
    unlabelled = document(job(owner), labels={})
    for live in (resized, unlabelled):
        assert decide.decide(job(owner), cached(live), History()) == Touch("uid-web")
    unsized = msgspec.structs.replace(planned(JOB, "new"), body={**planned(JOB).body, "spec": {}})
    assert decide.decide(desired.complete(unsized, owner), cached(resized), History()) == Rest()


def test_an_orphaned_job_is_adopted_without_its_template(owner: LiveObject) -> None:
    orphan = document(job(owner), ownerReferences=None)
    decision = decide.decide(job(owner), Observation.read(orphan, ()), History())
    assert decision == Adopt(uid="uid-web", document=orphan, verdict="orphan", touch=True)


def test_the_next_run_waits_for_the_pods_of_the_last_one(owner: LiveObject) -> None:
    """The cache does not have every object; the next run must not wait for its own pods."""
    assert decide.decide(job(owner), Observation(live=None, pods=("web-x",)), History()) == Read()
    decision = decide.decide(job(owner), Observation.read(None, ("web-x",)), History())
    assert isinstance(decision, Wait)
    assert (decision.reason, decision.message) == (
        "Replacing",
        "job.batch/web waits for the pods of its last run to end: web-x",
    )
