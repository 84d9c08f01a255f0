"""Strategies of cluster configuration: policies, classes, webhooks. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import strategy
from rudr_py.local.strategies.strategy import Strategy


def _class_fixed(new: Object, old: Object) -> Iterator[Cause]:
    for field in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
        if new.get(field) != old.get(field):
            yield causes.forbidden(
                field, "updates to provisioner are forbidden." if field == "provisioner" else "immutable"
            )


def _webhooks(obj: Object) -> object:
    return obj.get("webhooks")


def _api_service_causes(api_service: Object) -> Iterator[Cause]:
    spec, name = api_service.get("spec") or {}, api_service["metadata"].get("name", "")
    expected = f"{spec.get('version', '')}.{spec.get('group', '')}"
    if name != expected:
        yield causes.invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{expected}"')
    if not spec.get("group") and spec.get("version") != "v1":
        detail = "only v1 may have an empty group and it better be legacy kube"
        yield Cause(reason="FieldValueRequired", message=f"Required value: {detail}", field="spec.group")
    for field, limit in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < spec.get(field, 0) <= limit:
            yield causes.invalid(f"spec.{field}", spec.get(field, 0), f"must be positive and less than {limit}")


def _priority_fixed(new: Object, old: Object) -> Iterator[Cause]:
    if new.get("value") != old.get("value"):
        yield causes.forbidden("value", "may not be changed in an update.")
    yield from strategy.immutable(new, old, "preemptionPolicy")


def _priority_causes(priority_class: Object) -> Iterator[Cause]:
    """Users cannot create priorities of the system."""
    if priority_class["metadata"].get("name") in _SYSTEM_CLASSES:
        return
    if priority_class["metadata"].get("name", "").startswith("system-"):
        detail = "priority class names with 'system-' prefix are reserved for system use only"
        yield causes.forbidden("metadata.name", detail)
    if priority_class.get("value", 0) > _HIGHEST_PRIORITY:
        detail = f"maximum allowed value of a user defined priority is {_HIGHEST_PRIORITY}"
        yield causes.forbidden("value", detail)


_HIGHEST_PRIORITY = 1_000_000_000
_SYSTEM_CLASSES = ("system-cluster-critical", "system-node-critical")
STRATEGIES: dict[str, Strategy] = {
    "apiservices.apiregistration.k8s.io": Strategy(validate=_api_service_causes),
    "poddisruptionbudgets.policy": Strategy(generation_source=strategy.spec),
    "priorityclasses.scheduling.k8s.io": Strategy(
        validate=_priority_causes, validate_update=_priority_fixed, generation_source=lambda obj: obj.get("value")
    ),
    "storageclasses.storage.k8s.io": Strategy(validate_update=_class_fixed),
    "flowschemas.flowcontrol.apiserver.k8s.io": Strategy(generation_source=strategy.spec),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": Strategy(generation_source=strategy.spec),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": Strategy(generation_source=_webhooks),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": Strategy(generation_source=_webhooks),
    "validatingadmissionpolicies.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": Strategy(generation_source=strategy.spec),
}
