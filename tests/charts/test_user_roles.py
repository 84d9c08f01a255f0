"""The roles that commands name for a missing right contain that right."""

from __future__ import annotations

import itertools

import pytest

from rudr_py.cli.cluster import user_roles
from rudr_py.errors import Right
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import rights
from tests.charts import generated, rendering
from tests.charts.test_rights import Atom, atoms

OAM = [(CORE_GROUP, crd["spec"]["names"]["plural"]) for crd in crds.documents()]
BESIDE = [("", "pods"), ("", "pods/log"), ("", "events"), ("events.k8s.io", "events"), ("apps", "replicasets")]


def produced() -> list[tuple[str, str]]:
    """The kinds that the standard types write, by group and resource."""
    kinds = {kind for offer in generated.catalog().offers() for kind in offer.type.produces}
    return [(kind.group, rights.plural(kind)) for kind in kinds if kind.group != CORE_GROUP]


def contained() -> dict[str, set[Atom]]:
    """The permissions of the chart's roles."""
    documents = rendering.rendered({})
    return {d["metadata"]["name"]: atoms(d.get("rules", ())) for d in documents if d["kind"] in ("ClusterRole", "Role")}


def test_a_named_role_of_the_chart_contains_the_right() -> None:
    roles = contained()
    places = [*OAM, *produced(), *BESIDE]
    named = set()
    for (group, resource), verb in itertools.product(places, sorted(user_roles.READ | user_roles.WRITE)):
        role = user_roles.containing(Right(verb, resource, group, "team"))
        if role not in ("", user_roles.EDITOR):
            named.add(role)
            assert (group, resource, verb, ()) in roles[role]
    assert len(named) == 5


@pytest.mark.parametrize("verb", ["get", "list", "watch"])
def test_every_kind_of_which_applications_consist_has_a_role_that_reads_it(verb: str) -> None:
    for group, resource in [*OAM, *produced(), ("", "pods"), ("", "events"), ("apps", "replicasets")]:
        assert user_roles.containing(Right(verb, resource, group, "team"))


def test_every_workload_has_a_role_that_writes_it() -> None:
    for group, resource in produced():
        assert user_roles.containing(Right("patch", resource, group, "team")) == "edit"


@pytest.mark.parametrize(
    "right",
    [
        Right("list", "deployments", "apps"),
        Right("patch", "componentinstances", CORE_GROUP, "team"),
        Right("get", "secrets", "", "team"),
        Right("create", "rolebindings", "rbac.authorization.k8s.io", "team"),
        Right("impersonate", "serviceaccounts", "", "team"),
    ],
)
def test_no_role_is_named_for_rights_that_users_do_not_get(right: Right) -> None:
    assert user_roles.containing(right) == ""
    assert user_roles.advice(right) == ""
