"""Config files that another client has restored in a pod template are removed, and nothing else."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import Ref
from rudr_py.controller.apply import config_leftovers
from rudr_py.kube import live_object
from rudr_py.model.kinds import DEPLOYMENT
from rudr_py.render.values.plan import PlannedObject

Document = dict[str, Any]

FILE = {"name": "web-main-0", "configMap": {"name": "web-main-0-1111111111"}}
OLD = {"name": "web-main-1", "configMap": {"name": "web-main-1-2222222222"}}
MOUNT = {"name": "web-main-0", "mountPath": "/etc/main.conf", "subPath": "main.conf"}
UID = {"op": "test", "path": "/metadata/uid", "value": "u"}
PATH = "/spec/template/spec"


def pod_spec(volumes: list[Document], mounts: list[Document], **fields: Any) -> Document:
    return {"volumes": volumes, "containers": [{"name": "main", "volumeMounts": mounts}], **fields}


def removals(spec: Document) -> list[Document]:
    metadata = {"name": "web", "namespace": "shop", "uid": "u"}
    document = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}
    live = live_object.decode(msgspec.json.encode(document | {"spec": {"template": {"spec": spec}}}))
    body = {"spec": {"template": {"spec": pod_spec([FILE], [MOUNT])}}}
    planned = PlannedObject(ref=Ref(DEPLOYMENT, "web"), body=body, instance="web", made_by="test")
    return config_leftovers.removals(live, planned)


def test_a_template_as_planned_is_left() -> None:
    assert removals(pod_spec([FILE], [MOUNT])) == []


def test_an_earlier_file_is_removed_with_its_mount() -> None:
    mount = {"name": "web-main-1", "mountPath": "/etc/old.conf"}
    assert removals(pod_spec([OLD, FILE], [mount, MOUNT])) == [
        UID,
        {"op": "test", "path": f"{PATH}/containers/0/volumeMounts/0/mountPath", "value": "/etc/old.conf"},
        {"op": "remove", "path": f"{PATH}/containers/0/volumeMounts/0"},
        {"op": "test", "path": f"{PATH}/volumes/0/name", "value": "web-main-1"},
        {"op": "remove", "path": f"{PATH}/volumes/0"},
    ]


def test_an_earlier_mount_of_a_planned_file_is_removed() -> None:
    mount = {"name": "web-main-0", "mountPath": "/etc/old.conf", "subPath": "old.conf"}
    operations = removals(pod_spec([FILE], [MOUNT, mount]))
    assert [one["path"] for one in operations if one["op"] == "remove"] == [f"{PATH}/containers/0/volumeMounts/1"]


def test_later_items_are_removed_first() -> None:
    third = {"name": "web-main-2", "configMap": {"name": "web-main-2-3333333333"}}
    operations = removals(pod_spec([OLD, third, FILE], [MOUNT]))
    assert [one["path"] for one in operations if one["op"] == "remove"] == [f"{PATH}/volumes/1", f"{PATH}/volumes/0"]


@pytest.mark.parametrize(
    "volume",
    [
        {"name": "mesh", "configMap": {"name": "web-mesh"}},
        {"name": "web-cache", "configMap": {"name": "mesh"}},
        {"name": "web-cache", "emptyDir": {}},
    ],
    ids=["other name", "other ConfigMap", "no ConfigMap"],
)
def test_a_volume_of_another_client_is_left_with_its_mounts(volume: Document) -> None:
    mount = {"name": volume["name"], "mountPath": "/mesh"}
    sidecar = {"name": "mesh", "volumeMounts": [mount, MOUNT]}
    spec = pod_spec([FILE, volume], [MOUNT, mount])
    assert removals({**spec, "containers": [*spec["containers"], sidecar]}) == []
