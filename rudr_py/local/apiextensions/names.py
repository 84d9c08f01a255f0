"""The names of a CustomResourceDefinition: conflicts with other kinds, and the conditions that report them. Pure."""

from __future__ import annotations

from rudr_py.local.registry.resources import Registry
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import definitions


def name_conflict(registry: Registry, definition: Object) -> str:
    """Return a message naming the first name that another kind of the group uses, or an empty string."""
    spec, table = definition["spec"], definition["metadata"]["name"]
    names = spec["names"]
    taken: set[str] = set()
    kinds: set[str] = set()
    for resource in registry:
        if resource.group == spec["group"] and resource.table != table:
            taken.update((resource.plural, resource.singular, *resource.short_names))
            kinds.update((resource.kind, resource.list_kind))
    for name in (names["plural"], names.get("singular", ""), *(names.get("shortNames") or ())):
        if name in taken:
            return f'"{name}" is already in use'
    return f'"{names["kind"]}" is already in use' if names["kind"] in kinds else ""


def _approval(definition: Object) -> list[tuple[str, str, str, str]]:
    """The condition of a definition in a group that is reserved for the Kubernetes community."""
    approval = (definition["metadata"].get("annotations") or {}).get(definitions.APPROVAL_ANNOTATION, "")
    if not approval or not definitions.is_protected(definition):
        return []
    kind = "KubernetesAPIApprovalPolicyConformant"
    if approval.startswith("unapproved"):
        return [(kind, "False", "UnapprovedAnnotation", f'not approved: "{approval}"')]
    return [(kind, "True", "ApprovedAnnotation", f"approved in {approval}")]


def status(definition: Object, conflict: str, now: str) -> Object:
    """Return the status of a definition; `conflict` is the message of `name_conflict`."""
    live_status: Object = definition.get("status") or {}
    names = {key: value for key, value in definition["spec"]["names"].items() if value}
    stored = [each["name"] for each in definition["spec"]["versions"] if each.get("storage")]
    versions = list(dict.fromkeys([*(live_status.get("storedVersions") or ()), *stored]))
    if conflict:
        desired = [
            ("NamesAccepted", "False", "PluralConflict", conflict),
            ("Established", "False", "NotAccepted", "not all names are accepted"),
        ]
        names = live_status.get("acceptedNames") or {"plural": "", "kind": ""}
    else:
        desired = [
            ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
            ("Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
        ]
    desired[:0] = _approval(definition)
    live_conditions = {each["type"]: each for each in live_status.get("conditions") or ()}
    conditions = []
    for condition_type, state, reason, message in desired:
        condition = live_conditions.get(condition_type)
        if condition is None or condition["status"] != state:
            condition = {
                "type": condition_type,
                "status": state,
                "lastTransitionTime": now,
                "reason": reason,
                "message": message,
            }
        conditions.append(condition)
    return {"conditions": conditions, "acceptedNames": names, "storedVersions": versions}
