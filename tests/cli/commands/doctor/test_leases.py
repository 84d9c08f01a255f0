"""The checks of the Leases of a controller, on values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from rudr_py.api import Health
from rudr_py.cli.commands.doctor import leases
from rudr_py.cli.commands.doctor.deployment import ControllerDeployment
from rudr_py.controller.shards import group

Document = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
RENEWED = "2026-01-01T11:59:55.000000Z"


def controller(*flags: str) -> ControllerDeployment:
    options = (flag.removeprefix("--").partition("=") for flag in flags)
    return ControllerDeployment(
        name="rudr-py",
        namespace="oam",
        account="oam-account",
        replicas=2,
        health=Health("ready", "Available"),
        flags={name: value for name, _, value in options},
    )


SHARDED = controller("--leader-elect", "--shards=4")


def sharded(holders: Mapping[int, str], together: str = "shards-4") -> dict[tuple[str, str], Document]:
    """The Leases of two replicas; those of the shards have these holders."""
    replicas = {name: {"beat": 1, "shards": []} for name in ("pod-1", "pod-2")}
    spec = {"leaseDurationSeconds": 15, "renewTime": RENEWED}
    metadata = {"annotations": {group.ANNOTATION: json.dumps(replicas)}}
    shards = {
        ("oam", f"rudr-py-{shard}"): {"spec": {**spec, "holderIdentity": name}} for shard, name in holders.items()
    }
    return {("oam", "rudr-py"): {"metadata": metadata, "spec": {**spec, "holderIdentity": together}}, **shards}


def texts(existing: Mapping[tuple[str, str], Document]) -> list[tuple[str, str, str]]:
    return [(result.level, result.check, result.message) for result in leases.check(existing, SHARDED, NOW)]


def test_the_replica_of_each_shard_is_listed() -> None:
    assert texts(sharded({0: "pod-1", 1: "pod-2", 2: "pod-1", 3: "pod-2"})) == [
        ("ok", "leader", "2 replicas hold Lease oam/rudr-py together"),
        ("ok", "shards", "pod-1 holds 0, 2 of 4"),
        ("ok", "shards", "pod-2 holds 1, 3 of 4"),
    ]


def test_a_shard_without_a_lease_or_a_holder_or_a_renewal_is_a_problem() -> None:
    existing = sharded({0: "pod-1", 1: "pod-2", 2: ""})
    existing["oam", "rudr-py-1"]["spec"]["renewTime"] = "2026-01-01T11:58:00.000000Z"
    problems = [message for level, _, message in texts(existing) if level == "problem"]
    assert problems == [
        "Lease oam/rudr-py-1 of pod-2 was last renewed 120 s ago; its duration is 15 s, so no controller reconciles "
        "shard 1",
        "Lease oam/rudr-py-2 has no holder, so no controller reconciles shard 2",
        "Lease oam/rudr-py-3 does not exist, so no controller reconciles shard 3",
    ]


def test_a_replica_with_more_shards_than_an_even_division_is_a_note() -> None:
    notes = [message for level, _, message in texts(sharded(dict.fromkeys(range(3), "pod-1") | {3: "pod-2"}))]
    assert notes[-1] == "pod-1 holds 3 shards; an even division has at most 2 for each"


@pytest.mark.parametrize("together", ["shards-2", "pod-9"])
def test_replicas_with_another_number_of_shards_are_a_note(together: str) -> None:
    level, _, message = texts(sharded(dict.fromkeys(range(4), "pod-1"), together))[-1]
    assert (level, message.partition(";")[0]) == ("note", f'"{together}" holds the Lease')


@pytest.mark.parametrize(
    ("spec", "level", "word"),
    [
        (
            {"holderIdentity": "pod-1", "renewTime": "2026-01-01T11:59:55.000000Z"},
            "ok",
            "renewed Lease oam/rudr-py 5 s",
        ),
        ({"holderIdentity": "pod-1", "renewTime": "2026-01-01T11:58:00.000000Z"}, "problem", "120 s ago"),
        ({"holderIdentity": "pod-1"}, "problem", "never"),
        ({"holderIdentity": ""}, "problem", "has no holder"),
        (None, "problem", "does not exist"),
    ],
)
def test_the_holder_and_the_renewal_of_the_lease_are_checked(spec: Document | None, level: str, word: str) -> None:
    existing = {} if spec is None else {("oam", "rudr-py"): {"spec": {"leaseDurationSeconds": 15, **spec}}}
    [result] = leases.check(existing, controller("--leader-elect"), NOW)
    assert result.level == level
    assert word in result.message


def test_without_leader_election_the_lease_is_not_checked() -> None:
    assert list(leases.check({}, controller(), NOW)) == []


@pytest.mark.parametrize("number", ["", "0", "-4", "65", "9" * 9, "9" * 5000, "four"])
def test_a_number_of_shards_that_the_controller_refuses_counts_as_one(number: str) -> None:
    assert controller("--leader-elect", f"--shards={number}").election.leases == ("rudr-py",)
