"""The core workload types of the specification (§3), from document to object."""

from __future__ import annotations

import pytest

from rudr_py.api import WorkloadType
from tests.conformance import oam

RUNS = {
    "Server": "Deployment",
    "SingletonServer": "StatefulSet",
    "Worker": "Deployment",
    "SingletonWorker": "StatefulSet",
    "Task": "Job",
    "SingletonTask": "Job",
}
"""The kind of the object that runs each core type."""

SERVERS = ("Server", "SingletonServer")
FOREVER = ("Server", "SingletonServer", "Worker", "SingletonWorker")
TASKS = ("Task", "SingletonTask")


def spec_of(workload: str) -> str:
    return oam.WEB if workload in SERVERS else oam.MAIN


@pytest.mark.parametrize("workload", RUNS)
def test_a_core_workload_without_containers_is_refused(workload: str) -> None:
    for spec in ("containers: []", "parameters: []"):
        assert oam.refused(oam.plan(oam.component(workload, spec), oam.instance())) == [("CO-1", "$.spec")]


@pytest.mark.parametrize("workload", RUNS)
def test_settings_of_a_core_type_have_no_effect(workload: str) -> None:
    settings = "workloadSettings: [{name: replicas, type: number, value: 7}]\n"
    without = oam.plan(oam.component(workload, spec_of(workload)), oam.instance())
    plan = oam.plan(oam.component(workload, settings + spec_of(workload)), oam.instance())
    assert oam.objects(plan) == oam.objects(without)
    assert len(plan.warnings) == len(without.warnings) + 1


@pytest.mark.parametrize("workload", RUNS)
def test_every_core_type_renders_an_object_that_runs_it(workload: str) -> None:
    objects = oam.objects(oam.plan(oam.component(workload, spec_of(workload)), oam.instance()))
    template = objects[f"{RUNS[workload]}/front"]["spec"]["template"]
    assert [container["name"] for container in template["spec"]["containers"]] == ["main"]
    assert ("Service/front" in objects) == (workload in SERVERS)


@pytest.mark.parametrize("workload", FOREVER)
def test_servers_and_workers_are_always_restarted(workload: str) -> None:
    plan = oam.plan(oam.component(workload, spec_of(workload)), oam.instance())
    assert oam.pod(plan)["spec"]["restartPolicy"] == "Always"
    replicas = oam.objects(plan)[f"{RUNS[workload]}/front"]["spec"].get("replicas")
    assert replicas == (1 if workload.startswith("Singleton") else None)


@pytest.mark.parametrize("workload", TASKS)
def test_a_task_is_not_restarted(workload: str) -> None:
    plan = oam.plan(oam.component(workload, oam.MAIN), oam.instance())
    assert oam.pod(plan)["spec"]["restartPolicy"] == "Never"
    job = oam.objects(plan)["Job/front"]["spec"]
    assert job["backoffLimit"] == 4
    assert job["parallelism"] == 1
    # prevents the controller from creating it again after it completed
    assert all(planned.inputs_digest for planned in plan.manifests if planned.ref.kind.kind == "Job")


@pytest.mark.parametrize("workload", ["SingletonServer", "SingletonWorker", "SingletonTask"])
@pytest.mark.parametrize("trait", ["{name: manual-scaler, properties: {replicaCount: 2}}", "{name: auto-scaler}"])
def test_a_singleton_has_one_replica_and_accepts_no_scaler(workload: str, trait: str) -> None:
    text = oam.component(workload, spec_of(workload))
    alone = oam.objects(oam.plan(text, oam.instance()))[f"{RUNS[workload]}/front"]["spec"]
    one = {"completions": 1, "parallelism": 1} if workload == "SingletonTask" else {"replicas": 1}
    assert {key: alone[key] for key in ("replicas", "parallelism", "completions") if key in alone} == one
    plan = oam.plan(text, oam.instance(traits=f"- {trait}"))
    assert oam.refused(plan) == [("TR-14", "$.spec.components[0].traits[0].name")]


@pytest.mark.parametrize("workload", SERVERS)
def test_a_server_has_a_service_with_every_port_of_every_container(workload: str) -> None:
    spec = """
    containers:
    - name: web
      image: example/web:1
      ports:
      - {name: http, containerPort: 80}
      - {name: dns, containerPort: 53, protocol: UDP}
    - name: metrics
      image: example/metrics:1
      ports:
      - {name: metrics, containerPort: 9100}
    """
    service = oam.objects(oam.plan(oam.component(workload, spec), oam.instance()))["Service/front"]
    assert service["spec"]["ports"] == [
        {"name": "http", "protocol": "TCP", "port": 80, "targetPort": 80},
        {"name": "dns", "protocol": "UDP", "port": 53, "targetPort": 53},
        {"name": "metrics", "protocol": "TCP", "port": 9100, "targetPort": 9100},
    ]


@pytest.mark.parametrize("workload", SERVERS)
def test_a_server_without_a_port_is_deployed_with_a_warning_and_no_service(workload: str) -> None:
    plan = oam.plan(oam.component(workload, oam.MAIN), oam.instance())
    assert oam.rules_and_paths(plan.warnings) == [("CO-9", "$.spec.containers")]
    assert f"{RUNS[workload]}/front" in oam.objects(plan)
    assert "Service/front" not in oam.objects(plan)


@pytest.mark.parametrize("workload", ["Worker", "SingletonWorker"])
def test_a_worker_with_a_port_is_refused(workload: str) -> None:
    plan = oam.plan(oam.component(workload, oam.WEB), oam.instance())
    assert oam.refused(plan) == [("CO-10", "$.spec.containers[0].ports")]


def test_an_unknown_workload_type_is_refused_with_the_installed_types() -> None:
    plan = oam.plan(
        oam.component("acme.example/v1.Robot", "workloadSettings: [{name: spec, value: {}}]"), oam.instance()
    )
    assert oam.refused(plan) == [("CO-13", "$.spec.workloadType")]
    assert all(kind in plan.problems[0].message for kind in RUNS)


def test_a_workload_type_of_version_v1_is_rejected_with_its_full_name() -> None:
    text = oam.component("Server", oam.WEB).replace("v1alpha1.Server", "v1.SingletonServer")
    plan = oam.plan(text, oam.instance())
    assert {path for _, path in oam.refused(plan)} == {"$.spec.workloadType"}
    assert all("core.oam.dev/v1alpha1.SingletonServer" in problem.message for problem in plan.problems)


@pytest.mark.parametrize("kind", RUNS)
def test_a_core_workload_type_without_its_group_is_read_with_a_warning(kind: str) -> None:
    spec = oam.MAIN if "Server" not in kind else oam.WEB
    text = oam.component(kind, spec)
    plan = oam.plan(text.replace(f"core.oam.dev/v1alpha1.{kind}", kind), oam.instance())
    assert oam.objects(plan) == oam.objects(oam.plan(text, oam.instance()))
    assert f"core.oam.dev/v1alpha1.{kind}" in plan.warnings[0].message


def test_all_core_types_are_in_the_group_of_the_specification() -> None:
    offered = {offer.name for offer in oam.catalog().offers() if isinstance(offer.type, WorkloadType)}
    assert offered == {f"core.oam.dev/v1alpha1.{kind}" for kind in RUNS}


def test_operating_system_and_architecture_choose_the_nodes() -> None:
    text = oam.component("Worker", "osType: linux\narch: i386\n" + oam.MAIN)
    selector = oam.pod(oam.plan(text, oam.instance()))["spec"]["nodeSelector"]
    assert selector == {"kubernetes.io/os": "linux", "kubernetes.io/arch": "386"}
