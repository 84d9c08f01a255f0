"""What an application says of itself, with its pods beside it, as values: for `status` and `doctor`. Pure.

Reads any document without raising: an older release's, Rudr's, anyone's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import Health, naming
from rudr_py.cli.cluster import pod_state
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.render.values import labels

Document = Mapping[str, Any]

CONDITIONS = ("Valid", "Synced", "Ready", "Paused")
"""In the order in which one leads to the next; Paused stands only on an application that is."""


class ReportedCondition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A condition of the application."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""


class ReportItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A workload, a trait, a scope or a pod: what it is called, and how it is doing."""

    name: str
    state: str = "unknown"
    reason: str = ""
    message: str = ""
    show: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it does its work."""
        return self.state == "ready"


class ReportedPod(ReportItem, frozen=True, kw_only=True, rename="camel"):
    """A pod, and the node that it is on."""

    node: str = ""


class ReportedInstance(ReportItem, frozen=True, kw_only=True, rename="camel"):
    """An instance of a component, with its traits in their order and its pods by name."""

    component: str = ""
    workload: str = ""
    traits: tuple[ReportItem, ...] = ()
    pods: tuple[ReportedPod, ...] = ()


class ReportedScope(ReportItem, frozen=True, kw_only=True, rename="camel"):
    """A scope that the application declares."""

    type: str = ""
    members: int = 0


class ApplicationReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One application. `ready` counts only if it is about the application as it is now; `pending` says why it is not.

    This is what `rudr status -o json` prints, so names and types of fields stay.
    """

    name: str
    namespace: str
    phase: str = ""
    ready: bool = False
    pending: str = ""
    conditions: tuple[ReportedCondition, ...] = ()
    instances: tuple[ReportedInstance, ...] = ()
    scopes: tuple[ReportedScope, ...] = ()
    warnings: tuple[str, ...] = ()

    def condition(self, type_: str) -> ReportedCondition:
        """The condition of a type; Unknown when there is none."""
        return next((one for one in self.conditions if one.type == type_), ReportedCondition(type=type_))


def of(application: Document, pods: Iterable[Document] = ()) -> ApplicationReport:
    """The report of one application; of the pods, those of its namespace and its instances count."""
    metadata, status = _map(application.get("metadata")), _map(application.get("status"))
    name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", ""))
    own = [pod for pod in pods if _belongs(pod, name, namespace)]
    pending = _pending(metadata, status)
    conditions = _conditions(status)
    ready = next((one.status for one in conditions if one.type == "Ready"), "Unknown") == "True"
    return ApplicationReport(
        name=name,
        namespace=namespace,
        phase=_text(status.get("phase")),
        ready=ready and not pending,
        pending=pending,
        conditions=conditions,
        instances=tuple(_instance(entry, own) for entry in _maps(status.get("instances"))),
        scopes=tuple(_scope(entry) for entry in _maps(status.get("scopes"))),
        warnings=tuple(str(one) for one in _list(status.get("warnings"))),
    )


def short(type_: str) -> str:
    """The type without the group that all standard types have."""
    parsed = TypeName.parse(type_)
    return parsed.kind if parsed is not None and parsed.group == CORE_GROUP else type_


def _pending(metadata: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """Why what the status says is not about the application as it is now; empty when it is."""
    if metadata.get("deletionTimestamp"):
        return "it is being deleted"
    if "observedGeneration" not in status:
        return "no controller has looked at it yet; rudr doctor tells whether one is there"
    if status["observedGeneration"] != metadata.get("generation"):
        return "the controller has not taken up its latest change yet"
    return ""


def _conditions(status: Mapping[str, Any]) -> tuple[ReportedCondition, ...]:
    found = {str(one.get("type")): one for one in _maps(status.get("conditions"))}
    named = [kind for kind in CONDITIONS if kind in found]
    return tuple(
        ReportedCondition(
            type=kind,
            status=_text(found[kind].get("status")) or "Unknown",
            reason=_text(found[kind].get("reason")),
            message=_text(found[kind].get("message")),
        )
        for kind in (*named, *sorted(found.keys() - set(named)))
    )


def _instance(entry: Document, pods: Sequence[Document]) -> ReportedInstance:
    label = naming.join(_text(entry.get("name")) or "x")
    own = [pod for pod in pods if _map(_map(pod.get("metadata")).get("labels")).get(labels.INSTANCE) == label]
    return ReportedInstance(
        **_item(entry),
        component=_text(entry.get("component")),
        workload=_text(entry.get("workload")),
        traits=tuple(ReportItem(**_item(one)) for one in _maps(entry.get("traits"))),
        pods=tuple(sorted((_pod(pod) for pod in own), key=lambda pod: pod.name)),
    )


def _scope(entry: Document) -> ReportedScope:
    members = entry.get("members")
    return ReportedScope(
        **_item(entry), type=_text(entry.get("type")), members=members if isinstance(members, int) else 0
    )


def _pod(document: Document) -> ReportedPod:
    health: Health = pod_state.assess(document)
    return ReportedPod(
        name=_text(_map(document.get("metadata")).get("name")),
        state=health.state,
        reason=health.reason,
        message=health.message,
        show=health.show,
        node=_text(_map(document.get("spec")).get("nodeName")),
    )


def _item(entry: Document) -> dict[str, Any]:
    show = {str(key): str(value) for key, value in _map(entry.get("show")).items()}
    words = {key: _text(entry.get(key)) for key in ("name", "reason", "message")}
    return {**words, "state": _text(entry.get("state")) or "unknown", "show": show}


def _belongs(pod: Document, name: str, namespace: str) -> bool:
    metadata = _map(pod.get("metadata"))
    labelled = _map(metadata.get("labels")).get(labels.APPLICATION) in (name, naming.join(name or "x"), None)
    return labelled and metadata.get("namespace", namespace) == namespace


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _maps(value: object) -> tuple[Mapping[str, Any], ...]:
    return tuple(one for one in _list(value) if isinstance(one, Mapping))
