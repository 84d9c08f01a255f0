"""Rules of the kinds that configure the cluster: RBAC, policies, classes, webhooks, definitions. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.errors import Cause
from rudr_py.local.rules import rule
from rudr_py.local.rules.rule import Rule
from rudr_py.local.store import Object


def _role_fixed(new: Object, old: Object) -> Iterator[Cause]:
    if new.get("roleRef") != old.get("roleRef"):
        yield rule.invalid("roleRef", new.get("roleRef"), "cannot change roleRef")


def _class_fixed(new: Object, old: Object) -> Iterator[Cause]:
    for field in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
        if new.get(field) != old.get(field):
            yield rule.forbidden(
                field, "updates to provisioner are forbidden." if field == "provisioner" else "immutable"
            )


def _webhooks(obj: Object) -> object:
    return obj.get("webhooks")


RULES: dict[str, Rule] = {
    "customresourcedefinitions.apiextensions.k8s.io": Rule(watched=rule.spec, unconditional=False),
    "roles.rbac.authorization.k8s.io": Rule(upsert=True),
    "clusterroles.rbac.authorization.k8s.io": Rule(upsert=True),
    "rolebindings.rbac.authorization.k8s.io": Rule(check_change=_role_fixed, upsert=True),
    "clusterrolebindings.rbac.authorization.k8s.io": Rule(check_change=_role_fixed, upsert=True),
    "poddisruptionbudgets.policy": Rule(watched=rule.spec),
    "priorityclasses.scheduling.k8s.io": Rule(watched=lambda obj: obj.get("value")),
    "storageclasses.storage.k8s.io": Rule(check_change=_class_fixed),
    "flowschemas.flowcontrol.apiserver.k8s.io": Rule(watched=rule.spec),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": Rule(watched=rule.spec),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": Rule(watched=_webhooks),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": Rule(watched=_webhooks),
    "validatingadmissionpolicies.admissionregistration.k8s.io": Rule(watched=rule.spec),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": Rule(watched=rule.spec),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": Rule(watched=rule.spec),
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": Rule(watched=rule.spec),
}
