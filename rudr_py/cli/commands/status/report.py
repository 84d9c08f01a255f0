"""The status of an application and its pods as values, for `status` and `doctor`. Pure.

Accepts any document, also those of older releases and of Rudr.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from rudr_py.api import Health, get_in, mappings_in, naming
from rudr_py.cli.cluster import pod_state
from rudr_py.cli.documents import schema_violations
from rudr_py.model.identity import CORE_GROUP, TypeName
from rudr_py.model.shapes import rewrite
from rudr_py.render import holds
from rudr_py.render.status import replacements
from rudr_py.render.values import labels

Document = Mapping[str, Any]

CONDITIONS = ("Valid", "Synced", "TraitsReady", "Ready", "Held", "Paused", "Pinned")
"""In the order in which they become true. TraitsReady needs traits, Held a hold, Paused a pause, Pinned a pin."""

DELETING: Final = "being deleted"
"""The state of an application with a deletion timestamp."""


class ReportedCondition(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A condition of the application."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""


class ReportItem(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The name and the health of a workload, a trait, a scope or a pod."""

    name: str
    state: str = "unknown"
    reason: str = ""
    message: str = ""
    show: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether it is ready."""
        return self.state == "ready"


class ReportedPod(ReportItem, frozen=True, kw_only=True, rename="camel"):
    """A pod, and its node."""

    node: str = ""


class ReportedInstance(ReportItem, frozen=True, kw_only=True, rename="camel"):
    """An instance of a component, with its traits in their order, and its pods by name."""

    component: str = ""
    workload: str = ""
    traits: tuple[ReportItem, ...] = ()
    pods: tuple[ReportedPod, ...] = ()


class ReportedScope(ReportItem, frozen=True, kw_only=True, rename="camel"):
    """A scope that the application declares."""

    type: str = ""
    members: int = 0


class ApplicationReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An application as `rudr status -o json` prints it, so names and types of fields are stable.

    `ready` is false while the status is not that of the current documents; `pending` is the reason. `unreportable` is
    whether the API server may refuse the status, because the document violates the schema. `kept` are instances and
    objects that the documents have removed and that exist still.
    """

    name: str
    namespace: str
    phase: str = ""
    ready: bool = False
    pending: str = ""
    unreportable: bool = False
    conditions: tuple[ReportedCondition, ...] = ()
    instances: tuple[ReportedInstance, ...] = ()
    scopes: tuple[ReportedScope, ...] = ()
    kept: tuple[ReportItem, ...] = ()
    warnings: tuple[str, ...] = ()

    def condition(self, type_: str) -> ReportedCondition:
        """The condition of a type; Unknown if there is none."""
        default = ReportedCondition(type=type_)
        return next((condition for condition in self.conditions if condition.type == type_), default)


def of(
    application: Document, pods: Iterable[Document] = (), components: Iterable[Document] | None = None
) -> ApplicationReport:
    """The report of an application. Pods and components of other namespaces and applications are ignored.

    Without `components`, the report does not depend on whether their current versions were reconciled.
    """
    metadata, status = get_in(application, "metadata", default={}), get_in(application, "status", default={})
    name, namespace = str(metadata.get("name", "")), str(metadata.get("namespace", ""))
    own = [pod for pod in pods if _belongs(pod, name, namespace)]
    pending = _pending(metadata, status) or _pending_component(application, components)
    invalid = _invalid(application) if pending and not metadata.get("deletionTimestamp") else ""
    conditions = _conditions(status)
    ready = any(condition.type == "Ready" and condition.status == "True" for condition in conditions)
    return ApplicationReport(
        name=name,
        namespace=namespace,
        phase=_text(status.get("phase")),
        ready=ready and not pending,
        pending=invalid or pending,
        unreportable=bool(invalid),
        conditions=conditions,
        instances=tuple(_instance(entry, own) for entry in mappings_in(status, "instances")),
        scopes=tuple(_scope(entry) for entry in mappings_in(status, "scopes")),
        kept=tuple(item for entry in mappings_in(status, replacements.FIELD) for item in _kept(entry)),
        warnings=tuple(map(str, get_in(status, "warnings", default=[]))),
    )


def _kept(entry: Mapping[str, Any]) -> Iterator[ReportItem]:
    reasons = {"kept": "Kept", "failed": replacements.FAILED}
    reason = reasons.get(_text(entry.get("state")), replacements.WAITING)
    for replacement in replacements.read([entry]):
        message = _text(entry.get("message")) or replacement.message
        yield ReportItem(name=replacements.listed(replacement.removed), state="kept", reason=reason, message=message)


def short(type_: str) -> str:
    """The name of a type, without its group if it is a standard type."""
    parsed = TypeName.parse(type_)
    return parsed.kind if parsed is not None and parsed.group == CORE_GROUP else type_


def _pending(metadata: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    """The reason why the status is not that of the current generation; empty if it is."""
    if metadata.get("deletionTimestamp"):
        return DELETING
    if "observedGeneration" not in status:
        return "not reconciled yet; to check the controller run rudr doctor"
    generation = metadata.get("generation")
    if status["observedGeneration"] != generation:
        return "the latest change has not been reconciled yet"
    ready = next((entry for entry in mappings_in(status, "conditions") if entry.get("type") == "Ready"), {})
    if ready.get("observedGeneration", generation) != generation:
        return "the latest change is not applied, because the application is paused"
    return ""


def _invalid(application: Document) -> str:
    """The reason why the API server may refuse the status of an application; empty if it does not."""
    violations = "; ".join(schema_violations.violations(application))
    cause = "the document violates the schema of ApplicationConfiguration, so its status may be impossible to write"
    return f"{cause}: {violations}" if violations else ""


def _pending_component(application: Document, components: Iterable[Document] | None) -> str:
    """The first component of which the status describes another version; empty if there is none."""
    if components is None:
        return ""
    namespace = get_in(application, "metadata", "namespace", default="")
    live = {
        get_in(component, "metadata", "name", default=""): get_in(component, "metadata", default={})
        for component in components
        if get_in(component, "metadata", "namespace", default="") == namespace
    }
    observed = get_in(application, "status", "observedComponents", default={})
    waiting = {str(entry.get("name")): entry for entry in mappings_in(application, "status", "pendingComponents")}
    bindings = list(mappings_in(application, "spec", "components"))
    held = {rewrite.component_of(each) for each in bindings if _is_held(application, each)}
    for name in map(rewrite.component_of, bindings):
        version = live.get(name, {}).get("resourceVersion", "")
        reconciled = waiting.get(name) or get_in(observed, name, default={})
        if name and name not in held and get_in(reconciled, "resourceVersion", default="") != version:
            state = "the latest change of" if version else "the deletion of"
            return f'{state} the component "{name}" has not been reconciled yet'
    return ""


def _is_held(application: Document, binding: Mapping[str, Any]) -> bool:
    """Whether the status has an instance as held; its component is observed in the version that runs."""
    instance = binding.get("instanceName") or rewrite.component_of(binding)
    entries = mappings_in(application, "status", "instances")
    return any(entry.get("name") == instance and entry.get("reason") in holds.REASONS for entry in entries)


def _conditions(status: Mapping[str, Any]) -> tuple[ReportedCondition, ...]:
    by_type = {str(condition.get("type")): condition for condition in mappings_in(status, "conditions")}
    standard = [type_ for type_ in CONDITIONS if type_ in by_type]
    return tuple(
        ReportedCondition(
            type=type_,
            status=_text(by_type[type_].get("status")) or "Unknown",
            reason=_text(by_type[type_].get("reason")),
            message=_text(by_type[type_].get("message")),
        )
        for type_ in (*standard, *sorted(by_type.keys() - set(standard)))
    )


def _instance(entry: Document, pods: Sequence[Document]) -> ReportedInstance:
    label = naming.join(_text(entry.get("name")) or "x")
    own = [pod for pod in pods if get_in(pod, "metadata", "labels", default={}).get(labels.INSTANCE) == label]
    return ReportedInstance(
        **_item(entry),
        component=_text(entry.get("component")),
        workload=_text(entry.get("workload")),
        traits=tuple(ReportItem(**_item(trait)) for trait in mappings_in(entry, "traits")),
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
        name=get_in(document, "metadata", "name", default=""),
        state=health.state,
        reason=health.reason,
        message=health.message,
        show=health.show,
        node=get_in(document, "spec", "nodeName", default=""),
    )


def _item(entry: Document) -> dict[str, Any]:
    show = {str(key): str(value) for key, value in get_in(entry, "show", default={}).items()}
    texts = {key: _text(entry.get(key)) for key in ("name", "reason", "message")}
    return {**texts, "state": _text(entry.get("state")) or "unknown", "show": show}


def _belongs(pod: Document, name: str, namespace: str) -> bool:
    metadata = get_in(pod, "metadata", default={})
    has_label = get_in(metadata, "labels", default={}).get(labels.APPLICATION) in (name, naming.join(name or "x"), None)
    return has_label and metadata.get("namespace", namespace) == namespace


def _text(value: object) -> str:
    return "" if value is None else str(value)
