"""Leaves a field to others without the server resetting it: a second manager holds the live value meanwhile.

Source: kube-apiserver resets a field that its only owner gives up (replicas 5 -> 1, an outage).
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.controller.apply import managed_fields
from rudr_py.kube.client import Client
from rudr_py.kube.requests import Target
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER


class Handover:
    """Moves fields between our two managers."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def release(self, target: Target, planned: PlannedObject, uid: str) -> bool:
        """Hold the planned paths that we own now, with their live values; whether there were any.

        Raises ConflictError when the object changed meanwhile: try again.
        """
        try:
            document = await self._client.get(target)
        except errors.NotFoundError:
            return False
        mine = managed_fields.entry(document, FIELD_MANAGER)
        held = [path for path in planned.handover if managed_fields.owns(mine, path)]
        if not held:
            return False
        content = _head(planned, uid, document["metadata"]["resourceVersion"])
        for path in held:
            content = _merged(content, managed_fields.nested(path, managed_fields.value(document, path)))
        await self._client.apply(target, msgspec.json.encode(content), HANDOVER_MANAGER, force=False)
        return True

    async def settle(self, target: Target, planned: PlannedObject, uid: str) -> None:
        """Let go of everything held, because we own the fields again."""
        await self._client.apply(target, msgspec.json.encode(_head(planned, uid)), HANDOVER_MANAGER, force=False)


def _head(planned: PlannedObject, uid: str, resource_version: str = "") -> dict[str, Any]:
    metadata = {"name": planned.ref.name, "namespace": planned.body["metadata"]["namespace"], "uid": uid}
    if resource_version:
        metadata["resourceVersion"] = resource_version
    return {"apiVersion": planned.ref.kind.api_version, "kind": planned.ref.kind.kind, "metadata": metadata}


def _merged(one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        return {**one, **{key: _merged(one[key], value) if key in one else value for key, value in other.items()}}
    return [*one, *other] if isinstance(one, list) and isinstance(other, list) else other
