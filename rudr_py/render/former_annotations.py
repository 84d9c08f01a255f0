"""The annotations of a component that earlier releases copied to its pods. Pure.

An object that was applied with them is in sync: their removal alone would restart the pods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rudr_py.api import Manifest, get_in, pod_annotations
from rudr_py.model.identity import Metadata
from rudr_py.render.scopes import membership


def uncopied(manifest: Manifest, metadata: Metadata, workload: str) -> Mapping[str, Any]:
    """The annotations that the pod template of this manifest lacks; `metadata` is that of the component.

    Empty for an object that runs once, which is never applied again, and for a workload type of a plugin.
    """
    template = get_in(manifest.body, "spec", "template", default={})
    if manifest.run_once or not template or not membership.core(workload):
        return {}
    present = {pod_annotations.LAST_APPLIED, *get_in(template, "metadata", "annotations", default={})}
    return {key: value for key, value in metadata.annotations.items() if key not in present}
