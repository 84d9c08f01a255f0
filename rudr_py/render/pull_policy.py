"""Sets the imagePullPolicy of the containers of a manifest. Pure."""

from __future__ import annotations

import msgspec

from rudr_py.api import Manifest


def with_pull_policy(manifest: Manifest, policy: str) -> Manifest:
    """The manifest with this imagePullPolicy for every container of its pod template, if it has one."""
    body = msgspec.json.decode(msgspec.json.encode(manifest.body))
    spec = body
    for step in ("spec", "template", "spec"):
        child = spec.get(step)
        if not isinstance(child, dict):
            return manifest
        spec = child
    for containers in (spec.get("containers"), spec.get("initContainers")):
        for container in containers if isinstance(containers, list) else ():
            if isinstance(container, dict):
                container["imagePullPolicy"] = policy
    return msgspec.structs.replace(manifest, body=body)
