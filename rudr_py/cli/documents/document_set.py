"""The documents of `rudr validate` and `rudr render`: those of files, and, on request, of a cluster."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click
import msgspec

from rudr_py.cli.documents import files, schemas_extra
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.workspace import ClusterDocuments, Workspace, skipped_message
from rudr_py.cli.options.flags import ClusterOptions, DocumentOptions
from rudr_py.model.kubernetes import Release
from rudr_py.settings import NO_DEFAULTS, PlatformDefaults, Settings

if TYPE_CHECKING:
    from rudr_py.cli.documents.server_rules import ServerRules


class ClusterReading(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a cluster: documents, CustomResourceDefinitions, and the namespace of the kubeconfig's context."""

    documents: ClusterDocuments
    crds: tuple[dict[str, Any], ...]
    namespace: str
    kubernetes: Release | None = None


ReadCluster = Callable[[ClusterOptions, Iterable[str], Settings], ClusterReading]
"""Reads a cluster: the namespaces of components, "" for that of the context; the settings of the controller."""


class DocumentSet(msgspec.Struct, frozen=True, kw_only=True):
    """The files, their documents, and the rules of the API server; None if the schemas are not installed."""

    contents: FileContents
    workspace: Workspace
    server_rules: ServerRules | None
    defaults: PlatformDefaults = NO_DEFAULTS


def read(document_options: DocumentOptions, read_cluster: ReadCluster) -> DocumentSet:
    """Read the documents; print on standard error which files and documents are skipped."""
    options, settings = document_options, document_options.settings
    contents = files.read(options.filenames, recursive=options.recursive, stdin=sys.stdin.buffer.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    reading = None
    if options.cluster is not None:
        namespaces = (options.namespace or "", *_namespaces(contents))
        reading = read_cluster(options.cluster, namespaces, settings)
    workspace = Workspace.parse(
        contents.documents,
        namespace=options.namespace or (reading.namespace if reading else "default"),
        definitions_namespace=settings.definitions_namespace,
        limits=settings.limits,
    )
    if reading is not None:
        workspace = msgspec.structs.replace(workspace, cluster=reading.documents, kubernetes=reading.kubernetes)
    if document_options.kubernetes is not None:
        workspace = msgspec.structs.replace(workspace, kubernetes=document_options.kubernetes)
    for document in workspace.others:
        click.echo(skipped_message(document), err=True)
    return DocumentSet(
        contents=contents,
        workspace=workspace,
        server_rules=schemas_extra.load(reading.crds if reading else ()),
        defaults=settings.defaults,
    )


def _namespaces(contents: FileContents) -> Iterator[str]:
    """The namespaces that documents name."""
    for document in contents.documents:
        if isinstance(metadata := document.value.get("metadata"), dict):
            namespace = metadata.get("namespace")
            if isinstance(namespace, str) and namespace:
                yield namespace
