"""Are the rights that a type declares enough? Asks the local API, with RBAC on and a controller that has just these."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable
from typing import Any

from rudr_py.api import Kind, Trait
from rudr_py.catalog import Catalog
from rudr_py.model import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import rights, roles
from rudr_py.plugins.rights import Rights
from rudr_py.plugins.roles import Account, Installation
from rudr_py.settings import Settings
from rudr_py.testing import rendering
from rudr_py.testing.rendering import Stage
from rudr_py.testing.typed import Document

ACCOUNT, TOKEN = Account("rudr-system", "rudr-controller"), "token-of-the-controller"
APPLICATION = Kind(f"{CORE_GROUP}/v1alpha1", "ApplicationConfiguration")
FORBIDDEN = 403


def is_built_in(kind: Kind) -> bool:
    """Whether Kubernetes itself has the kind."""
    return "." not in kind.group or kind.group.endswith(".k8s.io")


def check(stage: Stage, catalog: Catalog, granted: Rights | None = None) -> None:
    """Raises AssertionError that names every request for which a right was missing.

    `granted` are the rights of the controller, by default those that the types declare.
    """
    # by name: without the packages of the extra `local` the rest of the suite must still run
    live = importlib.import_module("rudr_py.testing.live")
    cluster = importlib.import_module("rudr_py.local.cluster")
    access = importlib.import_module("rudr_py.local.access.settings")
    user = importlib.import_module("rudr_py.local.access.user")
    tokens = {TOKEN: user.account(ACCOUNT.namespace, ACCOUNT.name)}
    settings = cluster.LocalSettings(access=access.Access(tokens=tokens))
    with live.started(settings) as handle:
        handle.apply(*_granted(rights.needed(catalog) if granted is None else granted), *_definitions(stage, catalog))
        refused = handle.wait(_try(handle, stage, catalog))
    if refused:
        listed = "\n".join(refused)
        raise AssertionError(f"the rights of produces, observes and permissions are not enough for:\n{listed}")


async def _try(handle: Any, stage: Stage, catalog: Catalog) -> list[str]:
    """The requests of a controller that were forbidden while an application came and lost its trait."""
    live = importlib.import_module("rudr_py.testing.live")
    cluster, local = handle.cluster, handle.local
    local.requests.clear()
    async with contextlib.AsyncExitStack() as stack:
        transport = await live.connected(local.kubeconfig(TOKEN), stack)
        await stack.enter_async_context(cluster.controller(catalog, settings=Settings(), transport=transport))
        for document in rendering.documents(stage):
            await cluster.apply(document)
        with contextlib.suppress(TimeoutError):
            await cluster.until(APPLICATION, "app", lambda found: _settled(found) or _refused(local))
            if isinstance(stage.type_, Trait):
                bare = rendering.documents(stage)[1]
                for binding in bare["spec"]["components"]:
                    binding["traits"] = []
                await cluster.apply(bare)
                await cluster.until(APPLICATION, "app", lambda found: _settled(found, 2) or _refused(local))
    return _refused(local)


def _refused(local: Any) -> list[str]:
    return list(
        dict.fromkeys(f"{s.method} {s.path.partition('?')[0]}" for s in local.requests if s.status == FORBIDDEN)
    )


def _settled(document: Document, generation: int = 1) -> bool:
    status = document.get("status", {})
    if status.get("observedGeneration", 0) < generation:
        return False
    return any(found["type"] == "Synced" and found["status"] == "True" for found in status.get("conditions", ()))


def _granted(granted: Rights) -> Iterable[Document]:
    namespace = Settings().definitions_namespace
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    yield from roles.documents(granted, Installation(definitions=namespace, account=ACCOUNT))


def _definitions(stage: Stage, catalog: Catalog) -> Iterable[Document]:
    """CRDs that take anything, for the kinds of the type that neither Kubernetes nor we bring."""
    ours = {document["spec"]["names"]["kind"] for document in crds.documents()}
    kinds = {*stage.type_.produces, *stage.type_.observes, *catalog.kinds()}
    for kind in sorted(kinds, key=str):
        if not is_built_in(kind) and not (kind.group == CORE_GROUP and kind.kind in ours):
            yield _definition(kind)


def _definition(kind: Kind) -> Document:
    plural = rights.plural(kind)
    open_object = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": kind.api_version.rpartition("/")[2],
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": open_object},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.kind,
                "plural": plural,
                "singular": kind.kind.lower(),
                "listKind": f"{kind.kind}List",
            },
            "versions": [version],
        },
    }
