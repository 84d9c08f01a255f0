"""The status of an application: three conditions, Rudr's phase, instances, and what must outlive a bad document."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import Kind
from rudr_py.render import render
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.values.inputs import NOTHING, Inputs, NothingObserved, Observed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
DONE = SyncState(state="True", reason="Applied", resources=({"kind": "Deployment", "name": "front"},))
SCALER = {"name": "manual-scaler", "properties": {"replicaCount": 3}}

Built = dict[str, Any]
Make = Callable[..., Built]


class Running(NothingObserved):
    """Deployments and the like with all their replicas, Jobs that are complete; but none of `absent`."""

    def __init__(self, *absent: str, failed: str = "") -> None:
        self._absent = absent
        self._failed = failed

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """One object named like the instance; no pods."""
        if instance in self._absent or kind.kind == "Pod":
            return ()
        counts = dict.fromkeys(("replicas", "updatedReplicas", "availableReplicas", "readyReplicas"), 3)
        condition = {"type": "Failed" if instance == self._failed else "Complete", "status": "True"}
        current = {"observedGeneration": 1, "conditions": [condition], **counts}
        metadata = {"name": instance, "generation": 1}
        document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "status": current}
        return ({**document, "spec": {"replicas": 3}},)


@pytest.fixture(name="make")
def _make(inputs: Callable[..., Inputs], catalog: Any) -> Make:
    """The status of a YAML text, rendered and judged as of `now`."""

    def make(
        text: str, observed: Observed = NOTHING, sync: SyncState = DONE, before: Any = None, now: datetime = NOW
    ) -> Built:
        previous = status.read_previous(before)
        read = inputs(text, now=now, attached=previous.attached)
        metadata = msgspec.structs.replace(read.application.metadata, generation=7)
        read = msgspec.structs.replace(
            read, application=msgspec.structs.replace(read.application, metadata=metadata), positions={}
        )
        return status.status(render.render(read, catalog), read, observed, sync, previous)

    return make


@pytest.fixture(name="text")
def _text(application: Callable[..., str], web: Callable[..., dict[str, Any]]) -> str:
    return application(web(SCALER), {"componentName": "migrate", "instanceName": "job"})


@pytest.fixture(name="bad")
def _bad(application: Callable[..., str], web: Callable[..., dict[str, Any]]) -> str:
    return application(web({"name": "ingres"}, {"name": "empti"}))


def _conditions(built: Built) -> dict[str, tuple[str, str]]:
    return {condition["type"]: (condition["status"], condition["reason"]) for condition in built["conditions"]}


def _message(built: Built, kind: str) -> str:
    return next(str(condition["message"]) for condition in built["conditions"] if condition["type"] == kind)


def test_all_conditions_are_true_when_everything_is_applied_and_ready(make: Make, text: str) -> None:
    built = make(text, Running())
    assert _conditions(built) == {
        "Valid": ("True", "Valid"),
        "Synced": ("True", "Applied"),
        "TraitsReady": ("True", "Ready"),
        "Ready": ("True", "Ready"),
    }
    assert (built["phase"], built["observedGeneration"]) == ("synced", 7)
    assert {condition["observedGeneration"] for condition in built["conditions"]} == {7}
    assert _message(built, "Ready") == "2 of 2 instances are ready"
    assert built["resources"] == [{"kind": "Deployment", "name": "front"}]


def test_instances_are_listed_with_traits_and_facts(make: Make, text: str) -> None:
    reported = make(text, Running())["instances"]
    assert [run["state"] for run in reported[1].pop("runs").values()] == ["complete"]
    assert reported == [
        {
            "name": "front",
            "component": "web",
            "workload": "core.oam.dev/v1alpha1.Server",
            "state": "ready",
            "reason": "Ready",
            "message": "3 of 3 replicas ready",
            "show": {"replicas": "3/3"},
            "traits": [
                {
                    "name": "manual-scaler",
                    "attachedAt": "2026-03-01T12:00:00Z",
                    "state": "ready",
                    "reason": "Ready",
                }
            ],
        },
        {
            "name": "job",
            "component": "migrate",
            "workload": "core.oam.dev/v1alpha1.Task",
            "state": "ready",
            "reason": "Complete",
            "message": "the job has run to its end",
            "traits": [],
        },
    ]


def test_the_status_keeps_the_components_map_of_rudr(make: Make, text: str) -> None:
    assert make(text, Running("job"))["components"] == {
        "web": {"deployment/front": "running", "service/front": "created"},
        "migrate": {"job/job": "not existed"},
    }


def test_instances_that_are_not_ready_are_counted_and_listed_failed_first(
    make: Make, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    job = {"componentName": "migrate", "instanceName": "job"}
    built = make(application(web(), web(instanceName="other"), job), Running("front", failed="job"))
    assert _conditions(built)["Ready"] == ("False", "Failed")
    assert _message(built, "Ready").splitlines() == [
        "1 of 3 instances are ready",
        "job: Failed",
        "front: deployment.apps/front does not exist yet",
    ]
    assert built["phase"] == "synced"


def test_all_problems_of_invalid_documents_are_listed_and_nothing_is_synced(make: Make, bad: str) -> None:
    built = make(bad, Running())
    assert _conditions(built) == {
        "Valid": ("False", "InvalidDocument"),
        "Synced": ("Unknown", "NotValid"),
        "Ready": ("False", "NotValid"),
    }
    lines = _message(built, "Valid").splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        f'$.spec.components[0].traits[{index}].name (instance "front")' for index in (0, 1)
    ]
    assert all(line.endswith("[TR-8]") for line in lines)
    assert _message(built, "Ready") == lines[0]
    assert built["phase"] == "Add"
    assert "components" not in built


@pytest.mark.parametrize(
    ("sync", "before", "phase"),
    [
        (DONE, "", "synced"),
        (DONE, "Modify", "synced"),
        (SyncState(state="Unknown", reason="Applying"), "", "Add"),
        (SyncState(state="Unknown", reason="Applying"), "Add", "Add"),
        (SyncState(state="Unknown", reason="Applying"), "synced", "Modify"),
        (SyncState(state="False", reason="Refused"), "Modify", "Modify"),
        (SyncState(state="Unknown", reason="Paused", paused=True), "synced", "Modify"),
    ],
)
def test_the_phase_is_synced_only_when_everything_is_applied(
    sync: SyncState, before: str, phase: str, make: Make, text: str
) -> None:
    assert make(text, Running(), sync, {"phase": before})["phase"] == phase


@pytest.mark.parametrize("before", ["", "Add", "Modify", "synced", "odd"])
def test_the_phase_is_never_synced_while_documents_are_invalid(before: str, make: Make, bad: str) -> None:
    assert make(bad, before={"phase": before})["phase"] != "synced"


def test_an_application_that_is_not_synced_is_not_ready_for_the_same_reason(make: Make, text: str) -> None:
    built = make(text, Running(), SyncState(state="False", reason="Forbidden", message="deployment/front: no quota"))
    assert _conditions(built)["Synced"] == _conditions(built)["Ready"] == ("False", "Forbidden")
    assert _message(built, "Ready") == "deployment/front: no quota"


def test_paused_is_a_condition_only_while_paused_and_does_not_change_ready(make: Make, text: str) -> None:
    paused = make(text, Running(), SyncState(state="Unknown", reason="Paused", paused=True))
    assert _conditions(paused)["Paused"] == ("True", "Paused")
    assert _conditions(paused)["Ready"] == ("True", "Ready")
    assert "Paused" not in _conditions(make(text, Running(), before=paused))


def test_a_condition_keeps_its_time_until_its_status_changes(make: Make, text: str, bad: str) -> None:
    first = make(text, Running())
    second = make(text, Running("front"), before=first, now=LATER)
    third = make(bad, before=second, now=LATER + timedelta(hours=1))
    times = [
        {condition["type"]: condition["lastTransitionTime"][11:13] for condition in built["conditions"]}
        for built in (first, second, third)
    ]
    assert times == [
        {"Valid": "12", "Synced": "12", "TraitsReady": "12", "Ready": "12"},
        {"Valid": "12", "Synced": "12", "TraitsReady": "12", "Ready": "13"},
        {"Valid": "14", "Synced": "14", "Ready": "13"},
    ]


def test_conditions_of_other_managers_are_kept(make: Make, text: str) -> None:
    foreign = {"type": "Audited", "status": "True", "reason": "Fine", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    built = make(text, Running(), before={"conditions": [foreign, foreign]})
    assert [condition["type"] for condition in built["conditions"]] == [
        "Audited",
        "Valid",
        "Synced",
        "TraitsReady",
        "Ready",
    ]


def test_an_application_without_components_is_ready(make: Make, application: Callable[..., str]) -> None:
    built = make(application(), sync=SyncState(state="True", reason="Applied"))
    assert _conditions(built)["Ready"] == ("True", "Ready")
    assert sorted(built) == ["conditions", "observedGeneration", "phase"]


def test_the_time_of_a_trait_is_kept_while_the_document_is_invalid(make: Make, text: str, bad: str) -> None:
    first = make(text, Running())
    wrong = make(bad, Running(), before=first, now=LATER)
    assert wrong["instances"][0] == {
        "name": "front",
        "component": "web",
        "workload": "core.oam.dev/v1alpha1.Server",
        "state": "unknown",
        "reason": "NotValid",
        "traits": [
            {
                "name": "manual-scaler",
                "attachedAt": "2026-03-01T12:00:00Z",
                "state": "unknown",
                "reason": "NotValid",
            }
        ],
    }
    assert make(bad, Running(), before=wrong, now=LATER)["instances"] == wrong["instances"]
    again = make(text, Running(), before=wrong, now=LATER + timedelta(hours=1))
    assert again["instances"] == first["instances"]


def test_a_trait_that_is_attached_again_gets_a_new_time(
    make: Make, text: str, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    without = make(application(web()), Running(), before=make(text, Running()), now=LATER)
    again = make(text, Running(), before=without, now=LATER)
    assert again["instances"][0]["traits"][0]["attachedAt"] == "2026-03-01T13:00:00Z"


def test_equal_inputs_give_equal_statuses(make: Make, text: str) -> None:
    first = make(text, Running())
    assert make(text, Running(), before=first, now=LATER) == first


def test_a_status_consists_of_json_values_only(make: Make, text: str, bad: str) -> None:
    for built in (make(text, Running()), make(bad, Running(), before=make(text, Running()))):
        assert msgspec.json.decode(msgspec.json.encode(built)) == built


def test_warnings_are_listed_with_their_paths(
    make: Make, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> None:
    built = make(application(web({"name": "manual-scaler", "properties": {"replica_count": 1}})))
    assert built["warnings"] == [
        '$.spec.components[0].traits[0].properties.replica_count (instance "front"): "replica_count" is an outdated '
        'spelling; write "replicaCount"'
    ]


def test_a_message_is_never_longer_than_a_condition_may_be(make: Make, application: Callable[..., str]) -> None:
    many = [{"componentName": "queue", "instanceName": f"q{i}", "traits": [{"name": "x" * 200}]} for i in range(300)]
    message = _message(make(application(*many)), "Valid")
    assert (len(message), message[-3:]) == (32768, "...")


def test_a_status_of_rudr_is_read(make: Make, text: str) -> None:
    old = {"phase": "synced", "components": {"web": {"deployment/front": "running"}}}
    assert status.read_previous(old) == PreviousStatus(phase="synced")
    assert make(text, before=old, sync=SyncState(state="Unknown", reason="Applying"))["phase"] == "Modify"


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T02:00:00+02:00", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (1767225600, None),
        (None, None),
    ],
)
def test_invalid_times_are_ignored(moment: Any, expected: datetime | None) -> None:
    stored = {"instances": [{"name": "front", "traits": [{"name": "t", "attachedAt": moment}]}]}
    assert status.read_previous(stored).attached == ({("front", "t"): expected} if expected else {})


KEYS = st.sampled_from(
    ["phase", "conditions", "instances", "resources", "traits", "name", "attachedAt", "type", "status", "reason"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["True", "2026-01-01T00:00:00Z", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_any_stored_status_can_be_read(stored: Any) -> None:
    previous = status.read_previous(stored)
    assert len({condition.type for condition in previous.conditions}) == len(previous.conditions)
    assert all(moment.tzinfo is not None for moment in previous.attached.values())
