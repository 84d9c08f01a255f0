"""The Leases of a controller: that of the leader, or those of its shards and of the replicas together. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from rudr_py.cli.commands.doctor.deployment import ControllerDeployment
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.controller.shards import assignment, group

Document = Mapping[str, Any]

Leases = Mapping[tuple[str, str], Document]
"""The Leases that exist, by namespace and name."""

EXPIRY_FACTOR = 3
"""The number of lease durations without renewal after which a Lease counts as expired. It tolerates clock skew."""


def check(leases: Leases, deployment: ControllerDeployment, now: datetime) -> Iterator[Finding]:
    """Whether each Lease has a holder that renews it, and whether the shards are divided evenly."""
    if not deployment.elects:
        return
    election = deployment.election
    first, *rest = [(name, leases.get((election.namespace, name))) for name in election.leases]
    yield from _leader(*first, deployment, now)
    held: dict[str, list[int]] = {}
    for shard, (name, lease) in enumerate(rest):
        fault = _fault(lease, now)
        if fault:
            message = f"Lease {election.namespace}/{name} {fault}, so no controller reconciles shard {shard}"
            yield problem("shards", message, deployment.inspection)
        else:
            held.setdefault(_holder(lease), []).append(shard)
    for holder, shards in sorted(held.items()):
        yield ok("shards", f"{holder} holds {', '.join(map(str, shards))} of {election.shards}")
    if rest:
        yield from _balance(first[1], held, election.shards)


def _leader(name: str, lease: Document | None, deployment: ControllerDeployment, now: datetime) -> Iterator[Finding]:
    """Whether the first Lease has a holder: the leader, or the replicas with one number of shards."""
    address, hint = f"{deployment.election.namespace}/{name}", deployment.inspection
    if not _holder(lease):
        yield problem("leader", f"Lease {address} {_fault(lease, now)}, so no controller is active", hint)
    elif fault := _fault(lease, now):
        yield problem("leader", f"Lease {address} {fault}", hint)
    elif deployment.election.shards == 1:
        age = max(_age(_spec(lease).get("renewTime"), now) or 0.0, 0.0)
        yield ok("leader", f"{_holder(lease)} is the leader and renewed Lease {address} {age:.0f} s ago")
    else:
        yield ok("leader", f"{len(group.entries(lease or {}))} replicas hold Lease {address} together")


def _balance(lease: Document | None, held: Mapping[str, list[int]], shards: int) -> Iterator[Finding]:
    """Notes about a change of the number of shards, and about replicas with too many shards."""
    holder = _holder(lease)
    if holder and holder != group.identity(shards):
        yield note("shards", f'"{holder}" holds the Lease; replicas with {shards} shards begin when it has expired')
        return
    most = assignment.target(shards, len(group.entries(lease or {})))
    for name, numbers in sorted(held.items()):
        if len(numbers) > most:
            yield note("shards", f"{name} holds {len(numbers)} shards; an even division has at most {most} for each")


def _fault(lease: Document | None, now: datetime) -> str:
    """Why no process holds a Lease; empty if one does."""
    if not _holder(lease):
        return "has no holder" if lease else "does not exist"
    spec = _spec(lease)
    age, seconds = _age(spec.get("renewTime"), now), spec.get("leaseDurationSeconds") or 15
    if age is not None and age <= EXPIRY_FACTOR * seconds:
        return ""
    renewal = "was never renewed" if age is None else f"was last renewed {age:.0f} s ago"
    return f"of {_holder(lease)} {renewal}; its duration is {seconds} s"


def _spec(lease: Document | None) -> Document:
    return (lease or {}).get("spec") or {}


def _holder(lease: Document | None) -> str:
    return str(_spec(lease).get("holderIdentity") or "")


def _age(timestamp: object, now: datetime) -> float | None:
    try:
        return (now - datetime.fromisoformat(str(timestamp))).total_seconds()
    except (ValueError, TypeError):
        return None
