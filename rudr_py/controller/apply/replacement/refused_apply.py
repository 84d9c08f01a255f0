"""The decision after the server has refused an apply, for the applier and for `rudr diff`. Sends dry runs only.

An object is replaced only if the server would create the next one. The rehearsal is a dry run under another name; it
also reveals immutable fields of custom kinds, whose messages are free text: the body is valid, the change is not.
"""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.controller.apply.decide import Clear, Refuse, Replace
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.apply.replacement import immutable_fields
from rudr_py.kube import requests
from rudr_py.kube.client import Client
from rudr_py.kube.requests import Target
from rudr_py.settings import FIELD_MANAGER

_NAME = 40
"""The length to which the name of the rehearsed object is cut, so that it keeps every limit of a kind."""

_IN_USE = ("exceeded quota", "already allocated", "already in use")
"""Texts of refusals that the deletion of the live object ends."""


async def decide(
    client: Client, target: Target, desired: DesiredObject, live: dict[str, Any], error: errors.ApiError
) -> Replace | Clear | Refuse | None:
    """The next decision about the live object; None where the error is final."""
    following = immutable_fields.decide(desired, live, error)
    if isinstance(following, Replace):
        refusal = await _rehearse(client, target, desired)
        if refusal is not None and not any(text in refusal.message for text in _IN_USE):
            message = (
                f"{desired.ref} is kept: the change is not possible in place, and the server would refuse the object "
                f"that replaces it: {refusal}"
            )
            return Refuse(message, refusal.reason or "Invalid")
    elif following is None and isinstance(error, errors.InvalidError) and error.causes:
        refusal = await _rehearse(client, target, desired)
        return None if refusal is not None else immutable_fields.report(desired, live, error)
    return following


async def _rehearse(client: Client, target: Target, desired: DesiredObject) -> errors.ApiError | None:
    """Create the object under another name in a dry run, and return the refusal of the server."""
    name = f"{target.name[:_NAME].rstrip('-.')}-rehearsal"
    metadata = {**desired.document["metadata"], "name": name}
    body = msgspec.json.encode({**desired.document, "metadata": metadata})
    try:
        await client.send(requests.apply(msgspec.structs.replace(target, name=name), body, FIELD_MANAGER, dry_run=True))
    except (errors.InvalidError, errors.ForbiddenError) as error:
        return error
    return None
