"""Are the rights that a type declares enough? Asks the local API, with RBAC on and a controller that has just these."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Sequence
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

_QUICK = Settings(status_interval=0.0)
"""Nothing here wants to spare the API server."""


def is_built_in(kind: Kind) -> bool:
    """Whether Kubernetes itself has the kind."""
    return "." not in kind.group or kind.group.endswith(".k8s.io")


def check(stages: Sequence[Stage], catalog: Catalog, granted: Rights | None = None) -> None:
    """Raises AssertionError that names every request for which a right was missing, while the stages came and went.

    They are of one type. `granted` are the rights of the controller, by default those that the types declare.
    """
    # by name: without the packages of the extra `local` the rest of the suite must still run
    live = importlib.import_module("rudr_py.testing.live")
    cluster = importlib.import_module("rudr_py.local.cluster")
    access = importlib.import_module("rudr_py.local.access.settings")
    user = importlib.import_module("rudr_py.local.access.user")
    tokens = {TOKEN: user.account(ACCOUNT.namespace, ACCOUNT.name)}
    settings = cluster.LocalSettings(access=access.Access(tokens=tokens))
    needed = _granted(rights.needed(catalog) if granted is None else granted)
    with live.started(settings) as handle:
        handle.apply(*needed, *_definitions(stages[0], catalog))
        refused = handle.wait(_try(handle, stages, catalog))
    if refused:
        listed = "\n".join(refused)
        raise AssertionError(f"the rights of produces, observes and permissions are not enough for:\n{listed}")


async def _try(handle: Any, stages: Sequence[Stage], catalog: Catalog) -> list[str]:
    """The requests of a controller that were forbidden while applications came and lost their trait."""
    live = importlib.import_module("rudr_py.testing.live")
    cluster, local = handle.cluster, handle.local
    local.requests.clear()
    given = [_numbered(stage, number) for number, stage in enumerate(stages)]
    async with contextlib.AsyncExitStack() as stack:
        transport = await live.connected(local.kubeconfig(TOKEN), stack)
        await stack.enter_async_context(cluster.controller(catalog, settings=_QUICK, transport=transport))
        await cluster.apply(*(document for pair in given for document in pair))
        with contextlib.suppress(TimeoutError):
            await _all_settled(handle, given, 1)
            if isinstance(stages[0].type_, Trait):
                for _, application in given:
                    for binding in application["spec"]["components"]:
                        binding["traits"] = []
                await cluster.apply(*(application for _, application in given))
                await _all_settled(handle, given, 2)
    return _refused(local)


async def _all_settled(handle: Any, given: Sequence[tuple[Document, Document]], generation: int) -> None:
    """Wait until each application is as its documents say, or a request was refused."""
    for _, application in given:
        name = application["metadata"]["name"]
        await handle.cluster.until(
            APPLICATION, name, lambda found: _settled(found, generation) or _refused(handle.local)
        )


def _numbered(stage: Stage, number: int) -> tuple[Document, Document]:
    """The documents of a stage, under names that no other number has."""
    component, application = rendering.documents(stage)
    spec = application["spec"]
    component["metadata"]["name"] += f"-{number}"
    application["metadata"]["name"] += f"-{number}"
    for scope in spec.get("scopes", ()):
        scope["name"] += f"-{number}"
    for binding in spec["components"]:
        binding["componentName"] += f"-{number}"
        binding["instanceName"] += f"-{number}"
        binding["applicationScopes"] = [f"{name}-{number}" for name in binding.get("applicationScopes", ())]
    return component, application


def _refused(local: Any) -> list[str]:
    return list(
        dict.fromkeys(f"{s.method} {s.path.partition('?')[0]}" for s in local.requests if s.status == FORBIDDEN)
    )


def _settled(document: Document, generation: int) -> bool:
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
