"""Statements of the security page about types and rights hold for every object and rule."""

from __future__ import annotations

import pytest

from rudr_py.plugins import rights
from rudr_py.render.types import extended_workload
from tests import own_packages
from tests.docs.pages import ROOT

BUILTIN = [
    path for folder in ("builtin", "api/pod_templates") for path in sorted((ROOT / "rudr_py" / folder).rglob("*.py"))
]


@pytest.mark.parametrize(
    "field", ["serviceAccount", "hostPath", "hostNetwork", "hostPID", "securityContext", "capabilities", "privileged"]
)
def test_no_standard_type_writes_the_field(field: str) -> None:
    assert len(BUILTIN) > 20
    assert [path.name for path in BUILTIN if field in path.read_text()] == []


@pytest.mark.parametrize("resource", ["secrets", "nodes", "roles", "clusterroles", "serviceaccounts", "*"])
def test_the_types_of_the_project_request_no_right_to(resource: str) -> None:
    needed = rights.needed(own_packages.everything().catalog, root_scopes=True, leases=(rights.LEASE,))
    rules = (*needed.cluster, *needed.definitions, *needed.own)
    assert not any(resource in (*rule.resources, *rule.groups) for rule in rules)
    verbs = {verb for rule in rules for verb in rule.verbs}
    assert verbs <= {"get", "list", "watch", "create", "update", "patch", "delete"}


@pytest.mark.parametrize("group", ["rbac.authorization.k8s.io", "apiextensions.k8s.io", "certificates.k8s.io"])
def test_groups_that_grant_permissions_are_never_admitted(group: str) -> None:
    assert group in extended_workload.FORBIDDEN_GROUPS
