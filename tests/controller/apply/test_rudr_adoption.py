"""Which entries of managedFields are taken over, and what is taken; the e2e suite has the effect on servers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired, rudr_adoption
from rudr_py.controller.apply.rudr_adoption import RudrAdoption
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.kinds import COMPONENT_INSTANCE
from rudr_py.render.values.plan import PlannedObject
from tests.reliability.webhooks import webhook

Document = dict[str, Any]
CONFIG_MAP = Kind("v1", "ConfigMap")
DEPLOYMENT = Kind("apps/v1", "Deployment")

OWNED: Document = {
    "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
    "f:spec": {
        "f:selector": {},
        "f:template": {
            "f:metadata": {
                "f:name": {},
                "f:ownerReferences": {".": {}, 'k:{"uid":"1"}': {}},
                "f:creationTimestamp": {},
                "f:labels": {"f:app": {}},
                "f:annotations": {".": {}, rudr_adoption.LAST_APPLIED: {}, "f:note": {}},
            },
            "f:spec": {
                "f:restartPolicy": {},
                "f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:imagePullPolicy": {}}},
            },
        },
    },
    "f:status": {},
}


def planned(inputs: str = "", **parts: Any) -> PlannedObject:
    metadata = {"name": "web", "namespace": "shop", "labels": {"app": "shop"}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, **parts}
    return PlannedObject(ref=Ref(DEPLOYMENT, "web"), body=body, instance="web", made_by="test", inputs_digest=inputs)


def entry(manager: str = "unknown", operation: str = "Update", owned: Any = None, **more: Any) -> Document:
    fields = OWNED if owned is None else owned
    head = {"manager": manager, "operation": operation, "apiVersion": "apps/v1", "fieldsType": "FieldsV1"}
    return {**head, "fieldsV1": fields, **more}


def document(*entries: Document, **metadata: Any) -> Document:
    return {"metadata": {"name": "web", "resourceVersion": "7", "managedFields": list(entries), **metadata}}


def entries_after(found: Document, plan: PlannedObject | None = None) -> list[Document] | None:
    operations = rudr_adoption.patch(found, plan or planned(), None)
    values = [one["value"] for one in operations if one["path"] == "/metadata/managedFields"]
    return values[0] if values else None


def test_the_entry_of_rudr_becomes_that_of_the_controller_without_fields_that_are_not_rendered() -> None:
    operations = rudr_adoption.patch(document(entry()), planned(), None)
    assert operations[0] == {"op": "test", "path": "/metadata/resourceVersion", "value": "7"}
    (made,) = operations[1]["value"]
    assert (made["manager"], made["operation"], made["apiVersion"]) == ("rudr", "Apply", "apps/v1")
    template = made["fieldsV1"]["f:spec"]["f:template"]
    assert template["f:metadata"] == {"f:labels": {"f:app": {}}, "f:annotations": {".": {}, "f:note": {}}}
    assert template["f:spec"]["f:containers"] == {'k:{"name":"web"}': {".": {}, "f:image": {}}}
    assert made["fieldsV1"]["f:metadata"] == OWNED["f:metadata"]
    assert "f:status" not in made["fieldsV1"]


@pytest.mark.parametrize(
    "kept",
    [
        entry("kubectl-edit"),
        entry("unknown", "Apply"),
        entry("unknown", subresource="status"),
        entry("rudr", "Apply"),
        entry("rudr-handover", "Apply", {"f:metadata": {"f:annotations": {f"f:{APPLIED_ANNOTATION}": {}}}}),
    ],
)
def test_entries_of_other_managers_stay(kept: Document) -> None:
    assert entries_after(document(kept)) is None
    assert kept in (entries_after(document(kept, entry())) or []) or kept["manager"] == "rudr"


def test_an_object_with_an_applied_hash_is_not_adopted_again() -> None:
    assert entries_after(document(entry(), annotations={APPLIED_ANNOTATION: "hash"})) is None


@pytest.mark.parametrize("operation", ["Update", "Apply"])
def test_the_fields_of_a_restored_copy_are_taken_from_the_manager_that_restored_it(operation: str) -> None:
    copied = {**OWNED, "f:metadata": {"f:annotations": {f"f:{APPLIED_ANNOTATION}": {}}}}
    found = document(entry("velero-server", operation, copied), annotations={APPLIED_ANNOTATION: "hash"})
    assert [one["manager"] for one in entries_after(found) or []] == ["rudr"]


def test_several_entries_become_one() -> None:
    ours = entry("rudr", "Apply", {"f:data": {"f:a": {}}})
    (made,) = entries_after(document(ours, entry(owned={"f:data": {"f:b": {}}}))) or []
    assert made["fieldsV1"]["f:data"] == {"f:a": {}, "f:b": {}}


@pytest.mark.parametrize(
    "found",
    [
        entry("before-first-apply"),
        entry(apiVersion="extensions/v1beta1"),
        entry("velero-server", owned={**OWNED, "f:metadata": {"f:annotations": {f"f:{APPLIED_ANNOTATION}": {}}}}),
    ],
)
def test_only_rendered_fields_are_taken_from_an_entry_that_may_contain_those_of_other_clients(found: Document) -> None:
    (made,) = entries_after(document(found), planned(spec={"selector": {"a": "b"}})) or []
    assert (made["manager"], made["apiVersion"]) == ("rudr", "apps/v1")
    assert made["fieldsV1"]["f:spec"] == {"f:selector": {}}


def test_config_files_of_rudr_are_taken_from_such_an_entry_too() -> None:
    pod: Document = {
        "f:containers": {'k:{"name":"web"}': {"f:volumeMounts": {'k:{"mountPath":"/etc/a"}': {"f:name": {}}}}}
    }
    volumes: Document = {name: {"f:name": {}} for name in ('k:{"name":"web0"}', 'k:{"name":"sidecar"}')}
    owned = {"f:spec": {"f:template": {"f:spec": {**pod, "f:volumes": volumes}}}}
    there = {
        "containers": [{"name": "web", "volumeMounts": [{"name": "web0", "mountPath": "/etc/a"}]}],
        "volumes": [{"name": name, "configMap": {"name": name}} for name in ("web0", "sidecar")],
    }
    found = {**document(entry("before-first-apply", owned=owned)), "spec": {"template": {"spec": there}}}
    wanted = planned(spec={"template": {"spec": {"containers": [{"name": "web"}]}}})
    (made,) = entries_after(found, wanted) or []
    taken = made["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
    assert taken == {**pod, "f:volumes": {'k:{"name":"web0"}': {"f:name": {}}}}


def test_of_a_run_once_object_only_a_wrong_owner_is_replaced(live: Callable[..., LiveObject]) -> None:
    owner = live(COMPONENT_INSTANCE, "web")
    wrong, right = {"uid": "of before", "controller": True}, {"uid": owner.uid, "controller": True}
    other = {"uid": "somebody's", "controller": False}
    assert rudr_adoption.patch(document(entry(), ownerReferences=[right]), planned(inputs="inputs"), owner) == []
    operations = rudr_adoption.patch(document(entry(), ownerReferences=[wrong, other]), planned(inputs="inputs"), owner)
    assert operations[1:] == [
        {"op": "replace", "path": "/metadata/ownerReferences", "value": [other, desired.reference(owner)]}
    ]


def test_the_owner_of_an_object_without_a_planned_owner_is_removed() -> None:
    operations = rudr_adoption.patch(document(ownerReferences=[{"uid": "1", "controller": True}]), planned(), None)
    assert operations[1:] == [{"op": "replace", "path": "/metadata/ownerReferences", "value": []}]


async def test_an_object_that_changes_during_the_adoption_is_read_again(bench: Any, config_map: Any) -> None:
    application = await bench.application()
    found = await rudrs(bench, application)
    target = await bench.cluster.target(CONFIG_MAP, "settings")
    stale = {**found, "metadata": {**found["metadata"], "resourceVersion": "1"}}
    prepared = await RudrAdoption(bench.client).prepare(target, config_map(), application, stale)
    assert [one["manager"] for one in prepared["metadata"]["managedFields"]] == ["rudr"]


async def rudrs(bench: Any, application: LiveObject) -> Document:
    """A ConfigMap that Rudr wrote for an application."""
    owner = {"apiVersion": application.api_version, "kind": application.kind, "name": application.name}
    reference = {**owner, "uid": application.uid, "controller": True}
    metadata = {"name": "settings", "namespace": "shop", "ownerReferences": [reference]}
    content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"colour": "red", "old": "1"}}
    target = await bench.cluster.target(CONFIG_MAP, "settings")
    await bench.client.create(target, msgspec.json.encode(content), "unknown")
    found = await bench.cluster.get(CONFIG_MAP, "settings")
    assert found is not None
    return dict(found)


async def test_fields_of_rudr_that_are_not_rendered_are_removed_by_the_first_apply(bench: Any, config_map: Any) -> None:
    application = await bench.application()
    await rudrs(bench, application)
    await bench.ensure(config_map(), application)
    found = await bench.cluster.get(CONFIG_MAP, "settings")
    assert found is not None
    assert found["data"] == {"colour": "green"}


async def test_a_refused_adoption_is_reported(bench: Any, config_map: Any, faults: Faults) -> None:
    application = await bench.application()
    await rudrs(bench, application)
    faults.refuse(403, Match(verb="patch", name="settings"), times=9)
    with pytest.raises(errors.ForbiddenError):
        await bench.ensure(config_map(), application)


async def of_former_application(bench: Any, config_map: Any, application: LiveObject) -> None:
    """An applied ConfigMap whose owner is an earlier application of the same name."""
    await bench.ensure(config_map(), application)
    owner = {"apiVersion": application.api_version, "kind": application.kind, "name": application.name}
    references = [{**owner, "uid": "former", "controller": True}]
    patch = {"metadata": {"ownerReferences": references}}
    await bench.cluster.patch(CONFIG_MAP, "settings", patch, manager="velero-server")
    await bench.seen(CONFIG_MAP, "settings")


async def owners(bench: Any) -> list[str]:
    found = await bench.cluster.get(CONFIG_MAP, "settings")
    return [reference["uid"] for reference in found["metadata"]["ownerReferences"]]


async def test_an_object_is_not_left_without_owner_while_its_apply_is_denied(
    bench: Any, config_map: Any, local: LocalCluster
) -> None:
    application = await bench.application()
    await of_former_application(bench, config_map, application)
    with webhook(local, "configmaps", lambda document: "no" if "data" in document else ""):
        for _ in range(3):
            with pytest.raises(errors.ForbiddenError):
                await bench.ensure(config_map(), application)
            assert await owners(bench) == [application.uid]
            await bench.seen(CONFIG_MAP, "settings")
            bench.clock.jump(3600.0)
    await bench.ensure(config_map(), application)
    assert await owners(bench) == [application.uid]


@pytest.mark.parametrize("killed", [False, True])
async def test_an_adopted_object_can_be_passed_to_another_owner(bench: Any, config_map: Any, killed: bool) -> None:
    """No managedFields entry of the adoption keeps the reference to the first owner."""
    application = await bench.application()
    await of_former_application(bench, config_map, application)
    if killed:
        await until_patched(bench, config_map, application)
    record = await bench.ensure(config_map(), application)
    found = await bench.cluster.get(CONFIG_MAP, "settings")
    entries = found["metadata"]["managedFields"]
    assert [entry["operation"] for entry in entries if entry["manager"] == "rudr"] == ["Apply"]
    assert (await bench.seen(CONFIG_MAP, "settings")).uid == record.uid


async def until_patched(bench: Any, config_map: Any, application: LiveObject) -> None:
    """Adopt the object, and stop after the first request that changes it."""
    target = await bench.cluster.target(CONFIG_MAP, "settings")
    document = await bench.client.get(target)
    operations = rudr_adoption.patch(document, config_map(), application)
    await bench.client.json_patch(target, msgspec.json.encode(operations), "rudr")
    await bench.seen(CONFIG_MAP, "settings")
