"""The API of a document: its group decides before its kind."""

from __future__ import annotations

import pytest

from rudr_py.model.advice import apis
from rudr_py.model.document import Json
from rudr_py.model.parse import documents


@pytest.mark.parametrize("kind", ["Trait", "HealthScope", "WorkloadType", "ComponentInstance", "Deployment"])
def test_a_document_of_another_group_is_left_alone_whatever_its_kind(kind: str) -> None:
    assert apis.judge({"apiVersion": "example.com/v1", "kind": kind}).judgement == "other"


@pytest.mark.parametrize("kind", ["ApplicationConfiguration", "ComponentSchematic"])
def test_a_kind_of_rudr_in_another_group_is_left_alone_with_the_api_version_of_oam(kind: str) -> None:
    advice = apis.judge({"apiVersion": "example.com/v1", "kind": kind})
    assert advice.judgement == "other"
    assert "core.oam.dev/v1alpha1" in advice.message


@pytest.mark.parametrize("version", ["v1alpha2", "v1beta1"])
@pytest.mark.parametrize(
    "kind", ["Application", "ApplicationConfiguration", "Component", "TraitDefinition", "Anything"]
)
def test_a_later_oam_is_one_error_that_names_it(kind: str, version: str) -> None:
    parsed = documents.parse({"apiVersion": f"core.oam.dev/{version}", "kind": kind, "spec": {"nonsense": []}})
    assert [problem.path for problem in parsed.problems] == ["$.apiVersion"]
    assert "KubeVela" in parsed.problems[0].message


@pytest.mark.parametrize("kind", ["ComponentSchematic", "Trait", "WorkloadType", "ApplicationScope"])
def test_a_kind_that_later_versions_do_not_have_needs_only_another_version(kind: str) -> None:
    (problem,) = documents.parse({"apiVersion": "core.oam.dev/v1alpha2", "kind": kind}).problems
    assert problem.message == f"core.oam.dev/v1alpha2 has no kind {kind}; write apiVersion: core.oam.dev/v1alpha1"


@pytest.mark.parametrize("version", ["v1alpha1", "v1"])
def test_a_component_with_a_workload_is_of_a_later_oam_in_every_version(version: str) -> None:
    document = {
        "apiVersion": f"core.oam.dev/{version}",
        "kind": "Component",
        "spec": {"workload": {"kind": "Deployment"}},
    }
    (problem,) = documents.parse(document).problems
    assert problem.path == "$.spec.workload"
    assert "rudr convert" not in problem.message
    assert problem.message.endswith("write it as a ComponentSchematic")


@pytest.mark.parametrize("kind", ["Component", "OperationalConfiguration", "Configuration", "AppScopeConfiguration"])
def test_a_kind_that_rudr_convert_reads_is_an_error_that_names_the_command(kind: str) -> None:
    (problem,) = documents.parse({"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "spec": {}}).problems
    assert problem.path == "$.kind"
    assert "rudr convert" in problem.message


@pytest.mark.parametrize(
    "api_version", ["core.oam.dv/v1alpha1", "core.oam.dev/v1alpha", "oam.dev/v1alpha1", "Core.oam.dev/v1alpha1"]
)
def test_a_misspelled_api_version_is_an_error_that_suggests_the_right_one(api_version: str) -> None:
    parsed = documents.parse({"apiVersion": api_version, "kind": "Trait", "metadata": {"name": "x"}, "spec": {}})
    assert any('"core.oam.dev/v1alpha1"' in problem.message for problem in parsed.problems)


@pytest.mark.parametrize(
    ("document", "tool"),
    [
        ({"services": {"web": {"image": "nginx"}}}, "Compose"),
        ({"version": "3.8", "services": {}}, "Compose"),
        ({"resources": ["a.yaml"]}, "Kustomize"),
        ({"patchesStrategicMerge": ["a.yaml"]}, "Kustomize"),
        ({"apiVersion": "v2", "name": "shop", "version": "0.1.0"}, "Helm chart"),
        ({"apiVersion": "score.dev/v1b1", "metadata": {"name": "web"}, "containers": {}}, "Score"),
    ],
)
def test_a_file_of_another_tool_is_one_error_that_names_the_tool(document: dict[str, Json], tool: str) -> None:
    parsed = documents.parse(document)
    assert len(parsed.problems) == 1
    assert tool in parsed.problems[0].message


@pytest.mark.parametrize(
    ("kind", "advice"),
    [("Application", "ApplicationConfiguration"), ("Deployment", "v1alpha1.Server"), ("Traits", "Trait")],
)
def test_a_kind_that_oam_does_not_have_leads_to_the_nearest_one(kind: str, advice: str) -> None:
    (problem,) = documents.parse({"apiVersion": "core.oam.dev/v1alpha1", "kind": kind}).problems
    assert advice in problem.message


def test_a_deployment_leads_to_the_workload_type_that_runs_its_pods() -> None:
    assert "core.oam.dev/v1alpha1.Server" in apis.judge({"apiVersion": "apps/v1", "kind": "Deployment"}).message
    assert apis.judge({"apiVersion": "v1", "kind": "ConfigMap"}).message == ""
