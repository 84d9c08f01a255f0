"""The conformance suite fails for a type that violates a rule, and passes for a type that follows all rules."""

from __future__ import annotations

import datetime as dt
import importlib
import itertools
import os
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rudr_py.api import Health, InvalidProperties, Kind, Manifest, Rendered, SetField, Trait, TraitContext
from rudr_py.plugins import rights
from rudr_py.testing import RenderError, checks, conformance, fuzz_objects, rbac_check
from rudr_py.testing.checks import Case
from rudr_py.testing.rendering import RenderSetup

CONFIG = Kind("v1", "ConfigMap")
GADGET = Kind("example.org/v1", "Gadget")
SERVICE, ACCOUNT = Kind("v1", "Service"), Kind("v1", "ServiceAccount")


class Good(Trait[Any]):
    name = "good"
    produces = (CONFIG,)

    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        return {"size": "1"}

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        body = {"data": self.data(ctx)}
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name("good"), body=body),))


test_conforms = conformance.suite(Good(), properties=[{}, {"anything": 1}])


def _case(type_: Trait[Any]) -> Case:
    return Case(setup=RenderSetup(type_=type_))


def _saying(data: Callable[[TraitContext[Any]], object]) -> Trait[Any]:
    class Saying(Good):
        def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
            return {"size": str(data(ctx))}

    return Saying()


def _declaring(**declared: Any) -> Trait[Any]:
    made: Trait[Any] = type("Declaring", (Good,), declared)()
    return made


COUNT = itertools.count()


class Greedy(Good):
    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=Kind("v1", "Secret"), name=ctx.name("good"), body={}),))


class Constant(Good):
    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=CONFIG, name="settings", body={}),))


class Nosy(Good):
    """Depends on the listed order of traits."""

    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        return {"first": ctx.traits[0].name}


class Meddler(Good):
    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        ctx.manifests[0].body["spec"]["replicas"] = 7
        return {}


class Fragile(Good):
    def health(self, ctx: TraitContext[Any]) -> Health:
        found = ctx.live(ctx.manifests[0].ref) or {}
        return Health("ready" if found["status"]["phase"] == "Good" else "failed", "Looked")


class Rejecting(Good):
    def health(self, ctx: TraitContext[Any]) -> Health:
        raise InvalidProperties("the status has no phase")


class Gullible(Good):
    """Believes what it observes while it renders."""

    observes = (CONFIG,)

    def data(self, ctx: TraitContext[Any]) -> dict[str, Any]:
        return {"seen": "".join(found["data"]["size"] for found in ctx.observed(CONFIG))}


class Refusing(Good):
    def render(self, ctx: TraitContext[Any]) -> Rendered:
        raise ValueError(ctx.instance)


@pytest.mark.parametrize(
    ("check", "bad"),
    [
        (checks.has_valid_declarations, _declaring(produces=["ConfigMap"])),
        (checks.has_valid_declarations, _declaring(observe=(CONFIG,))),
        (checks.has_a_valid_schema, _declaring(properties={"type": "object", "required": ["a"]})),
        (
            checks.has_a_valid_schema,
            _declaring(properties={"type": "object", "properties": {"a": {"type": "string", "default": 1}}}),
        ),
        (checks.renders, Refusing()),
        (checks.renders_the_same_bytes_twice, _saying(lambda _: next(COUNT))),
        (checks.does_not_change_its_inputs, Meddler()),
        (checks.has_no_side_effects, _saying(lambda _: time.time())),
        (checks.has_no_side_effects, _saying(lambda _: dt.datetime.now(dt.UTC))),
        (checks.has_no_side_effects, _saying(lambda _: dt.date.today())),  # noqa: DTZ011 - the error under test
        (checks.has_no_side_effects, _saying(lambda _: random.random())),  # noqa: S311 - the error under test
        (checks.has_no_side_effects, _saying(lambda _: os.urandom(1))),
        (checks.has_no_side_effects, _saying(lambda _: os.environ.get("HOME"))),
        (checks.has_no_side_effects, _saying(lambda _: socket.socket().close())),
        (checks.has_no_side_effects, _saying(lambda _: os.listdir("."))),  # noqa: PTH208 - the error under test
        (checks.adds_only_declared_kinds, Greedy()),
        (checks.has_unique_names_of_at_most_63_characters, Constant()),
        (checks.is_independent_of_the_order_of_traits, Nosy()),
        (checks.has_health_for_any_objects, Fragile()),
        (checks.has_health_for_any_objects, Rejecting()),
        (checks.has_health_for_any_objects, Gullible()),
        (checks.renders_objects_that_kubernetes_accepts, _saying(lambda _: 1)),
    ],
)
def test_a_violation_of_the_contract_fails_its_check(check: Callable[[Case], None], bad: Trait[Any]) -> None:
    check(_case(Good()))
    if check is checks.renders_objects_that_kubernetes_accepts:
        bad = type("Unknown", (Good,), {"data": lambda _self, _ctx: {"size": 1}})()
    with pytest.raises((AssertionError, RenderError)):
        check(_case(bad))


def test_fuzz_objects_are_deterministic_and_cover_every_json_type() -> None:
    places = [("v1", "ConfigMap", "a"), ("v1", "Pod", "b")]
    first, second = list(fuzz_objects.documents(places)), list(fuzz_objects.documents(places))
    assert first == second
    assert len(first) > fuzz_objects.EXAMPLES
    kinds = {type(one.get("status")) for situation in first for one in situation}
    assert kinds >= {dict, list, str, int, float, bool, type(None)}


def test_a_missing_right_is_reported_with_the_request() -> None:
    case = _case(Good())
    enough = rights.needed(case.catalog())
    without = msgspec.structs.replace(enough, cluster=tuple(rule for rule in enough.cluster if rule.groups != ("",)))
    with pytest.raises(AssertionError, match="configmaps"):
        rbac_check.check([case.setup], case.catalog(), without)


def test_a_type_that_cannot_render_fails_before_a_cluster_is_started() -> None:
    with pytest.raises(RenderError, match="raised ValueError"):
        checks.declares_the_rights_that_it_needs(_case(Refusing()))


def test_an_unsynced_application_is_reported_with_the_errors_of_the_server() -> None:
    class Unfit(Good):
        produces = (SERVICE,)

        def render(self, ctx: TraitContext[Any]) -> Rendered:
            body = {"spec": {"type": "ExternalName"}}
            return Rendered(add=(Manifest(kind=SERVICE, name=ctx.name("good"), body=body),))

    case = _case(Unfit())
    with pytest.raises(AssertionError, match='rights of "good" could not be checked') as told:
        rbac_check.check([case.setup], case.catalog())
    assert "Synced is False, Invalid: " in str(told.value)
    assert "the server returned 422 for PATCH /api/v1/namespaces/default/services/" in str(told.value)


def test_an_unsynced_application_is_reported_with_the_fault_of_the_type() -> None:
    case = _case(Refusing())
    with pytest.raises(AssertionError, match=r"Valid is False, PluginFailed: .* raised ValueError"):
        rbac_check.check([case.setup], case.catalog())


def test_an_unsynced_application_fails_the_check_of_rights_after_a_timeout() -> None:
    class Robber(Good):
        produces = (ACCOUNT,)

        def render(self, ctx: TraitContext[Any]) -> Rendered:
            return Rendered(add=(Manifest(kind=ACCOUNT, name="default", body={}),))

    case = _case(Robber())
    with pytest.raises(AssertionError, match=r'application "app-0" was not synced in 1 s'):
        rbac_check.check([case.setup], case.catalog(), patience=1.0)


@pytest.mark.parametrize("begun", [True, False])
def test_an_endless_health_fails_before_a_cluster_is_started(begun: bool) -> None:
    class Endless(Good):
        def health(self, ctx: TraitContext[Any]) -> Health:
            found = ctx.live(ctx.manifests[0].ref) or {}
            while not begun or "status" in found:
                pass
            return Health("ready", "Good")

    with pytest.raises(AssertionError, match=r"raised TimeoutError: no result within .*; observed were "):
        checks.declares_the_rights_that_it_needs(_case(Endless()))


def test_kinds_of_other_projects_get_placeholder_definitions() -> None:
    class Gadgets(Good):
        produces = (GADGET,)

    checks.declares_the_rights_that_it_needs(_case(Gadgets()))


ROUTE = Kind("gateway.networking.k8s.io/v1", "HTTPRoute")
BUDGET = Kind("policy/v1", "PodDisruptionBudget")
CLAIM_TEMPLATE = Kind("resource.k8s.io/v1", "ResourceClaimTemplate")


class _Adding(Good):
    """Adds an object with this body."""

    body: dict[str, Any]

    def render(self, ctx: TraitContext[Any]) -> Rendered:
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name("good"), body=self.body),))


def _adding(kind: Kind, body: dict[str, Any]) -> Trait[Any]:
    made: Trait[Any] = type("Adding", (_Adding,), {"produces": (kind,), "body": body})()
    return made


def test_a_kind_of_another_project_in_a_group_of_kubernetes_is_checked_without_a_schema() -> None:
    case = _case(_adding(ROUTE, {"spec": {"hostnames": ["shop.example.com"]}}))
    checks.renders_objects_that_kubernetes_accepts(case)
    checks.declares_the_rights_that_it_needs(case)


def test_the_releases_of_kubernetes_are_an_argument() -> None:
    claims = {"spec": {"spec": {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpu"}}]}}}}
    case = _case(_adding(CLAIM_TEMPLATE, claims))
    with pytest.raises(AssertionError, match=r"Kubernetes 1\.25 rejects resourceclaimtemplate"):
        checks.renders_objects_that_kubernetes_accepts(case)
    checks.renders_objects_that_kubernetes_accepts(msgspec.structs.replace(case, releases=("1.35", "1.37")))


def test_a_rejected_object_is_reported_with_the_path_on_one_line() -> None:
    case = _case(_adding(BUDGET, {"spec": {"minAvailable": {"count": 1}}}))
    with pytest.raises(AssertionError) as error:
        checks.renders_objects_that_kubernetes_accepts(case)
    lines = str(error.value).splitlines()
    assert len(lines) == len(case.releases)
    assert all("$.spec.minAvailable: " in line and len(line) < 300 for line in lines)


@pytest.mark.parametrize(
    "declared",
    [
        {"applies_to": ("Server",)},
        {"applies_to": ("core.oam.dev/v1alpha1.Server", "servers.core.oam.dev")},
        {"requires": frozenset({"pod"})},
    ],
)
def test_words_that_match_nothing_are_invalid_declarations(declared: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match=next(iter(declared))):
        checks.has_valid_declarations(_case(_declaring(**declared)))


def test_a_set_in_a_body_is_reported_with_its_place() -> None:
    body = {"data": {"hosts": {"a", "b"}}}
    with pytest.raises(AssertionError, match=r"configmap/app-web-good at data.hosts is a set"):
        checks.returns_no_sets(_case(_adding(CONFIG, body)))


def test_a_hook_that_does_not_return_the_type_fails_when_its_package_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rudr_py_absent.py").write_text(
        "from rudr_py.api import Trait, hookimpl\n"
        "class Absent(Trait):\n    name = 'absent'\n    def render(self, ctx):\n        raise NotImplementedError\n"
        "class Present(Absent):\n    name = 'present'\n"
        "@hookimpl\ndef rudr_register_types():\n    return [Present()]\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    module = importlib.import_module("rudr_py_absent")
    checks.is_registered(_case(module.Absent()))  # the package is not installed
    info = tmp_path / "rudr_py_absent-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: rudr-py-absent\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[rudr_py.plugins]\nabsent = rudr_py_absent\n")
    checks.is_registered(_case(module.Present()))
    with pytest.raises(AssertionError, match='does not return the type "absent"'):
        checks.is_registered(_case(module.Absent()))


@pytest.mark.parametrize(
    ("path", "advice"),
    [
        (("spec", "template", "spec", "containers", 0, "image"), "the index 0; name the entry by its key"),
        (
            ("spec", "template", "spec", "containers", "web", "image"),
            'is a list; name an entry by its key: {"name": "web"}',
        ),
    ],
)
def test_a_path_into_a_list_without_a_key_is_reported_with_the_right_form(path: Any, advice: str) -> None:
    class Indexing(Good):
        def render(self, ctx: TraitContext[Any]) -> Rendered:
            return Rendered(edit=(SetField(ctx.manifests[0].ref, path, "web:2"),))

    with pytest.raises(RenderError) as error:
        checks.renders(_case(Indexing()))
    assert advice in str(error.value)
