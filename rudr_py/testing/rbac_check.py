"""Are the rights that a type declares enough? Asks the local API, with RBAC on and a controller that has just these."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Sequence
from typing import Any

from rudr_py.api import Kind, Trait
from rudr_py.catalog import Catalog
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.kinds import APPLICATION
from rudr_py.plugins import rights, roles
from rudr_py.plugins.rights import Rights
from rudr_py.plugins.roles import RoleScope, ServiceAccount
from rudr_py.settings import Settings
from rudr_py.testing import rendering
from rudr_py.testing.protocols import Document
from rudr_py.testing.rendering import RenderSetup

ACCOUNT, TOKEN = ServiceAccount("rudr-system", "rudr-controller"), "token-of-the-controller"
FORBIDDEN, NOT_FOUND, WRONG = 403, 404, 400
"""Status codes of HTTP; from the last one on, the server said no."""

PATIENCE = 60.0
"""Seconds until an application that is not synced is given up."""

HOPELESS = {"Valid": ("PluginFailed",), "Synced": ("Invalid", "BadRequest")}
"""Conditions that are False for reasons which no waiting mends, so that they are told at once."""

_QUICK = Settings(status_interval=0.0)
"""Nothing here wants to spare the API server."""


def is_built_in(kind: Kind) -> bool:
    """Whether Kubernetes itself has the kind."""
    return "." not in kind.group or kind.group.endswith(".k8s.io")


def check(
    stages: Sequence[RenderSetup], catalog: Catalog, granted: Rights | None = None, *, patience: float = PATIENCE
) -> None:
    """Raises AssertionError that names every request for which a right was missing, while the stages came and went.

    They are of one type. `granted` are the rights of the controller, by default those that the types declare. Rights
    that could not be tried, because an application was not synced within `patience` seconds, are an AssertionError
    too: it has the application's conditions and the server's refusals.
    """
    # by name: without the packages of the extra `local` the rest of the suite must still run
    live = importlib.import_module("rudr_py.testing.local_handle")
    cluster = importlib.import_module("rudr_py.local.cluster")
    access = importlib.import_module("rudr_py.local.access.settings")
    user = importlib.import_module("rudr_py.local.access.user")
    tokens = {TOKEN: user.account(ACCOUNT.namespace, ACCOUNT.name)}
    settings = cluster.LocalSettings(access=access.AccessSettings(tokens=tokens))
    needed = _granted(rights.needed(catalog) if granted is None else granted)
    with live.started(settings) as handle:
        handle.apply(*needed, *_definitions(stages[0], catalog))
        refused, stuck = handle.wait(_try(handle, stages, catalog, patience))
    if refused:
        listed = "\n".join(refused)
        raise AssertionError(f"the rights of produces, observes and permissions are not enough for:\n{listed}")
    if stuck:
        raise AssertionError(
            f'the rights of "{stages[0].type_.name}" could not be tried: {stuck}\n'
            "Look at what it renders, and at how it takes what it observes; mend what is refused."
        )


async def _try(handle: Any, stages: Sequence[RenderSetup], catalog: Catalog, patience: float) -> tuple[list[str], str]:
    """Applications come and lose their trait: which requests were forbidden, and why one did not get there, or ""."""
    live = importlib.import_module("rudr_py.testing.local_handle")
    cluster, local = handle.cluster, handle.local
    local.requests.clear()
    given = [_numbered(stage, number) for number, stage in enumerate(stages)]
    async with contextlib.AsyncExitStack() as stack:
        transport = await live.connected(local.kubeconfig(TOKEN), stack)
        await stack.enter_async_context(cluster.controller(catalog, settings=_QUICK, transport=transport))
        await cluster.apply(*(document for pair in given for document in pair))
        stuck = await _stuck(handle, given, 1, patience)
        if not stuck and isinstance(stages[0].type_, Trait):
            for _, application in given:
                for binding in application["spec"]["components"]:
                    binding["traits"] = []
            await cluster.apply(*(application for _, application in given))
            stuck = await _stuck(handle, given, 2, patience)
        return _refused(local), stuck


async def _stuck(handle: Any, given: Sequence[tuple[Document, Document]], generation: int, patience: float) -> str:
    """Wait until each application is as its documents say; why the first one will not be, or ""."""

    def ended(found: Document) -> bool:
        return _settled(found, generation) or _hopeless(found, generation) or bool(_refused(handle.local))

    for _, application in given:
        name = application["metadata"]["name"]
        try:
            found = await handle.cluster.until(APPLICATION, name, ended, seconds=patience)
        except TimeoutError:
            found = await handle.cluster.get(APPLICATION, name) or {}
        if not _settled(found, generation):
            changed = " after its trait was taken away" if generation > 1 else ""
            waited = "" if _hopeless(found, generation) else f" in {patience:g} s"
            lines = [f'application "{name}" was not synced{waited}{changed}', *_said(found), *_answers(handle.local)]
            return "\n".join(lines)
    return ""


def _said(application: Document) -> list[str]:
    """Its conditions, a line each."""
    found = application.get("status", {}).get("conditions", ())
    lines = [f"{c['type']} is {c['status']}, {c.get('reason', '')}: {c.get('message', '')}".rstrip(": ") for c in found]
    return lines or ["it has no conditions: the controller did not come to look at it"]


def _answers(local: Any) -> list[str]:
    """What the server refused to the controller; that something is not there yet is no refusal."""
    wrong = [seen for seen in local.requests if seen.status >= WRONG and seen.status != NOT_FOUND]
    return list(
        dict.fromkeys(f"the server answered {s.status} to {s.method} {s.path.partition('?')[0]}" for s in wrong)
    )


def _numbered(stage: RenderSetup, number: int) -> tuple[Document, Document]:
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
    return any(found["type"] == "Synced" and found["status"] == "True" for found in _conditions(document, generation))


def _hopeless(document: Document, generation: int) -> bool:
    found = _conditions(document, generation)
    return any(one["status"] == "False" and one.get("reason") in HOPELESS.get(one["type"], ()) for one in found)


def _conditions(document: Document, generation: int) -> Sequence[Document]:
    """What was said of this generation or a later one."""
    status = document.get("status", {})
    found: Sequence[Document] = status.get("conditions", ())
    return found if status.get("observedGeneration", 0) >= generation else ()


def _granted(granted: Rights) -> Iterable[Document]:
    namespace = Settings().definitions_namespace
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    yield from roles.documents(granted, RoleScope(definitions=namespace, account=ACCOUNT))


def _definitions(stage: RenderSetup, catalog: Catalog) -> Iterable[Document]:
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
