"""The roles for users that contain a right: those of the chart by their default names, and `edit`. Pure."""

from __future__ import annotations

from rudr_py.errors import Right
from rudr_py.model.identity import CORE_GROUP

VIEWER, DEVELOPER, OPERATOR = "rudr-view", "rudr-developer", "rudr-application-operator"
INFRASTRUCTURE_OPERATOR, DEFINITION_READER = "rudr-infrastructure-operator", "rudr-definition-reader"
EDITOR = "edit"

DEFINITIONS = frozenset({"applicationscopes", "traits", "workloadtypes"})
READ = frozenset({"get", "list", "watch"})
WRITE = frozenset({"create", "update", "patch", "delete", "deletecollection"})

_WRITERS = {
    "applicationconfigurations": OPERATOR,
    "componentschematics": DEVELOPER,
    "healthscopes": INFRASTRUCTURE_OPERATOR,
    **dict.fromkeys(DEFINITIONS, INFRASTRUCTURE_OPERATOR),
}
_WORKLOADS = frozenset(
    {
        ("", "configmaps"),
        ("", "persistentvolumeclaims"),
        ("", "services"),
        ("apps", "deployments"),
        ("apps", "statefulsets"),
        ("autoscaling", "horizontalpodautoscalers"),
        ("batch", "jobs"),
        ("networking.k8s.io", "ingresses"),
        ("networking.k8s.io", "networkpolicies"),
    }
)
"""The kinds that the standard types write, by group and resource."""

_OBSERVED = frozenset(
    {("", "events"), ("", "pods"), ("", "resourcequotas"), ("apps", "replicasets"), ("events.k8s.io", "events")}
)


def containing(right: Right) -> str:
    """The role with the fewest rights that contains a right, to be bound in its namespace; empty if there is none."""
    place = right.group, right.resource
    if not right.namespace:
        return ""
    if right.group == CORE_GROUP:
        if right.verb in READ:
            return DEFINITION_READER if right.resource in DEFINITIONS else VIEWER
        return _WRITERS.get(right.resource, "") if right.verb in WRITE else ""
    if right.verb in READ and place in _WORKLOADS | _OBSERVED:
        return OPERATOR
    if place == ("", "pods/log") and right.verb == "get":
        return OPERATOR
    return EDITOR if place in _WORKLOADS and right.verb in WRITE else ""


def advice(right: Right) -> str:
    """The end of a sentence about a missing right: the role that contains it; empty if there is none."""
    role = containing(right)
    return f"; the role {role} contains this right" if role else ""
