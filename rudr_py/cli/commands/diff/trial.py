"""Try changes on the server as dry runs, and compute those that the user may not try. Writes nothing."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.cli.commands.diff import local_apply
from rudr_py.controller.apply.config_leftovers import Operations
from rudr_py.errors import Right
from rudr_py.kube import requests
from rudr_py.kube.client import Client
from rudr_py.kube.requests import Target
from rudr_py.settings import FIELD_MANAGER

Document = dict[str, Any]

_SERVER_SET = frozenset({"resourceVersion", "uid"})
"""Metadata of an apply that states conditions."""


class Trial:
    """Dry runs of changes. Other errors than a missing right are raised."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._missing: dict[Target, Right] = {}

    def missing(self, target: Target) -> Right | None:
        """The right whose absence caused the change of an object to be computed; None if the server has tried it."""
        return self._missing.get(target)

    def add_missing(self, target: Target, right: Right) -> None:
        """Record a right whose absence causes the change of an object to be computed."""
        self._missing[target] = right

    def rights(self) -> tuple[Right, ...]:
        """All missing rights, without duplicates."""
        return tuple(dict.fromkeys(self._missing.values()))

    async def apply(self, target: Target, content: bytes, manager: str, live: Document | None) -> Document:
        """The object after an apply with this content."""
        try:
            return await self._client.json(requests.apply(target, content, manager, dry_run=True))
        except errors.MissingRightError as error:
            self._missing[target] = error.right
        desired: Document = msgspec.json.decode(content)
        metadata = {key: value for key, value in desired["metadata"].items() if key not in _SERVER_SET}
        computed = local_apply.applied(live, {**desired, "metadata": metadata}, manager)
        # those of the live object do not have the new fields
        computed["metadata"] = {key: value for key, value in computed["metadata"].items() if key != "managedFields"}
        return computed

    async def trim(self, target: Target, operations: Operations, live: Document) -> Document:
        """The object after a JSON patch that removes parts of it."""
        patch = requests.json_patch(target, msgspec.json.encode(operations), FIELD_MANAGER, dry_run=True)
        try:
            return await self._client.json(patch)
        except errors.MissingRightError as error:
            self._missing[target] = error.right
        return local_apply.trimmed(live, operations)
