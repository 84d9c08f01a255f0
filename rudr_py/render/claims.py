"""Warn of volumes for which an application creates no claim. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rudr_py.api import Kind
from rudr_py.errors import Problem
from rudr_py.model import paths
from rudr_py.render.scopes import membership
from rudr_py.render.values.plan import RenderedInstance

CLAIM = Kind("v1", "PersistentVolumeClaim")


def missing(instances: Mapping[int, RenderedInstance]) -> Iterator[Problem]:
    """Warnings of claims that pods of core workload types mount and no instance adds; `instances` by their index.

    The claims may exist, as with Rudr, so this is no error.
    """
    added = {planned.ref.name for one in instances.values() for planned in one.manifests if planned.ref.kind == CLAIM}
    for index, rendered in instances.items():
        if rendered.plan is None or not membership.core(rendered.plan.workload.offer.name):
            continue
        mounted = (name for planned in rendered.manifests for name in mounts(planned.body.get("spec")))
        for name in dict.fromkeys(mounted):
            if name not in added:
                message = (
                    f'volume "{name}" of instance "{rendered.plan.name}" has no claim; pods wait for it; attach the '
                    f'trait volume-mounter, or create the PersistentVolumeClaim "{name}", if it does not exist'
                )
                yield Problem(message, paths.child("$", "spec", "components", index, "componentName"))


def mounts(value: Any) -> Iterator[str]:
    """The names of the claims that pod specs inside a value mount."""
    if isinstance(value, dict):
        source = value.get("persistentVolumeClaim")
        name = source.get("claimName") if isinstance(source, dict) else None
        if isinstance(name, str):
            yield name
        for item in value.values():
            yield from mounts(item)
    elif isinstance(value, list):
        for item in value:
            yield from mounts(item)
