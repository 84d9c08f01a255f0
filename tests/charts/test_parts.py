"""The parts of the chart: definitions, image, arguments, plugins, monitoring, notes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import rudr_py
from rudr_py.cli.commands import run
from rudr_py.controller.queue.queue import PriorityQueue
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.controller.state.applications import Applications
from rudr_py.kube.clock import SystemClock
from rudr_py.model.crd_schemas import crds
from tests.charts import cases, rendering, values_file

VERSION = rudr_py.__version__
RUDR = ("Rudr's file", "Rudr's file, changed")


def container(values: dict[str, Any]) -> dict[str, Any]:
    pod = rendering.single(rendering.rendered(values), "Deployment")["spec"]["template"]["spec"]
    first: dict[str, Any] = pod["containers"][0]
    return first


def definitions(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [d for d in rendering.rendered(values) if d["kind"] == "CustomResourceDefinition"]


@pytest.mark.parametrize("legacy", [True, False])
def test_the_definitions_equal_those_of_the_model(legacy: bool) -> None:
    specs = {
        definition["metadata"]["name"]: definition["spec"]
        for definition in definitions({"crds": {"legacyShortNames": legacy}})
    }
    assert specs == {d["metadata"]["name"]: d["spec"] for d in crds.documents(legacy_short_names=legacy)}


def test_definitions_are_kept_at_uninstall_by_default() -> None:
    policy = {"helm.sh/resource-policy": "keep"}
    assert [definition["metadata"].get("annotations") for definition in definitions({})] == [policy] * 7
    assert [definition["metadata"].get("annotations") for definition in definitions({"crds": {"keep": False}})] == [
        None
    ] * 7
    assert definitions({"crds": {"install": False}}) == []


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({}, f"rudr-py:{VERSION}"),
        ({"tag": "1.2"}, "rudr-py:1.2"),
        ({"registry": "registry.example", "repository": "a/b"}, f"registry.example/a/b:{VERSION}"),
        ({"tag": "1.2", "digest": cases.SHA}, f"rudr-py@{cases.SHA}"),
        ({"repository": "oamdev/rudr", "tag": "latest"}, f"rudr-py:{VERSION}"),
        ({"repository": "oamdev/rudr", "digest": cases.SHA}, f"rudr-py:{VERSION}"),
        ({"repository": "mirror.example/oamdev/rudr"}, f"rudr-py:{VERSION}"),
    ],
)
def test_the_image_is_set_by_the_values_but_is_never_the_image_of_rudr(image: dict[str, str], expected: str) -> None:
    assert container({"image": image})["image"] == expected


@pytest.mark.parametrize("name", RUDR)
def test_value_files_of_rudr_are_accepted(name: str) -> None:
    values = cases.CASES[name]
    assert rendering.single(rendering.rendered(values), "Deployment")["spec"]["replicas"] == values["replicaCount"]
    assert {"name": "RUDR_LOG_LEVEL", "value": values["logLevel"]} in container(values)["env"]
    assert container(values)["imagePullPolicy"] == "Always"
    assert "oamdev/rudr" in rendering.notes(values)


@pytest.mark.parametrize("values", cases.CASES.values(), ids=cases.CASES)
def test_the_program_accepts_its_arguments(values: dict[str, Any]) -> None:
    first, *arguments = container(values)["args"]
    assert first == "run"
    own = [argument for argument in arguments if argument not in values.get("extraArgs", ())]
    with run.command.make_context("run", own) as context:
        assert context.params["definitions_namespace"]
        assert context.params["watch_namespace"] == (",".join(values.get("watchNamespaces", ())) or None)


def test_pip_gets_exactly_the_packages_with_versions_and_hashes() -> None:
    documents = rendering.rendered({"plugins": {"packages": cases.PACKAGES}})
    lines = rendering.single(documents, "ConfigMap")["data"]["requirements.txt"].split("\n")
    assert [line for line in lines if line] == [
        f"rudr-py-cronhpa==0.1.0 --hash={cases.SHA} --hash=sha256:{'f' * 64}",
        f"rudr_py_faas==0.1.0 --hash={cases.SHA}",
    ]
    pod = rendering.single(documents, "Deployment")["spec"]["template"]["spec"]
    (pip,) = pod["initContainers"]
    assert {"--require-hashes", "--no-deps", "--target=/plugins"} <= set(pip["args"])
    assert pip["image"] == pod["containers"][0]["image"]
    assert {"name": "PYTHONPATH", "value": "/plugins"} in pod["containers"][0]["env"]


def test_changed_packages_restart_the_pods() -> None:
    def annotations(packages: list[Any]) -> dict[str, str]:
        documents = rendering.rendered({"plugins": {"packages": packages}})
        pod_annotations: dict[str, str] = rendering.single(documents, "Deployment")["spec"]["template"]["metadata"][
            "annotations"
        ]
        return pod_annotations

    assert annotations(cases.PACKAGES) != annotations(cases.PACKAGES[:1])


def test_all_written_paths_are_volumes() -> None:
    pod = rendering.single(rendering.rendered({}), "Deployment")["spec"]["template"]["spec"]
    writable = {volume["name"] for volume in pod["volumes"] if "emptyDir" in volume}
    mounts = {entry["mountPath"]: entry["name"] for entry in pod["containers"][0]["volumeMounts"]}
    state = next(entry["value"] for entry in pod["containers"][0]["env"] if entry["name"] == "RUDR_STATE_DIR")
    assert {mounts["/tmp"], mounts[state]} <= writable  # noqa: S108 - the pod's own


def test_a_monitor_selects_the_metrics_service_and_its_port() -> None:
    documents = rendering.rendered({"metrics": {"serviceMonitor": {"enabled": True}}})
    monitor = rendering.single(documents, "ServiceMonitor")["spec"]
    selector = monitor["selector"]["matchLabels"].items()
    services = [d for d in documents if d["kind"] == "Service" and selector <= d["metadata"]["labels"].items()]
    (service,) = services
    assert {endpoint["port"] for endpoint in monitor["endpoints"]} <= {
        port["name"] for port in service["spec"]["ports"]
    }
    ports = {port["name"] for port in container({})["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports


def test_alerts_and_dashboard_use_existing_metrics() -> None:
    values = {"shards": 4, "metrics": {"prometheusRule": {"enabled": True}, "dashboard": {"enabled": True}}}
    documents = rendering.rendered(values)
    rules = rendering.single(documents, "PrometheusRule")["spec"]["groups"][0]["rules"]
    board = json.loads(rendering.single(documents, "ConfigMap")["data"]["rudr.json"])
    expressions = [rule["expr"] for rule in rules]
    expressions += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    metrics = Metrics(SystemClock())
    metrics.follow_applications(Applications())
    PriorityQueue(SystemClock(), retry_initial=1, retry_maximum=1, metrics=metrics.queue)
    body, _ = metrics.exposition("")
    served = set(re.findall(r"^# TYPE (\w+)", body.decode(), re.MULTILINE))
    named = {
        name
        for expression in expressions
        for name in re.findall(r"\b(\w+_\w+)(?=[{ )]|$)", re.sub(r'"[^"]*"', "", expression))
    }
    named -= {"group_left", "histogram_quantile"}
    named = {name.removesuffix("_bucket") for name in named}
    assert named
    assert {name for name in named if name not in served} == set()


def test_alerts_of_shards_compare_the_leases_that_the_controller_holds_with_their_number() -> None:
    values = {"leaderElection": {"id": "oam"}, "metrics": {"prometheusRule": {"enabled": True}}}
    without, several = (
        {
            rule["alert"]: rule["expr"]
            for rule in rendering.single(rendering.rendered(each), "PrometheusRule")["spec"]["groups"][0]["rules"]
        }
        for each in (values, {**values, "shards": 4})
    )
    assert set(several) - set(without) == {"RudrShardWithoutReplica", "RudrShardsUnbalanced"}
    here = f'namespace="{rendering.NAMESPACE}"'
    each, together = (f"leader_election_master_status{{{here},name{name}}}" for name in ('=~"oam-[0-9]+"', '="oam"'))
    assert several["RudrShardWithoutReplica"] == f"(count(max by (name) ({each}) == 1) or vector(0)) < 4"
    assert several["RudrShardsUnbalanced"] == f"max(sum by (pod) ({each})) > ceil(4 / count({together} == 1))"


def test_the_notes_list_the_next_three_commands() -> None:
    text = rendering.notes({})
    commands = [line.strip() for line in text.splitlines() if line.startswith("  ")]
    assert [command.split()[0] for command in commands] == ["kubectl", "helm", "kubectl"]
    assert "NOTE" not in text


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"replicaCount": 1}, "there is no standby"),
        ({"rbac": {"create": False}}, "rudr rbac --bind rudr-system:rudr-py"),
        ({"crds": {"install": False}}, "were not installed"),
        ({"watchNamespaces": ["shop"]}, "Roles in the watched namespaces"),
        ({"authorPolicy": {"create": False}}, "no ValidatingAdmissionPolicy was created"),
        ({"plugins": {"packages": cases.PACKAGES}}, "for production build"),
    ],
)
def test_the_notes_explain_the_consequences_of_values(values: dict[str, Any], expected: str) -> None:
    assert expected in rendering.notes(values)


def test_the_chart_can_be_a_subchart(tmp_path: Path) -> None:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "rudr-py").symlink_to(values_file.FOLDER)
    dependency = {"name": "rudr-py", "version": "*", "repository": ""}
    parent_chart = {"apiVersion": "v2", "name": "platform", "version": "1.0.0", "dependencies": [dependency]}
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(parent_chart))
    (tmp_path / "values.yaml").write_text("global: {team: platform}\nrudr-py: {replicaCount: 3}\n")
    with rendering.helm.Chart.load(str(tmp_path)) as chart:
        templates = chart.render({}, name="platform", namespace="rudr-system")
    deployment = yaml.safe_load(templates["platform/charts/rudr-py/templates/deployment.yaml"])
    assert deployment["spec"]["replicas"] == 3
    assert deployment["metadata"]["name"] == "platform-rudr-py"


def test_names_have_at_most_63_characters() -> None:
    long = "a" * 52 + "-" + "b" * 10
    for document in rendering.rendered({"fullnameOverride": long, **cases.CASES["a monitored cluster"]}):
        if document["kind"] != "CustomResourceDefinition":
            assert len(document["metadata"]["name"]) <= 63


def test_the_packed_chart_renders_the_same(tmp_path: Path) -> None:
    packed = rendering.helm.package(str(values_file.FOLDER), destination=str(tmp_path))
    with rendering.helm.Chart.load(packed) as chart:
        templates = chart.render({}, name=rendering.NAME, namespace=rendering.NAMESPACE)
    assert {path: text for path, text in templates.items() if path != rendering.NOTES} == rendering.texts({})
    assert Path(packed).stat().st_size < 100_000  # Helm stores a release in a Secret, whose size is limited
