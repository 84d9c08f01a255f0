"""Give up a field without the server resetting it: a second manager of rudr holds its live value meanwhile.

Source: kube-apiserver resets a field that its only owner gives up (replicas 5 -> 1, an outage).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from rudr_py import errors
from rudr_py.api import Path
from rudr_py.controller.apply import managed_fields
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.state.unowned_fields import UnownedFields
from rudr_py.kube import live_object
from rudr_py.kube.client import Client
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

Document = dict[str, Any]

CLEARED: Final[tuple[Path, ...]] = (("spec", "strategy"), ("spec", "updateStrategy"))
"""The parts that `clear` holds until the first manager owns them."""


class Handover:
    """Moves fields between the two managers of rudr."""

    def __init__(self, client: Client, unowned: UnownedFields | None = None) -> None:
        """`unowned` is shared by all objects of the process."""
        self._client = client
        self._unowned = unowned or UnownedFields()

    def released_at(self, live: LiveObject | None, planned: PlannedObject) -> str:
        """The version of a live object at which there is nothing to release; empty if that is unknown.

        The apply that follows has to have the version as a precondition, because `live` may be outdated.
        """
        if live is None or not live.digest or live.held:
            return ""
        uncertain = (path for path in planned.released if live.sized or path[-1] != "replicas")
        is_unowned = all(self._unowned.contains(live.digest, path) for path in uncertain)
        return live.resource_version if is_unowned else ""

    async def release(self, target: Target, planned: PlannedObject, uid: str) -> bool:
        """Hold the paths to hand over that the first manager owns, with their live values. Whether anything was sent.

        Of a map or list, only the parts that it owns are held. The fields that an interrupted `clear` still holds are
        given up. Raises ConflictError when the object has changed meanwhile.
        """
        try:
            document = await self._client.get(target)
        except errors.NotFoundError:
            return False
        owned = managed_fields.entry(document, FIELD_MANAGER)
        paths = [path for path in planned.released if managed_fields.owns(owned, path)]
        # an apply replaces all fields of its manager, so it contains those that it holds already
        held = managed_fields.entry(document, HANDOVER_MANAGER)
        left = [path for path in CLEARED if path not in planned.released and managed_fields.owns(held, (*path, "type"))]
        if not paths and not left:
            for path in planned.released:
                self._unowned.add(live_object.digest(msgspec.json.encode(owned)), path)
            return False
        content = _held_besides(held, document, left)
        content = _merged(content, _identity(planned, uid, document["metadata"]["resourceVersion"]))
        for path in paths:
            value = managed_fields.extract(managed_fields.below(owned, path), managed_fields.value(document, path))
            content = _merged(content, managed_fields.nested(path, value))
        await self._client.apply(target, msgspec.json.encode(content), HANDOVER_MANAGER, force=False)
        return True

    async def settle(self, target: Target, planned: PlannedObject, uid: str) -> None:
        """Give up every held field, because the first manager owns it again."""
        await self._client.apply(target, msgspec.json.encode(_identity(planned, uid)), HANDOVER_MANAGER, force=False)

    async def clear(self, target: Target, desired: DesiredObject, document: Document, path: Path) -> Document:
        """Give the part at `path` its desired value, without the defaults of the server that contradict it.

        A default has no owner, and an apply removes fields of its own manager only: the live part is held, then
        replaced. Returns the body for `hold`, after the first manager has applied the object. Raises ConflictError when
        the object has changed since `document`.
        """
        planned, metadata = desired.planned, document["metadata"]
        fields = managed_fields.entry(document, HANDOVER_MANAGER)
        held: Document = _merged(_held_besides(fields, document, (path,)), _identity(planned, metadata["uid"]))
        live = _identity(planned, metadata["uid"], metadata["resourceVersion"])
        live = _merged(live, managed_fields.nested(path, managed_fields.value(document, path)))
        await self.hold(target, _merged(held, live))
        await self.hold(
            target, _merged(held, managed_fields.nested(path, managed_fields.value(desired.document, path)))
        )
        return held

    async def hold(self, target: Target, content: Document) -> None:
        """Hold exactly the fields of this body."""
        await self._client.apply(target, msgspec.json.encode(content), HANDOVER_MANAGER)


def _held_besides(fields: Document, document: Document, paths: Iterable[Path]) -> Document:
    """The fields of a manager with their live values, without those at two-part paths of names."""
    content: Document = managed_fields.extract(fields, document) if fields else {}
    for parent, name in paths:
        part = content.get(str(parent))
        if isinstance(part, dict):
            content = {**content, str(parent): {key: value for key, value in part.items() if key != name}}
    return content


def _identity(planned: PlannedObject, uid: str, resource_version: str = "") -> dict[str, Any]:
    metadata = {"name": planned.ref.name, "namespace": planned.body["metadata"]["namespace"], "uid": uid}
    if resource_version:
        metadata["resourceVersion"] = resource_version
    return {"apiVersion": planned.ref.kind.api_version, "kind": planned.ref.kind.kind, "metadata": metadata}


def _merged(left: Any, right: Any) -> Any:
    if isinstance(left, dict) and isinstance(right, dict):
        return {**left, **{key: _merged(left[key], value) if key in left else value for key, value in right.items()}}
    if isinstance(left, list) and isinstance(right, list):
        return [*left, *(item for item in right if item not in left)]
    return right
