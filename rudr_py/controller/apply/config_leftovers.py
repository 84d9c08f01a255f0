"""Remove config files that another client has restored in a pod template, as `kubectl rollout undo` does.

That client owns the volumes and mounts then, so that an apply leaves them in place; but they name files that the
reverted template does not provide, and pods of such a template never start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from rudr_py import errors
from rudr_py.api import get_in, mappings_in
from rudr_py.kube.client import Client
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER

Operations = list[dict[str, Any]]

_TEMPLATE: Final = ("spec", "template", "spec")


async def remove(client: Client, target: Target, operations: Operations) -> None:
    """Send the removals. Raises ConflictError where the template has changed meanwhile, and any other KubeError."""
    try:
        # the answer is not cached, because it may contain a newer change of another client
        await client.json_patch(target, msgspec.json.encode(operations), FIELD_MANAGER)
    except errors.InvalidError as error:  # a failed test of the patch
        raise errors.ConflictError(str(error), status=409, reason="Conflict") from error


def removals(live: LiveObject, planned: PlannedObject) -> Operations:
    """The JSON patch that removes what the planned object does not have; empty where there is nothing to remove."""
    if b'"configMap"' not in live.body or not planned.instance:
        return []
    spec = get_in({"spec": live.part("spec")}, *_TEMPLATE, default={})
    desired = get_in(planned.body, *_TEMPLATE, default={})
    expected = {str(volume.get("name")) for volume in mappings_in(desired, "volumes")}
    own = {str(volume["name"]) for volume in mappings_in(spec, "volumes") if _is_own(volume, planned.instance)}
    operations = list(_mounts(spec, desired, own, own - expected))
    for index, volume in reversed(list(enumerate(get_in(spec, "volumes", default=[])))):
        if volume.get("name") in own - expected:
            operations += _removal(f"/spec/template/spec/volumes/{index}", "name", volume["name"])
    return [{"op": "test", "path": "/metadata/uid", "value": live.uid}, *operations] if operations else []


def _mounts(spec: Any, desired: Any, own: set[str], surplus: set[str]) -> Iterator[dict[str, Any]]:
    """The removals of mounts: those of surplus volumes, and those of own ones at places that are not planned."""
    for field in ("initContainers", "containers"):
        planned = {str(one.get("name")): _places(one) for one in mappings_in(desired, field)}
        for number, container in enumerate(get_in(spec, field, default=[])):
            places = planned.get(str(container.get("name")))
            for index, mount in reversed(list(enumerate(get_in(container, "volumeMounts", default=[])))):
                name, place = mount.get("name"), mount.get("mountPath")
                if name in surplus or (name in own and places is not None and place not in places):
                    yield from _removal(
                        f"/spec/template/spec/{field}/{number}/volumeMounts/{index}", "mountPath", place
                    )


def _places(container: Any) -> set[str]:
    return {str(mount.get("mountPath")) for mount in mappings_in(container, "volumeMounts")}


def _removal(path: str, key: str, value: object) -> Operations:
    """The operations that remove an item of a list, on condition that it is still this one."""
    return [{"op": "test", "path": f"{path}/{key}", "value": value}, {"op": "remove", "path": path}]


def _is_own(volume: Any, instance: str) -> bool:
    """Whether a volume is a config file of the instance: both its name and its ConfigMap begin with the instance."""
    prefix = f"{instance}-".replace(".", "-")
    names = (str(volume.get("name")), get_in(volume, "configMap", "name", default="").replace(".", "-"))
    return all(name.startswith(prefix) for name in names)
