"""Targets that read what an API server sends: watches, lists, live objects and stored statuses."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from rudr_py.api import kstatus, pods
from rudr_py.controller.apply import decide, desired, managed_fields, ownership, rudr_adoption
from rudr_py.controller.apply.decide import History, Observation
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.state import inventory, scaler_index
from rudr_py.errors import UndecodableError
from rudr_py.kube import error_status, list_page, live_object, watch_stream
from rudr_py.kube.watch_stream import Splitter
from rudr_py.render.status import status as statuses
from tests.fuzz import corpus
from tests.fuzz.mutation import Mutator

_OWNER = live_object.decode(
    b'{"apiVersion":"core.oam.dev/v1alpha1","kind":"ApplicationConfiguration",'
    b'"metadata":{"name":"web","namespace":"default","uid":"o"}}'
)


def watches(mutator: Mutator) -> None:
    """A damaged watch or list is decoded, or the one object is reported."""
    line = corpus.encoded({"type": "ADDED", "object": mutator.document(mutator.rng.choice(_lives()))})
    for part in Splitter().feed(mutator.data(line) + b"\n"):
        try:
            event = watch_stream.parse(part)
            _read(event.object)
        except UndecodableError:
            continue
    page = corpus.encoded({"metadata": {"resourceVersion": "7", "continue": "a"}, "items": [mutator.value(), {}]})
    try:
        for item in list_page.parse(mutator.data(page)).items:
            _read(item)
    except UndecodableError:
        pass


def objects(mutator: Mutator) -> None:
    """The decision about a damaged live object, and the assessment of it, raise nothing."""
    wanted = mutator.rng.choice(_desired())
    original = {
        **wanted.document,
        "metadata": {**wanted.document["metadata"], **corpus.METADATA},
        "status": corpus.STATUS,
    }
    live = {
        **original,
        "metadata": mutator.document(original["metadata"], 2),
        "status": mutator.document(corpus.STATUS),
    }
    if mutator.rng.random() < 0.3:
        live = mutator.document(live, 1)
    _decide(wanted, live)


def live_object_of(changes: dict[str, Any]) -> None:
    """The decisions about live objects with these fields, for each desired object."""
    for wanted in _desired():
        _decide(wanted, {**wanted.document, "status": corpus.STATUS, **changes})


def _decide(wanted: DesiredObject, live: Any) -> None:
    try:
        document = live_object.document(corpus.encoded(live))
        observation = Observation.read(document, ())
    except UndecodableError:
        return
    decide.decide(wanted, observation, History())
    managed_fields.drift(document, wanted.document)
    ownership.judge(document, wanted.planned, _OWNER)
    ownership.obstacle(document)
    ownership.describe(document, wanted.planned)
    if rudr_adoption.tracked(document):
        rudr_adoption.patch(document, wanted.planned, _OWNER)
    kstatus.assess(document)
    if observation.live is not None:
        _assess(observation.live)


def _assess(live: Any) -> None:
    inventory.digest(live)
    scaler_index.target_of(live)
    msgspec.json.encode(msgspec.to_builtins(kstatus.assess(live.document())))


def stored_statuses(mutator: Mutator) -> None:
    """A damaged status of an application is read; its invalid parts count as absent."""
    try:
        status = msgspec.json.decode(corpus.encoded(mutator.document(corpus.STATUS)))
    except msgspec.DecodeError:
        return
    previous = statuses.read_previous(status)
    statuses.bounded({"conditions": [], "instances": list(previous.instances)}, previous)
    inventory.read(status.get("resources") if isinstance(status, dict) else status)


def pod_problems(mutator: Mutator) -> None:
    """The problem of a damaged pod is named, or it has none."""
    try:
        pod = msgspec.json.decode(corpus.encoded(mutator.document(corpus.POD)))
    except msgspec.DecodeError:
        return
    if isinstance(pod, dict):
        pods.diagnose(pod)
        pods.explain(kstatus.assess({"kind": "Deployment", "status": pod.get("status")}), [pod, pod])


def refusals(mutator: Mutator) -> None:
    """A damaged error of an API server becomes an error of ours."""
    status = {
        "kind": "Status",
        "code": 409,
        "reason": "Conflict",
        "message": "a",
        "details": {
            "name": "a",
            "causes": [
                {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".spec.replicas"}
            ],
            "retryAfterSeconds": 1,
        },
    }
    body = mutator.data(corpus.encoded(mutator.document(status)))
    code = mutator.rng.choice((400, 401, 403, 404, 409, 410, 422, 429, 500, 503, 999))
    str(error_status.error(code, body, operation="apply deployment/web", headers={"Retry-After": mutator.text()}))


def _read(data: bytes | msgspec.Raw) -> None:
    live = live_object.decode(data, "v1", "Pod", parts=())
    live.document()
    str(live.annotations)
    live.part("spec")
    live_object.decode(data, "v1", "Pod", parts=("spec.volumes", "status.phase"))


@functools.cache
def _lives() -> tuple[dict[str, Any], ...]:
    return tuple(
        {**planned.body, "metadata": {**planned.body["metadata"], **corpus.METADATA}, "status": corpus.STATUS}
        for plan in corpus.plans()
        for planned in plan.manifests
    )


@functools.cache
def _desired() -> tuple[DesiredObject, ...]:
    return tuple(desired.complete(planned, _OWNER) for plan in corpus.plans() for planned in plan.manifests)
