"""The CustomResourceDefinitions of other projects in tests/data/crds, and a check of objects against them.

The folders are named after the projects; a README in each names release and licence.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from rudr_py.api import Kind
from rudr_py.errors import ApiError
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.registry.resources import KindInfo, ObjectTarget
from rudr_py.local.storage.cloning import clone
from rudr_py.local.verbs import decoding, writes
from rudr_py.local.verbs.writes import WriteOptions
from rudr_py.model.crd_schemas import crds

Document = dict[str, Any]

FOLDER = Path(__file__).parent / "data" / "crds"
PATHS = sorted(FOLDER.glob("*/*.yaml"))

_STRICT = WriteOptions(manager="tester", field_validation=decoding.STRICT, dry_run=True)


@functools.cache
def definitions() -> Mapping[str, Document]:
    """The definitions by name. The caller must not change them."""
    listed = (yaml.load(path.read_text(), yaml.CSafeLoader) for path in PATHS)
    return {document["metadata"]["name"]: document for document in listed}


def definition(kind: Kind) -> Document:
    """The definition of a kind. The caller must not change it."""
    return next(
        document
        for document in definitions().values()
        if (document["spec"]["group"], document["spec"]["names"]["kind"]) == (kind.group, kind.kind)
    )


@functools.cache
def _server() -> LocalCluster:
    """A local API that serves all definitions and those of OAM, without a socket."""
    cluster = LocalCluster()
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    for document in (namespace, *crds.documents(), *definitions().values()):
        cluster.client.create(document)
    return cluster


def rejection(body: Mapping[str, Any]) -> str:
    """The reason for which the API server rejects an object, or "".

    It checks structural schemas, CEL rules and unknown fields, which are an error: the server would drop them.
    """
    obj: Document = clone(dict(body))
    target = ObjectTarget(_resource(obj), "default", obj["metadata"]["name"])
    obj["metadata"]["namespace"] = target.namespace
    try:
        writes.create(_server().backend, target, obj, _STRICT)
    except ApiError as error:
        return str(error)
    return ""


def _resource(obj: Document) -> Any:
    resource = _server().backend.registry.by_kind(KindInfo(obj["apiVersion"], obj["kind"]))
    assert resource is not None, f"add the definition of {obj['kind']} of {obj['apiVersion']} to {FOLDER.name}/"
    return resource
