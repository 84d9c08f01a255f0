"""Fixed bugs of Rudr that concern rendering."""

from __future__ import annotations

from tests.conformance import oam

TWO = oam.application(
    """
    components:
    - {componentName: web, instanceName: a}
    - {componentName: api, instanceName: b}
    """
)
FILES = """
containers:
- name: main
  image: example/main:1
  config:
  - {path: /etc/app/one.ini, value: one}
  - {path: /etc/app/two.ini, value: two}
"""


def test_a_changed_port_changes_the_service() -> None:
    text = oam.component("Server", oam.WEB)
    ports = [
        oam.objects(oam.plan(document, oam.instance()))["Service/front"]["spec"]["ports"][0]
        for document in (text, text.replace("containerPort: 80", "containerPort: 81"))
    ]
    assert [(port["port"], port["targetPort"]) for port in ports] == [(80, 80), (81, 81)]


def test_a_changed_singleton_server_changes_its_pods_and_keeps_its_selector() -> None:
    text = oam.component("SingletonServer", oam.WEB)
    before, after = (
        oam.objects(oam.plan(document, oam.instance()))["StatefulSet/front"]
        for document in (text, text.replace("web:1", "web:2"))
    )
    assert before["spec"].pop("template") != after["spec"].pop("template")
    # the other fields of a StatefulSet are immutable
    assert before == after


def test_equal_containers_of_two_instances_have_separate_config_maps() -> None:
    objects = oam.objects(oam.plan(oam.component("Worker", FILES), oam.component("Worker", FILES, name="api"), TWO))
    maps = {name: body["data"] for name, body in objects.items() if name.startswith("ConfigMap/")}
    assert {name.rpartition("-")[0]: data for name, data in maps.items()} == {
        "ConfigMap/a-main-0": {"one.ini": "one"},
        "ConfigMap/a-main-1": {"two.ini": "two"},
        "ConfigMap/b-main-0": {"one.ini": "one"},
        "ConfigMap/b-main-1": {"two.ini": "two"},
    }


def test_two_config_files_of_one_directory_have_separate_mounts() -> None:
    plan = oam.plan(oam.component("Worker", FILES), oam.instance())
    mounts = oam.container(plan)["volumeMounts"]
    assert [(mount["mountPath"], mount["subPath"]) for mount in mounts] == [
        ("/etc/app/one.ini", "one.ini"),
        ("/etc/app/two.ini", "two.ini"),
    ]


def test_a_claim_has_no_owner_by_default() -> None:
    text = oam.component(
        "Worker", oam.MAIN.replace("}", ", resources: {volumes: [{name: data, mountPath: /data}]}}", 1)
    )
    trait = '- {name: volume-mounter, properties: {volumeName: data, storageClass: ""}}'
    (claim,) = (
        planned
        for planned in oam.plan(text, oam.instance(traits=trait)).manifests
        if planned.ref.kind.kind == "PersistentVolumeClaim"
    )
    assert (claim.owner, claim.retain) == ("none", True)


def test_a_missing_component_is_reported_with_the_other_problems() -> None:
    plan = oam.plan(oam.component("Worker", oam.MAIN), TWO)
    assert oam.refused(plan) == [("", "$.spec.components[1].componentName")]
    assert plan.reason == "ComponentNotFound"
    assert plan.instances == (), "incomplete inputs must not prune objects"
