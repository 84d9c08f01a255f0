"""Kinds that no plugin offers: admitted by a WorkloadType object, made of settings, never what gives rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Health, Kind
from rudr_py.catalog import Catalog
from rudr_py.render.status import health
from rudr_py.render.values.inputs import Definitions, NothingObserved
from rudr_py.render.values.plan import Plan

API = "core.oam.dev/v1alpha1"
CACHE = Kind("acme.dev/v1", "Cache")

SETTINGS = [
    {"name": "size", "type": "number", "required": True},
    {"name": "engine", "type": "string", "default": "redis"},
    {"name": "nested", "type": "object"},
]

Text = Callable[..., str]
Make = Callable[..., Plan]


def _type(group: str = "acme.dev", kind: str = "Cache", **spec: Any) -> dict[str, Any]:
    existing = {"group": group, "version": "v1", "names": {"kind": kind}, "settings": SETTINGS} | spec
    return {"apiVersion": API, "kind": "WorkloadType", "metadata": {"name": "cache"}, "spec": existing}


def _component(*settings: dict[str, Any], workload: str = "acme.dev/v1.Cache", **spec: Any) -> str:
    parameters = [
        {"name": "count", "type": "number"},
        {"name": "label", "type": "string", "default": "blue"},
        {"name": "trap", "type": "object"},
    ]
    existing = {"workloadType": workload, "parameters": parameters, "workloadSettings": list(settings)} | spec
    document = {"apiVersion": API, "kind": "ComponentSchematic", "metadata": {"name": "cache"}, "spec": existing}
    return msgspec.json.encode(document).decode()


@pytest.fixture(name="made")
def _made(plan: Make, application: Text, definitions: Callable[..., Definitions]) -> Callable[..., Plan]:
    """The plan of an instance `c` of a component with these settings, where the cluster has `types`."""

    def made(
        *settings: dict[str, Any], types: Any = None, values: Any = (), traits: Any = (), **component: Any
    ) -> Plan:
        binding = {
            "componentName": "cache",
            "instanceName": "c",
            "parameterValues": list(values),
            "traits": list(traits),
        }
        existing = definitions(*([_type()] if types is None else types))
        return plan(application(binding, components=_component(*settings, **component)), definitions=existing)

    return made


def _told(plan: Plan) -> list[tuple[str, str, str]]:
    return [(problem.rule, problem.path, problem.message) for problem in plan.problems]


def _spec(plan: Plan) -> dict[str, Any]:
    assert not plan.problems, plan.problems
    (planned,) = (manifest for manifest in plan.manifests if manifest.ref.kind == CACHE)
    assert (planned.ref.name, planned.owner) == ("c", "instance")
    result: dict[str, Any] = planned.body["spec"]
    return result


def test_settings_and_defaults_become_the_spec(made: Make) -> None:
    assert _spec(made({"name": "size", "value": 3})) == {"size": 3, "engine": "redis"}


def test_a_setting_spec_is_the_spec_as_in_rudr(made: Make) -> None:
    plan = made({"name": "spec", "type": "object", "value": {"any": {"thing": 1}}}, types=[_type(settings=[])])
    assert _spec(plan) == {"any": {"thing": 1}}


def test_parameters_are_replaced_at_every_depth(made: Make) -> None:
    nested = {"list": [{"fromParam": "label"}, {"fromParam": "count"}], "n": {"fromParam": "count", "value": 7}}
    plan = made({"name": "size", "fromParam": "count"}, {"name": "nested", "value": nested})
    assert [rule for rule, _, _ in _told(plan)] == ["WT-3"]
    plan = made(
        {"name": "size", "fromParam": "count"},
        {"name": "nested", "value": nested},
        values=[{"name": "count", "value": 2}],
    )
    assert _spec(plan) == {"size": 2, "engine": "redis", "nested": {"list": ["blue", 2], "n": 2}}


def test_a_parameter_without_a_value_leaves_the_adjacent_value_or_removes_the_entry(made: Make) -> None:
    nested = {"n": {"fromParam": "count", "value": 7}, "gone": {"fromParam": "count"}, "list": [{"fromParam": "count"}]}
    plan = made({"name": "size", "value": 1}, {"name": "nested", "value": nested})
    assert _spec(plan)["nested"] == {"n": 7, "list": []}


def test_values_of_parameters_are_not_searched_for_references(made: Make) -> None:
    trap = {"fromParam": "label"}
    plan = made(
        {"name": "size", "value": 1},
        {"name": "nested", "fromParam": "trap"},
        values=[{"name": "trap", "value": {"inner": trap}}],
    )
    assert _spec(plan)["nested"] == {"inner": trap}


def test_an_unknown_parameter_is_reported_at_its_path_with_a_suggestion(made: Make) -> None:
    plan = made({"name": "size", "value": 1}, {"name": "nested", "value": {"a": [{"fromParam": "labl"}]}})
    ((rule, path, message),) = _told(plan)
    assert (rule, path) == ("WS-2", "$.spec.workloadSettings[1].value.a[0].fromParam")
    assert message == 'the component has no parameter "labl". Did you mean "label"?'
    assert plan.problems[0].document == "componentschematic/cache"


def test_settings_must_be_declared_have_their_types_and_include_required_ones(made: Make) -> None:
    reported = _told(made({"name": "engin", "value": "x"}, {"name": "engine", "value": 5}))
    assert {(rule, message) for rule, _, message in reported} == {
        ("WT-3", 'acme.dev/v1.Cache has no property "engin". Did you mean "engine"?'),
        ("WT-3", 'acme.dev/v1.Cache requires the property "size"'),
        ("WT-3", "is 5, must be text; put it in quotes"),
    }


def test_the_message_without_a_definition_names_the_object_that_could_admit_the_type(made: Make) -> None:
    ((rule, path, message),) = _told(made(types=[]))
    assert (rule, path) == ("CO-13", "$.spec.workloadType")
    assert "A WorkloadType object in the definitions namespace could admit it" in message


@pytest.mark.parametrize("version", ["v1", ""])
def test_the_version_must_match_that_of_the_definition(made: Make, version: str) -> None:
    types = [_type(version=version)]
    assert not made({"name": "size", "value": 1}, types=types).problems
    other = made({"name": "size", "value": 1}, types=types, workload="acme.dev/v2.Cache")
    assert bool(other.problems) is (version == "v1")


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
    ],
)
def test_kinds_that_grant_rights_are_never_admitted(made: Make, group: str, kind: str) -> None:
    plan = made({"name": "size", "value": 1}, types=[_type(group, kind)], workload=f"{group}/v1.{kind}")
    assert "are never admitted" in plan.problems[0].message


def test_a_kind_of_oam_is_not_admitted(made: Make) -> None:
    plan = made(
        {"name": "size", "value": 1},
        types=[_type("core.oam.dev", "Trait", version="v1alpha1")],
        workload="core.oam.dev/v1alpha1.Trait",
    )
    assert [rule for rule, _, _ in _told(plan)] == ["CO-13"]


def test_an_invalid_definition_admits_nothing_and_is_named(made: Make) -> None:
    wrong = _type(settings=[{"name": "size", "required": "perhaps"}])
    assert 'The WorkloadType object "cache" would admit it, but is not valid' in made(types=[wrong]).problems[0].message


def test_containers_have_no_effect_and_cause_a_warning(made: Make) -> None:
    plan = made({"name": "size", "value": 1}, containers=[{"name": "main", "image": "x:1"}])
    assert any("the containers have no effect" in warning.message for warning in plan.warnings)


def test_traits_that_require_pods_or_scale_are_rejected(made: Make) -> None:
    plan = made({"name": "size", "value": 1}, traits=[{"name": "manual-scaler", "properties": {"replicaCount": 2}}])
    assert [rule for rule, _, _ in _told(plan)] == ["TR-14"]


def test_an_installed_type_takes_precedence_over_a_definition(made: Make, catalog: Catalog) -> None:
    del catalog
    plan = made(
        types=[_type("core.oam.dev", "Worker", version="v1alpha1")],
        workload="core.oam.dev/v1alpha1.Worker",
        containers=[{"name": "main", "image": "x:1"}],
    )
    assert any(planned.ref.kind.kind == "Deployment" for planned in plan.manifests)


class Seen(NothingObserved):
    """One Cache with this Ready condition."""

    def __init__(self, ready: str) -> None:
        self._ready = ready

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The Cache, named like the instance."""
        condition = {"type": "Ready", "status": self._ready, "reason": "Warm", "message": "as it is"}
        document = {"metadata": {"name": instance}, "status": {"conditions": [condition]}}
        return ({**document, "apiVersion": kind.api_version, "kind": kind.kind},) if kind == CACHE else ()


def test_health_of_an_extended_workload_comes_from_its_conditions(made: Make) -> None:
    plan = made({"name": "size", "value": 1})
    now = plan.instances[0].workload.context.now
    assert health.assess(plan, Seen("True"), now).instances[0].workload.ok
    assert health.assess(plan, Seen("False"), now).instances[0].workload == Health("progressing", "Warm", "as it is")
