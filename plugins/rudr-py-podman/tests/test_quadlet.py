"""The files of Quadlet for objects, and the findings about everything that podman cannot do."""

from __future__ import annotations

import configparser
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rudr_py_podman import quadlet
from rudr_py_podman.quadlet import Application, Exported

Document = dict[str, Any]

APPLICATION = "shop"


def labels(instance: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": APPLICATION, "oam.dev/instance-name": instance}


def document(kind: str, name: str, spec: Document | None = None, instance: str = "", **fields: Any) -> Document:
    metadata = {"name": name, "namespace": "default", "labels": labels(instance or name)}
    body = {"spec": spec} if spec is not None else {}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **body, **fields}


def container(name: str = "main", **fields: Any) -> Document:
    return {
        "name": name,
        "image": "registry.example/web:1",
        "ports": [{"name": "http", "containerPort": 8080}],
        **fields,
    }


def template(instance: str, *containers: Document, **spec: Any) -> Document:
    return {
        "metadata": {"labels": labels(instance)},
        "spec": {"containers": list(containers) or [container()], "restartPolicy": "Always", **spec},
    }


def deployment(name: str = "web", *containers: Document, replicas: int = 1, **pod: Any) -> Document:
    return document("Deployment", name, {"replicas": replicas, "template": template(name, *containers, **pod)})


def service(name: str = "web", instance: str = "web", port: int = 8080, target: int | str = "http") -> Document:
    ports = [{"name": "http", "port": port, "targetPort": target}]
    return document("Service", name, {"selector": labels(instance), "ports": ports}, instance)


def ingress(name: str, backend: str, port: int | str = 8080) -> Document:
    number = {"number": port} if isinstance(port, int) else {"name": port}
    path = {"path": "/", "backend": {"service": {"name": backend, "port": number}}}
    return document("Ingress", name, {"rules": [{"host": "shop.example", "http": {"paths": [path]}}]}, backend)


def job(name: str = "migrate", **spec: Any) -> Document:
    return document("Job", name, {"backoffLimit": 2, "template": template(name), **spec})


def cron_job(schedule: str = "0 3 * * *", **spec: Any) -> Document:
    return document("CronJob", "report", {"schedule": schedule, "jobTemplate": {"spec": job("report")["spec"]}, **spec})


def policy(name: str, *instances: str) -> Document:
    expressions = [{"key": "oam.dev/instance-name", "operator": "In", "values": list(instances)}]
    members = {"podSelector": {"matchExpressions": expressions}}
    return document("NetworkPolicy", name, {**members, "ingress": [{"from": [members]}]})


def export(*documents: Document) -> Exported:
    return quadlet.export(Application(name=APPLICATION, objects=documents))


def unit(exported: Exported, name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parsed.read_string(exported.files[name])
    return parsed


def pod(exported: Exported, name: str) -> Any:
    return list(yaml.safe_load_all(exported.files[f"{name}.yaml"]))[-1]


def reported(exported: Exported, severity: str) -> list[str]:
    return [finding.document["metadata"]["name"] for finding in exported.findings if finding.severity == severity]


def test_a_pod_has_the_name_at_which_other_pods_reach_its_service() -> None:
    exported = export(deployment(), service(), service("public", "web"))
    assert pod(exported, "web")["metadata"]["name"] == "web"
    assert unit(exported, "web.kube")["Kube"]["Network"] == "shop.network:alias=public"


def test_only_the_port_of_an_ingress_is_a_port_of_the_machine() -> None:
    exported = export(deployment(), service(port=80), deployment("db"), service("db", "db"), ingress("i", "web", 80))
    assert pod(exported, "web")["spec"]["containers"][0]["ports"][0]["hostPort"] == 80
    assert "ports" not in pod(exported, "db")["spec"]["containers"][0]


def test_a_port_that_no_container_names_is_published() -> None:
    exported = export(deployment("web", container(ports=[])), service(target=9000), ingress("i", "web"))
    assert pod(exported, "web")["spec"]["containers"][0]["ports"] == [{"containerPort": 9000, "hostPort": 8080}]


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_the_ports_of_an_external_service_are_ports_of_the_machine(kind: str) -> None:
    external = service()
    external["spec"]["type"] = kind
    assert pod(export(deployment(), external), "web")["spec"]["containers"][0]["ports"][0]["hostPort"] == 8080


def test_one_port_of_the_machine_for_two_pods_is_an_error() -> None:
    both = (deployment(), service(), ingress("a", "web"), deployment("api"), service("api", "api"), ingress("b", "api"))
    assert reported(export(*both), "error") == ["b"]


def test_a_service_with_another_port_than_its_pod_is_reported() -> None:
    assert reported(export(deployment(), service(port=80)), "warning") == ["web"]


def test_the_members_of_a_scope_have_a_network_of_their_own() -> None:
    exported = export(deployment(), deployment("api"), deployment("other"), policy("inner", "web", "api"))
    networks = {name: unit(exported, f"{name}.kube")["Kube"]["Network"] for name in ("web", "api", "other")}
    assert networks == {"web": "inner.network", "api": "inner.network", "other": "shop.network"}
    assert unit(exported, "inner.network")["Network"]["Options"] == "isolate=true"
    assert "shop.network" in exported.files


def test_a_job_is_active_once_its_containers_have_ended_and_runs_once_per_content() -> None:
    exported = export(job())
    service_ = unit(exported, "migrate.kube")["Service"]
    assert (service_["Type"], service_["RemainAfterExit"]) == ("oneshot", "yes")
    assert "podman wait migrate-main" in exported.files["migrate.kube"]
    assert pod(exported, "migrate")["spec"]["restartPolicy"] == "Never"
    condition = unit(exported, "migrate.kube")["Unit"]["ConditionPathExists"]
    other = job(template=template("migrate", container(image="registry.example/web:2")))
    assert unit(export(job()), "migrate.kube")["Unit"]["ConditionPathExists"] == condition
    assert unit(export(other), "migrate.kube")["Unit"]["ConditionPathExists"] != condition


def test_a_failed_job_is_repeated_as_often_as_its_backoff_limit() -> None:
    assert unit(export(job()), "migrate.kube")["Unit"]["StartLimitBurst"] == "3"


def test_an_instance_starts_after_those_that_it_depends_on() -> None:
    owner = document("ComponentInstance", "v1-web", instance="web")
    owner["metadata"]["annotations"] = {"rudr.oam.dev/depends-on": "migrate,db"}
    exported = export(owner, job(), deployment(), deployment("db"))
    assert unit(exported, "web.kube")["Unit"]["After"] == "migrate.service db.service"
    assert unit(exported, "web.kube")["Unit"]["Requires"] == "migrate.service db.service"


def test_a_cron_job_has_a_timer_and_is_not_started_with_the_machine() -> None:
    exported = export(cron_job())
    assert unit(exported, "timers/report.timer")["Timer"]["OnCalendar"] == "*-*-* 03:00:00"
    assert "Install" not in unit(exported, "report.kube")


def test_the_timer_of_a_suspended_cron_job_is_not_started_with_the_machine() -> None:
    assert "Install" not in unit(export(cron_job(suspend=True)), "timers/report.timer")


def test_an_invalid_schedule_is_an_error() -> None:
    assert reported(export(cron_job("every day")), "error") == ["report"]


def test_a_pod_is_preceded_by_the_objects_that_it_uses_without_their_namespace() -> None:
    volumes = [
        {"name": "c", "configMap": {"name": "settings"}},
        {"name": "d", "persistentVolumeClaim": {"claimName": "store"}},
    ]
    claim = document("PersistentVolumeClaim", "store", {})
    settings = document("ConfigMap", "settings", data={"a": "b"})
    exported = export(claim, settings, document("ConfigMap", "other"), deployment(volumes=volumes))
    documents = list(yaml.safe_load_all(exported.files["web.yaml"]))
    assert [each["metadata"]["name"] for each in documents] == ["settings", "store", "web"]
    assert "namespace" not in exported.files["web.yaml"]


def test_the_claims_of_a_template_are_volumes_of_the_pod() -> None:
    claims = [{"metadata": {"name": "data"}, "spec": {}}]
    stateful = document("StatefulSet", "db", {"template": template("db"), "volumeClaimTemplates": claims})
    assert pod(export(stateful), "db")["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}
    ]


def test_a_long_grace_period_is_that_of_the_service() -> None:
    exported = export(deployment(terminationGracePeriodSeconds=120))
    assert unit(exported, "web.kube")["Service"]["TimeoutStopSec"] == "130"


@pytest.mark.parametrize(
    "pod_fields",
    [
        {"affinity": {"nodeAffinity": {}}},
        {"serviceAccountName": "robot"},
        {"nodeSelector": {"disk": "ssd"}},
        {"containers": [container(readinessProbe={"tcpSocket": {"port": 1}})]},
        {"containers": [container(lifecycle={"preStop": {}})]},
        {"containers": [container(livenessProbe={"httpGet": {"port": 1}})]},
        {"containers": [container(env=[{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}])]},
    ],
)
def test_a_field_that_podman_ignores_is_reported(pod_fields: dict[str, Any]) -> None:
    assert reported(export(deployment(**pod_fields)), "warning") == ["web"]


def test_the_operating_system_of_a_component_is_not_reported() -> None:
    assert export(deployment(nodeSelector={"kubernetes.io/os": "linux"})).findings == ()


@pytest.mark.parametrize(
    "volume", [{"csi": {"driver": "d"}}, {"projected": {"sources": []}}, {"configMap": {"name": "missing"}}]
)
def test_a_volume_that_podman_cannot_create_is_an_error(volume: Document) -> None:
    assert reported(export(deployment(volumes=[{"name": "v", **volume}])), "error") == ["web"]


def test_fewer_pods_than_replicas_are_reported() -> None:
    assert reported(export(deployment(replicas=3)), "warning") == ["web"]


OTHERS = ["HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceMonitor", "Queue", "Function", "Role"]


@given(st.lists(st.sampled_from(OTHERS), unique=True))
def test_each_object_is_part_of_a_file_or_reported(kinds: list[str]) -> None:
    exported = export(deployment(), *(document(kind, kind.lower(), {}) for kind in kinds))
    assert [finding.document["kind"] for finding in exported.findings] == kinds


@given(st.permutations([deployment(), service(), ingress("i", "web"), job(), cron_job(), policy("p", "web")]))
def test_the_files_do_not_depend_on_the_order_of_objects(documents: list[Document]) -> None:
    assert export(*documents).files == export(*reversed(documents)).files
    assert list(export(*documents).files) == sorted(export(*documents).files)
