"""Who is in which scope: told once, known to those whom it concerns, and shrinking for no reason but a change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rudr_py.api import Health, Member
from rudr_py.controller.state.scope_index import ScopeIndex
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION

NOBODY: frozenset[ObjectKey] = frozenset()
WELL = ("groups", "well")
Make = Callable[..., LiveObject]


def keys(*names: str) -> frozenset[ObjectKey]:
    return frozenset(ObjectKey("shop", name) for name in names)


def key(name: str) -> ObjectKey:
    return ObjectKey("shop", name)


def member(application: str, state: Any = "ready") -> Member:
    return Member(
        application=application,
        instance=f"{application}-web",
        component="web",
        workload="Server",
        health=Health(state, "Because"),
    )


def joins(live: Make, name: str, *scopes: str) -> LiveObject:
    binding = {"componentName": "web", "instanceName": f"{name}-web", "applicationScopes": list(scopes)}
    return live(APPLICATION, name, {"spec": {"components": [binding]}})


def declares(live: Make, name: str, *scopes: str, kind: str = "HealthScope") -> LiveObject:
    listed = [{"name": scope, "type": f"core.oam.dev/v1alpha1.{kind}", "properties": {}} for scope in scopes]
    return live(APPLICATION, name, {"spec": {"components": [], "scopes": listed}})


@pytest.fixture
def groups() -> ScopeIndex:
    return ScopeIndex()


def looked_at(groups: ScopeIndex, *names: str) -> None:
    for name in names:
        groups.reconciled(key(name))


def test_an_application_and_each_of_its_scopes_can_be_named(groups: ScopeIndex, live: Make) -> None:
    groups.update(key("groups"), declares(live, "groups", "well", "net"))
    known = groups.scopes("shop")
    assert set(known) == {"groups", "well", "net"}
    assert [scope.name for scope in known["groups"]] == ["well", "net"]
    assert groups.scopes("other") == {}


@pytest.mark.parametrize("named", ["groups", "well"])
def test_a_created_changed_or_deleted_scope_concerns_the_applications_that_name_it(
    groups: ScopeIndex, live: Make, named: str
) -> None:
    assert groups.update(key("one"), joins(live, "one", named)) == NOBODY
    groups.update(key("two"), joins(live, "two", "else"))
    scoped = declares(live, "groups", "well")
    assert groups.update(key("groups"), scoped) == keys("one")
    assert groups.update(key("groups"), scoped) == NOBODY
    assert groups.update(key("groups"), declares(live, "groups", "well", kind="NetworkScope")) == keys("one")
    assert groups.update(key("groups"), None) == keys("one")
    assert groups.scopes("shop") == {}


def test_namespaces_are_independent(groups: ScopeIndex, live: Make) -> None:
    groups.update(ObjectKey("other", "one"), joins(live, "one", "groups"))
    assert groups.update(key("groups"), declares(live, "groups", "well")) == NOBODY


def test_only_changed_membership_or_health_concerns_the_application_of_a_scope(groups: ScopeIndex) -> None:
    one = {WELL: (member("one"),)}
    assert groups.set_members(key("one"), one) == keys("groups")
    assert groups.set_members(key("one"), dict(one)) == NOBODY
    assert groups.set_members(key("one"), {WELL: (member("one", "failed"),)}) == keys("groups")
    assert groups.set_members(key("one"), {}) == keys("groups")
    assert groups.set_members(key("one"), {}) == NOBODY


def test_members_of_all_applications_are_in_order(groups: ScopeIndex, live: Make) -> None:
    groups.update(key("groups"), declares(live, "groups", "well", "empty"))
    for name in ("two", "one"):
        groups.set_members(key(name), {WELL: (member(name),), ("groups", "gone"): (member(name),)})
    assert groups.members(key("groups")) == {"well": (member("one"), member("two")), "empty": ()}
    assert groups.members(key("one")) == {}


def test_scopes_wait_until_all_applications_have_been_reconciled(groups: ScopeIndex, live: Make) -> None:
    groups.update(key("groups"), declares(live, "groups", "well"))
    for name in ("one", "two"):
        groups.update(key(name), joins(live, name, "groups"))
    assert groups.reconciled(key("groups")) == NOBODY
    assert groups.hold("shop", keys("groups"))
    assert groups.set_members(key("one"), {WELL: (member("one"),)}) == NOBODY
    assert groups.reconciled(key("one")) == NOBODY
    assert groups.reconciled(key("two")) == keys("groups")
    assert not groups.hold("shop", keys("groups"))
    assert groups.reconciled(key("two")) == NOBODY


def test_a_deleted_application_blocks_no_scope_and_leaves_its_scopes(groups: ScopeIndex, live: Make) -> None:
    groups.update(key("groups"), declares(live, "groups", "well"))
    groups.update(key("one"), joins(live, "one", "groups"))
    looked_at(groups, "groups")
    assert groups.hold("shop", keys("groups"))
    groups.update(key("one"), None)
    assert groups.forget(key("one")) == keys("groups")
    groups.set_members(key("two"), {WELL: (member("two"),)})
    assert groups.forget(key("two")) == keys("groups")
    assert groups.members(key("groups")) == {"well": ()}


def test_root_scopes_concern_every_application_of_the_namespace(live: Make) -> None:
    groups = ScopeIndex("root")
    groups.update(key("one"), live(APPLICATION, "one", {"spec": {"components": []}}))
    assert groups.update(key("root"), declares(live, "root", "root-health")) == keys("one")


@pytest.mark.parametrize("spec", [None, [], {"scopes": 3}, {"scopes": [3]}, {"components": [{"applicationScopes": 3}]}])
def test_a_document_of_any_shape_is_read(groups: ScopeIndex, live: Make, spec: Any) -> None:
    groups.update(key("one"), live(APPLICATION, "one", {"spec": spec}))
    assert groups.members(key("one")) == {}


APPLICATIONS = st.sampled_from(["a", "b", "c"])
JOINED = st.frozensets(st.tuples(st.sampled_from(["groups", "more"]), st.sampled_from(["x", "y"])), max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # `live` is a pure function
@given(steps=st.lists(st.tuples(APPLICATIONS, JOINED), max_size=20))
def test_members_are_those_that_each_application_reported_last(
    live: Make, steps: list[tuple[str, frozenset[tuple[str, str]]]]
) -> None:
    scopes = ScopeIndex()
    for owner in ("groups", "more"):
        scopes.update(key(owner), declares(live, owner, "x", "y"))
        scopes.reconciled(key(owner))
    last: dict[str, frozenset[tuple[str, str]]] = {}
    for name, joined in steps:
        concerned = scopes.set_members(key(name), {scope: (member(name),) for scope in joined})
        assert concerned == keys(*{owner for owner, _ in last.get(name, frozenset()) ^ joined})
        last[name] = joined
    for owner in ("groups", "more"):
        expected = {
            scope: tuple(member(name) for name, joined in sorted(last.items()) if (owner, scope) in joined)
            for scope in ("x", "y")
        }
        assert scopes.members(key(owner)) == expected


def test_deleted_applications_leave_nothing_in_memory(groups: ScopeIndex, live: Make) -> None:
    groups.update(key("groups"), declares(live, "groups", "well"))
    groups.update(key("one"), joins(live, "one", "groups"))
    groups.set_members(key("one"), {WELL: (member("one"),)})
    for name in ("groups", "one"):
        groups.update(key(name), None)
        groups.forget(key(name))
    assert groups.is_empty()
