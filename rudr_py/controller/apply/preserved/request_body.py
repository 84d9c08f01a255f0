"""The body of an apply to a live object. Sends at most a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.apply.preserved import template_annotations
from rudr_py.kube import requests
from rudr_py.kube.client import Client
from rudr_py.kube.requests import Target
from rudr_py.settings import FIELD_MANAGER


async def of(
    client: Client,
    target: Target,
    desired: DesiredObject,
    uid: str,
    document: dict[str, Any] | None,
    version: str = "",
) -> bytes:
    """The body with the pod annotations of the live `document` that stay, and with preconditions.

    A body with live values of ignored fields has the version from which they are as a precondition; another body has
    `version`, or none. Raises KubeError.
    """
    if document is not None and desired.planned.reapplied:
        version = document["metadata"]["resourceVersion"]

    async def dry_run(annotations: Mapping[str, str]) -> dict[str, Any]:
        body = desired.keeping(annotations).encoded(uid=uid, resource_version=version)
        return await client.json(requests.apply(target, body, FIELD_MANAGER, dry_run=True))

    kept = {} if document is None else await template_annotations.kept(document, desired.document, dry_run)
    return desired.keeping(kept).encoded(uid=uid, resource_version=version)
