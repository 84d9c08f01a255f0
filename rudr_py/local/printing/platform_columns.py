"""The columns of built-in kinds that configure a platform: admission, flow control, storage, certificates, revisions.

Source: pkg/printers/internalversion of Kubernetes, and pkg/registry/apiservice of kube-aggregator.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rudr_py.local.printing import cells, values
from rudr_py.local.printing.cells import AGE, CREATED, NAME, NONE, Cell, ColumnDefinition, at, define, field
from rudr_py.local.printing.jsonpath import find
from rudr_py.local.storage.store import Object

_ADMISSION = ".admissionregistration.k8s.io"
_STORAGE = ".storage.k8s.io"
_FLOW = ".flowcontrol.apiserver.k8s.io"


def _joined(*paths: str, otherwise: str = NONE) -> Cell:
    """Return a cell with the values that exist, between slashes."""

    def cell(obj: Object, _now: datetime) -> str:
        return "/".join(str(value) for path in paths for value in find(obj, path) if value) or otherwise

    return cell


def _listed(path: str, otherwise: str) -> Cell:
    """Return a cell with the texts of a list."""
    return lambda obj, _now: ",".join(map(str, (find(obj, path) or [None])[0] or ())) or otherwise


def _count(name: str, field: str, text: str) -> ColumnDefinition:
    return define(name, values.count(field), "integer", text=text)


def _controller(revision: Object, _now: datetime) -> str:
    owners = revision["metadata"].get("ownerReferences") or ()
    return next((_owner(owner) for owner in owners if owner.get("controller")), NONE)


def _owner(reference: Object) -> str:
    group = str(reference["apiVersion"]).rpartition("/")[0]
    return f"{reference['kind'].lower()}{'.' if group else ''}{group}/{reference['name']}"


def _available(service: Object, _now: datetime) -> str:
    condition = values.condition(service, "Available")
    if condition is None or condition["status"] == "True":
        return "Unknown" if condition is None else "True"
    return f"{condition['status']} ({condition['reason']})"


def _signing_state(request: Object, _now: datetime) -> str:
    names = [str(name) for name in find(request, ".status.conditions[*].type")]
    states = [*sorted(names), *(["Issued"] if find(request, ".status.certificate") else [])]
    return ",".join(states) or "Pending"


def _requested_duration(request: Object, _now: datetime) -> str:
    seconds = find(request, ".spec.expirationSeconds")
    return cells.duration(seconds[0]) if seconds else NONE


def _claim_state(claim: Object, _now: datetime) -> str:
    states = ["deleted"] if claim["metadata"].get("deletionTimestamp") else []
    if not find(claim, ".status.allocation"):
        return ",".join([*states, "pending"])
    return ",".join([*states, "allocated", *(["reserved"] if find(claim, ".status.reservedFor[0]") else [])])


def _parent(address: Object, _now: datetime) -> str:
    reference: Any = (find(address, ".spec.parentRef") or [{}])[0]
    parts = (reference.get(key) for key in ("group", "resource", "namespace", "name"))
    return "/".join(str(part) for part in parts if part)


_SERVICE = _joined(".spec.service.namespace", ".spec.service.name")


def _policy_columns(number: str, field: str, text: str) -> tuple[ColumnDefinition, ...]:
    kind = _joined(".spec.paramKind.apiVersion", ".spec.paramKind.kind", otherwise=values.UNSET)
    described = "ParamKind specifies the kind of resources used to parameterize this policy"
    return NAME, _count(number, field, text), define("ParamKind", kind, text=described), AGE


_WEBHOOKS = (
    NAME,
    _count("Webhooks", ".webhooks", "Webhooks indicates the number of webhooks registered in this configuration"),
    AGE,
)
_BINDINGS = (
    NAME,
    define(
        "PolicyName",
        at(".spec.policyName"),
        text="PolicyName indicates the policy definition which the policy binding binded to",
    ),
    define(
        "ParamRef",
        _joined(".spec.paramRef.namespace", ".spec.paramRef.name", otherwise=values.UNSET),
        text="ParamRef indicates the param resource which sets the configuration param",
    ),
    AGE,
)


COLUMNS: dict[str, tuple[ColumnDefinition, ...]] = {
    "apiservices.apiregistration.k8s.io": (
        NAME,
        define(
            "Service",
            lambda obj, now: "Local" if not find(obj, ".spec.service") else _SERVICE(obj, now),
            text="The reference to the service that hosts this API endpoint.",
        ),
        define("Available", _available, text="Whether this service is available."),
        AGE,
    ),
    "controllerrevisions.apps": (
        NAME,
        define("Controller", _controller, text="Controller of the object"),
        field("Revision", "revision", 0),
        AGE,
    ),
    "certificatesigningrequests.certificates.k8s.io": (
        NAME,
        AGE,
        field("SignerName", "spec.signerName", NONE),
        define("Requestor", at(".spec.username"), text="Base64-encoded PKCS#10 CSR data"),
        define("RequestedDuration", _requested_duration, about="spec.expirationSeconds"),
        define("Condition", _signing_state, text="Conditions applied to the request, such as approval or denial."),
    ),
    "ipaddresses.networking.k8s.io": (NAME, define("ParentRef", _parent, about="spec.parentRef")),
    "servicecidrs.networking.k8s.io": (NAME, define("CIDRs", _listed(".spec.cidrs", ""), about="spec.cidrs"), AGE),
    f"csidrivers{_STORAGE}": (
        NAME,
        field("AttachRequired", "spec.attachRequired", True, kind="boolean"),
        field("PodInfoOnMount", "spec.podInfoOnMount", False, kind="boolean"),
        field("StorageCapacity", "spec.storageCapacity", False, kind="boolean"),
        define(
            "TokenRequests",
            lambda obj, _: ",".join(map(str, find(obj, ".spec.tokenRequests[*].audience"))) or values.UNSET,
            about="spec.tokenRequests",
        ),
        field("RequiresRepublish", "spec.requiresRepublish", False, kind="boolean"),
        define("Modes", _listed(".spec.volumeLifecycleModes", NONE), about="spec.volumeLifecycleModes"),
        AGE,
    ),
    f"csinodes{_STORAGE}": (
        NAME,
        _count("Drivers", ".spec.drivers", "Drivers indicates the number of CSI drivers registered on the node"),
        AGE,
    ),
    f"csistoragecapacities{_STORAGE}": (NAME, CREATED),
    f"volumeattachments{_STORAGE}": (
        NAME,
        cells.named(field("Attacher", "spec.attacher")),
        field("PV", "spec.source.persistentVolumeName"),
        field("Node", "spec.nodeName"),
        field("Attached", "status.attached", False, kind="boolean"),
        AGE,
    ),
    f"volumeattributesclasses{_STORAGE}": (NAME, field("DriverName", "driverName"), AGE),
    f"mutatingadmissionpolicies{_ADMISSION}": _policy_columns(
        "Mutations", ".spec.mutations", "Mutation indicates the number of mutations rules defined in this configuration"
    ),
    f"validatingadmissionpolicies{_ADMISSION}": _policy_columns(
        "Validations",
        ".spec.validations",
        "Validations indicates the number of validation rules defined in this configuration",
    ),
    f"mutatingadmissionpolicybindings{_ADMISSION}": _BINDINGS,
    f"validatingadmissionpolicybindings{_ADMISSION}": _BINDINGS,
    f"mutatingwebhookconfigurations{_ADMISSION}": _WEBHOOKS,
    f"validatingwebhookconfigurations{_ADMISSION}": _WEBHOOKS,
    "runtimeclasses.node.k8s.io": (NAME, define("Handler", at(".handler")), AGE),
    "resourceclaims.resource.k8s.io": (
        NAME,
        define("State", _claim_state, text="A summary of the current state (allocated, pending, reserved, etc.)."),
        AGE,
    ),
    "resourceslices.resource.k8s.io": (
        NAME,
        field("Node", "spec.nodeName", values.UNSET),
        field("Driver", "spec.driver"),
        field("Pool", "spec.pool.name"),
        AGE,
    ),
    f"flowschemas{_FLOW}": (
        NAME,
        field("PriorityLevel", "spec.priorityLevelConfiguration.name", NONE),
        field("MatchingPrecedence", "spec.matchingPrecedence", 0),
        define("DistinguisherMethod", at(".spec.distinguisherMethod.type", NONE), about="spec.distinguisherMethod"),
        AGE,
        define(
            "MissingPL",
            lambda obj, _: (values.condition(obj, "Dangling") or {"status": "?"})["status"],
            text="references a broken or non-existent PriorityLevelConfiguration",
        ),
    ),
    f"prioritylevelconfigurations{_FLOW}": (
        NAME,
        field("Type", "spec.type"),
        field("NominalConcurrencyShares", "spec.limited.nominalConcurrencyShares", NONE),
        field("Queues", "spec.limited.limitResponse.queuing.queues", NONE),
        field("HandSize", "spec.limited.limitResponse.queuing.handSize", NONE),
        field("QueueLengthLimit", "spec.limited.limitResponse.queuing.queueLengthLimit", NONE),
        AGE,
    ),
}
"""By the table of the store."""
