"""The documents of a cluster beside which documents of files are checked: definitions, components and CRDs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from rudr_py.api import Kind
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster.client import ClusterClient, unreadable_message
from rudr_py.cli.cluster.preview import decoded, read_namespace
from rudr_py.cli.documents.document_set import ClusterReading
from rudr_py.cli.documents.workspace import ClusterDocuments
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.controller.state import definition_index
from rudr_py.controller.state.definition_index import DefinitionIndex
from rudr_py.controller.state.index import MultiMap
from rudr_py.errors import ForbiddenError, KindAbsentError
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Selection
from rudr_py.model import kubernetes
from rudr_py.model.document import Parsed
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import COMPONENT, CUSTOM_RESOURCE_DEFINITION
from rudr_py.model.parse import component
from rudr_py.settings import Settings

Document = dict[str, Any]


def read(options: ClusterOptions, namespaces: Iterable[str], settings: Settings) -> ClusterReading:
    """Read a cluster. `namespaces` are those of components, "" for that of the context.

    A kind that the user may not read, or that the cluster lacks, counts as empty, with a warning.
    Raises CommandFailure if the cluster cannot be reached.
    """
    return asyncio.run(_read(options, sorted(set(namespaces)), settings))


async def definitions(client: ClusterClient, namespace: str) -> tuple[LiveObject, ...]:
    """The definitions of a namespace. A kind that cannot be read counts as empty, with a warning."""
    return tuple(
        [decoded(item, kind) for kind in definition_index.KINDS for item in await _list(client, kind, namespace)]
    )


async def _read(options: ClusterOptions, namespaces: Sequence[str], settings: Settings) -> ClusterReading:
    async with cluster_client.opened(options) as client:
        index = DefinitionIndex(MultiMap())
        for live in await definitions(client, settings.definitions_namespace):
            index.update(Kind(live.api_version, live.kind), Change(None, live))
        components: dict[ObjectKey, Parsed[Any]] = {}
        own_namespaces = tuple(dict.fromkeys(name or client.namespace for name in namespaces))
        for namespace in own_namespaces:
            for item in await _list(client, COMPONENT, namespace):
                key = ObjectKey(namespace, item["metadata"]["name"])
                components[key] = component.parse_component(_typed(item, COMPONENT), None, settings.limits)
        return ClusterReading(
            documents=ClusterDocuments(
                components=components,
                definitions=index.current(),
                namespaces=await _labels(client, own_namespaces, settings),
            ),
            crds=tuple(
                [
                    _typed(item, CUSTOM_RESOURCE_DEFINITION)
                    for item in await _list(client, CUSTOM_RESOURCE_DEFINITION, "")
                ]
            ),
            namespace=client.namespace,
            kubernetes=kubernetes.of_version(client.discovery.version),
        )


async def _labels(client: ClusterClient, namespaces: Sequence[str], settings: Settings) -> dict[str, Mapping[str, str]]:
    """The labels of those of these namespaces that exist and that the user may read; empty if no default needs them."""
    labels: dict[str, Mapping[str, str]] = {}
    for name in namespaces if settings.defaults.pod_security == "namespace" else ():
        try:
            live = await read_namespace(client, name)
        except ForbiddenError as error:
            click.echo(f"warning: {unreadable_message(error)}", err=True)
        else:
            labels |= {name: live.labels} if live is not None else {}
    return labels


async def _list(client: ClusterClient, kind: Kind, namespace: str) -> list[Document]:
    try:
        resource = await client.resource(kind)
        return await client.client.list_all(Selection(resource=resource, namespace=namespace))
    except (ForbiddenError, KindAbsentError) as error:
        click.echo(f"warning: {unreadable_message(error)}", err=True)
        return []


def _typed(item: Mapping[str, Any], kind: Kind) -> Document:
    """An item of a list, which may lack its apiVersion and kind."""
    return {"apiVersion": kind.api_version, "kind": kind.kind, **item}
