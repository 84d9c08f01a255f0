"""The checks of `rudr validate`, `render` and `diff` that an API server would do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from rudr_py.catalog import Catalog
from rudr_py.cli.documents import checking, files, schemas_extra
from rudr_py.cli.documents.checking import Checked
from rudr_py.cli.documents.document_set import DocumentSet
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.server_rules import ServerRules
from rudr_py.cli.documents.workspace import Workspace

NOW = datetime(2026, 1, 1, tzinfo=UTC)

Make = Callable[..., str]

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "redisclusters.cache.example.org"},
    "spec": {
        "group": "cache.example.org",
        "scope": "Namespaced",
        "names": {"kind": "RedisCluster", "plural": "redisclusters"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "engineVersion": {"type": "string"},
                                    "region": {"type": "string", "enum": ["eu", "us"]},
                                },
                            }
                        },
                    }
                },
            }
        ],
    },
}


def _workload_type(group: str, kind: str, *settings: str, **metadata: str) -> str:
    declared = [{"name": name, "type": "object" if name == "selector" else "string"} for name in settings]
    names = {"kind": kind, "singular": kind.lower(), "plural": f"{kind.lower()}s"}
    spec = {"group": group, "version": "v1alpha1", "names": names, "settings": declared}
    head = {"apiVersion": "core.oam.dev/v1alpha1", "kind": "WorkloadType"}
    return yaml.safe_dump({**head, "metadata": {"name": kind.lower(), **metadata}, "spec": spec})


def _cache(*, kind: str = "cache.example.org/v1alpha1.RedisCluster", **settings: Any) -> str:
    values = [{"name": name, "value": value} for name, value in settings.items()]
    head = {"apiVersion": "core.oam.dev/v1alpha1", "kind": "ComponentSchematic", "metadata": {"name": "web"}}
    return yaml.safe_dump({**head, "spec": {"workloadType": kind, "workloadSettings": values}})


def _check(catalog: Catalog, *documents: str) -> Checked:
    contents = files.read(("-",), recursive=False, stdin="---\n".join(documents).encode)
    assert contents.problems == ()
    return checking.check(_document_set(contents, schemas_extra.load()), catalog, NOW)


def _document_set(contents: FileContents, server_rules: ServerRules | None) -> DocumentSet:
    workspace = Workspace.parse(contents.documents)
    return DocumentSet(contents=contents, workspace=workspace, server_rules=server_rules)


def _errors(checked: Checked) -> list[tuple[str, str]]:
    return [(str(problem.location).split(":", 1)[1], problem.path) for problem in checked.problems.errors]


REDIS = _workload_type("cache.example.org", "RedisCluster", "engineVersion", "region")
BAD_METADATA = {
    "lables: {}": "$.metadata.lables",
    "name2: a": "$.metadata.name2",
    'labels: {app: "a b"}': "$.metadata.labels",
    "labels: {-: a}": "$.metadata.labels",
    "annotations: {a/b/c: a}": "$.metadata.annotations",
    "finalizers: [x y]": "$.metadata.finalizers",
    "namespace: Not_Valid": "$.metadata.namespace",
    "ownerReferences: [{kind: A}]": "$.metadata.ownerReferences[0].apiVersion",
}


@pytest.mark.parametrize(("line", "path"), BAD_METADATA.items())
def test_metadata_that_the_api_server_refuses_is_an_error_of_every_kind(
    line: str, path: str, component: Make, application: Make, everything: Catalog
) -> None:
    for document in (component(), application(), REDIS):
        bad = document.replace("metadata:\n", f"metadata:\n  {line}\n")
        errors = _check(everything, component(), bad).problems.errors
        assert any(error.path.startswith(path) for error in errors), errors


def test_an_unknown_field_beside_spec_is_an_error_and_one_in_spec_a_warning(
    component: Make, everything: Catalog
) -> None:
    checked = _check(everything, component() + "  foo: 1\nextra: 1\n")
    assert [problem.path for problem in checked.problems.errors] == ["$.extra"]
    assert [problem.path for problem in checked.problems.warnings] == ["$.spec.foo"]


def test_a_document_that_was_exported_from_a_cluster_is_accepted(component: Make, everything: Catalog) -> None:
    live = (
        "  resourceVersion: '5'\n  uid: 0b0b1a6e-0000-0000-0000-000000000000\n  generation: 2\n"
        "  creationTimestamp: '2026-01-01T00:00:00Z'\n  managedFields: [{manager: kubectl}]\n  selfLink: /apis/x\n"
    )
    assert _check(everything, component().replace("  name: web\n", f"  name: web\n{live}")).problems.errors == ()


def test_a_place_with_two_problems_is_reported_once(component: Make, everything: Catalog) -> None:
    checked = _check(everything, component("Not_Valid"), component("two").replace("name: main", "name: 5"))
    assert _errors(checked) == [("4:9", "$.metadata.name"), ("18:11", "$.spec.containers[0].name")]


@pytest.mark.parametrize("metadata", [{}, {"namespace": "rudr-system"}])
def test_a_workload_type_of_the_input_admits_its_kind(
    metadata: dict[str, str], application: Make, everything: Catalog
) -> None:
    definition = _workload_type("cache.example.org", "RedisCluster", "engineVersion", "region", **metadata)
    for documents in (
        (definition, _cache(region="eu"), application()),
        (application(), _cache(region="eu"), definition),
    ):
        checked = _check(everything, *documents)
        assert checked.problems.errors == ()
        assert [planned.ref.kind.kind for plan in checked.plans for planned in plan.manifests][-1] == "RedisCluster"
        assert "RedisCluster of cache.example.org/v1alpha1" in checked.notes[0]


def test_a_workload_type_of_the_input_admits_a_component_that_no_application_uses(everything: Catalog) -> None:
    assert _check(everything, REDIS, _cache(region="eu")).problems.errors == ()
    assert len(_check(everything, _cache(region="eu")).problems.errors) == 1


def test_a_workload_type_of_another_namespace_admits_nothing(application: Make, everything: Catalog) -> None:
    elsewhere = _workload_type("cache.example.org", "RedisCluster", "region", namespace="default")
    checked = _check(everything, elsewhere, _cache(region="eu"), application())
    assert [problem.path for problem in checked.problems.errors] == ["$.spec.workloadType"]


def test_a_trait_of_the_input_narrows_the_installed_one(
    component: Make, application: Make, everything: Catalog
) -> None:
    trait = "apiVersion: core.oam.dev/v1alpha1\nkind: Trait\nmetadata: {name: empty}\n"
    trait += "spec: {appliesTo: [core.oam.dev/v1alpha1.Task]}\n"
    checked = _check(everything, component(), application(), trait)
    assert [problem.path for problem in checked.problems.errors] == ["$.spec.components[0].traits[0].name"]


def test_a_definition_of_the_input_that_cannot_be_used_is_a_warning(
    component: Make, application: Make, everything: Catalog
) -> None:
    head = "apiVersion: core.oam.dev/v1alpha1\nkind: Trait\nmetadata: {name: empty}\n"
    schema = head + "spec:\n  appliesTo: ['*']\n  properties: '{\"type\": \"strin\"}'\n"
    applies_to = head + "spec: {appliesTo: [a.b/v1.C]}\n"
    for definition, path in ((schema, "$.spec.properties"), (applies_to, "$.spec.appliesTo[0]")):
        checked = _check(everything, component(), application(), definition)
        assert checked.problems.errors == ()
        located = [problem for problem in checked.problems.warnings if problem.location is not None]
        assert path in [problem.path for problem in located]
    forbidden = _workload_type("rbac.authorization.k8s.io", "Role")
    assert [problem.path for problem in _check(everything, forbidden).problems.warnings] == ["$.spec.group"]


def test_objects_are_checked_by_the_schema_of_a_crd_of_the_input(application: Make, everything: Catalog) -> None:
    documents = (yaml.safe_dump(CRD), REDIS, application())
    good, bad = (_check(everything, *documents, _cache(region=region)) for region in ("eu", "moon"))
    assert (good.problems.errors, good.notes) == ((), ())
    (error,) = bad.problems.errors
    assert error.path == "$.spec.components[0]"
    assert "rediscluster.cache.example.org/app-instance" in error.message
    assert "spec.region" in error.message
    assert [plan.manifests for plan in bad.plans] == [()]


def test_a_field_that_the_schema_of_a_crd_lacks_is_an_error(application: Make, everything: Catalog) -> None:
    definition = _workload_type("cache.example.org", "RedisCluster", "regoin")
    checked = _check(everything, yaml.safe_dump(CRD), definition, application(), _cache(regoin="eu"))
    assert 'Did you mean "region"?' in checked.problems.errors[0].message


def test_objects_of_built_in_kinds_are_checked_by_the_published_schemas(application: Make, everything: Catalog) -> None:
    definition = _workload_type("policy", "PodDisruptionBudget", "minAvailable", "maxReplicas").replace(
        "v1alpha1\n", "v1\n"
    )
    definition = definition.replace("apiVersion: core.oam.dev/v1\n", "apiVersion: core.oam.dev/v1alpha1\n")
    kind = "policy/v1.PodDisruptionBudget"
    good = _check(everything, definition, application(), _cache(kind=kind, minAvailable="50%"))
    bad = _check(everything, definition, application(), _cache(kind=kind, maxReplicas="1"))
    assert (good.problems.errors, good.notes) == ((), ())
    assert ["spec.maxReplicas" in error.message for error in bad.problems.errors] == [True]


def test_a_crd_that_the_api_server_refuses_is_an_error(everything: Catalog) -> None:
    wrong = {**CRD, "metadata": {"name": "redis"}}
    assert [path for _, path in _errors(_check(everything, yaml.safe_dump(wrong)))] == ["$.metadata.name"]


def test_an_older_crd_of_rudr_in_the_input_is_not_used(component: Make, everything: Catalog) -> None:
    spec: dict[str, Any] = {**CRD["spec"], "group": "core.oam.dev"}  # type: ignore[dict-item] # a map, by its literal
    names = {"kind": "ComponentSchematic", "plural": "componentschematics"}
    metadata = {"name": "componentschematics.core.oam.dev"}
    old = {**CRD, "metadata": metadata, "spec": {**spec, "names": names}}
    assert _check(everything, yaml.safe_dump(old), component()).problems.errors == ()


def test_without_the_schemas_of_kubernetes_a_warning_names_the_package(component: Make, everything: Catalog) -> None:
    contents = files.read(("-",), recursive=False, stdin=component().encode)
    checked = checking.check(_document_set(contents, None), everything, NOW)
    assert checked.problems.errors == ()
    assert "rudr-py[local]" in checked.problems.warnings[0].message


def test_objects_of_any_form_are_judged_without_an_exception() -> None:
    server_rules = ServerRules()
    metadata = {"name": "a", "namespace": "b"}
    mount_paths: tuple[Any, ...] = (None, 5, True, [], {}, "/x")
    for path in mount_paths:
        mounts = [{"name": "v", "mountPath": path}, {"name": "v", "mountPath": "/y"}]
        pod = {"containers": [{"name": "c", "image": "d", "volumeMounts": mounts}], "volumes": [{"name": "v"}]}
        refusals = server_rules.applied({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod})
        assert bool(refusals) == (path != "/x")


@pytest.mark.parametrize(
    ("metadata", "paths"),
    [
        ({"annotations": {"dapr.io/port": 3000}}, ['$.metadata.annotations["dapr.io/port"]']),
        ({"labels": {"a.b/c": True, "d": 1}}, ['$.metadata.labels["a.b/c"]', "$.metadata.labels.d"]),
        ({"ownerReferences": [{"a.b": 1}]}, ['$.metadata.ownerReferences[0]["a.b"]']),
        ({"lab.els": {}}, ['$.metadata["lab.els"]']),
    ],
)
def test_a_refusal_has_the_json_path_of_a_key_with_dots(metadata: dict[str, Any], paths: list[str]) -> None:
    body = {"apiVersion": "core.oam.dev/v1alpha1", "kind": "Trait", "metadata": {"name": "a", **metadata}, "spec": {}}
    reported = {refusal.path for refusal in ServerRules().created(body, "default")}
    assert set(paths) <= reported
