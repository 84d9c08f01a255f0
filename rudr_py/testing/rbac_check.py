"""Checks whether the declared rights of a type suffice, with a controller on the local API with RBAC."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from rudr_py.api import Kind, Trait
from rudr_py.catalog import Catalog
from rudr_py.kube.requests import ServiceAccount
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.kinds import APPLICATION
from rudr_py.plugins import rights, roles
from rudr_py.plugins.rights import Rights
from rudr_py.plugins.roles import RoleScope
from rudr_py.settings import Settings
from rudr_py.testing import rendering
from rudr_py.testing.clock import LaterClock
from rudr_py.testing.protocols import Document
from rudr_py.testing.rendering import RenderSetup

ACCOUNT, TOKEN = ServiceAccount("rudr-system", "rudr-controller"), "token-of-the-controller"
FORBIDDEN, NOT_FOUND, FIRST_ERROR = 403, 404, 400
"""Status codes of HTTP; the last is the lowest one of errors."""

PATIENCE = 60.0
"""The timeout for an application to be synced, in seconds."""

HOPELESS = {"Valid": ("PluginFailed",), "Synced": ("Invalid", "BadRequest")}
"""Conditions whose reasons do not change with time, so that the check fails immediately."""

_QUICK = Settings(status_interval=0.0)
"""Settings without a limit of the rate of status writes."""


_DOMAIN = ".k8s.io"

_OWN_GROUPS = frozenset(
    f"{name}{_DOMAIN}"
    for name in (
        *("admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization"),
        *("certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "internal.apiserver"),
        *("networking", "node", "rbac.authorization", "resource", "scheduling", "storage", "storagemigration"),
    )
)
"""The groups of Kubernetes with a domain. Other projects of Kubernetes, such as Gateway API, share the domain."""


def is_built_in(kind: Kind) -> bool:
    """Whether the group of the kind is part of Kubernetes, so that its schemas are published with each release."""
    return "." not in kind.group or kind.group in _OWN_GROUPS


def check(
    setups: Sequence[RenderSetup],
    catalog: Catalog,
    controller_rights: Rights | None = None,
    *,
    patience: float = PATIENCE,
) -> None:
    """Apply and prune the setups. Raises AssertionError with every request for which a right was missing.

    All setups are of one type. `controller_rights` are by default those that the types declare. Where a setup is held
    until some time, the controller's clock is ahead by that long. An application that is not synced within `patience`
    seconds is an AssertionError, too, with its conditions and the errors of the server.
    """
    # imported here, because the rest of the suite must run without the packages of the extra `local`
    local_handle = importlib.import_module("rudr_py.testing.local_handle")
    cluster = importlib.import_module("rudr_py.local.cluster")
    access = importlib.import_module("rudr_py.local.access.settings")
    user = importlib.import_module("rudr_py.local.access.user")
    tokens = {TOKEN: user.account(ACCOUNT.namespace, ACCOUNT.name)}
    settings = cluster.LocalSettings(access=access.AccessSettings(tokens=tokens))
    needed = _granted(rights.needed(catalog) if controller_rights is None else controller_rights)
    with local_handle.started(settings) as handle:
        handle.cluster.clock = LaterClock(max(_held_for(setup, catalog) for setup in setups))
        handle.apply(*needed, *_definitions(setups[0], catalog))
        refused, stuck = handle.wait(_try(handle, setups, catalog, patience))
    if refused:
        listed = "\n".join(refused)
        raise AssertionError(f"the rights of produces, observes and permissions do not suffice for:\n{listed}")
    if stuck:
        raise AssertionError(
            f'the rights of "{setups[0].type_.name}" could not be checked: {stuck}\n'
            "Check the rendered objects, and the handling of observed objects."
        )


def _held_for(setup: RenderSetup, catalog: Catalog) -> timedelta:
    """The time until the type of a setup stops holding; zero where it does not hold, or without a time."""
    plan = rendering.plan(setup, catalog)
    is_held = any(scope.held for scope in plan.scopes) or any(instance.held for instance in plan.instances)
    return plan.wake_at - setup.now if is_held and plan.wake_at is not None else timedelta()


async def _try(handle: Any, setups: Sequence[RenderSetup], catalog: Catalog, patience: float) -> tuple[list[str], str]:
    """Apply the applications, and remove their trait. Returns forbidden requests, and why one was not synced, or ""."""
    local_handle = importlib.import_module("rudr_py.testing.local_handle")
    cluster, local = handle.cluster, handle.local
    local.requests.clear()
    documents = [_numbered(setup, number) for number, setup in enumerate(setups)]
    async with contextlib.AsyncExitStack() as stack:
        transport = await local_handle.connected(local.kubeconfig(TOKEN), stack)
        await stack.enter_async_context(cluster.controller(catalog, settings=_QUICK, transport=transport))
        await cluster.apply(*(document for pair in documents for document in pair))
        stuck = await _stuck(handle, documents, 1, patience)
        if not stuck and isinstance(setups[0].type_, Trait):
            for _, application in documents:
                for binding in application["spec"]["components"]:
                    binding["traits"] = []
            await cluster.apply(*(application for _, application in documents))
            stuck = await _stuck(handle, documents, 2, patience)
        return _refused(local), stuck


async def _stuck(handle: Any, documents: Sequence[tuple[Document, Document]], generation: int, patience: float) -> str:
    """Wait until each application is synced. Returns the reason that the first one is not, or ""."""

    def ended(live: Document) -> bool:
        return _settled(live, generation) or _hopeless(live, generation) or bool(_refused(handle.local))

    for _, application in documents:
        name = application["metadata"]["name"]
        try:
            live = await handle.cluster.until(APPLICATION, name, ended, seconds=patience)
        except TimeoutError:
            live = await handle.cluster.get(APPLICATION, name) or {}
        if not _settled(live, generation):
            changed = " after its trait was removed" if generation > 1 else ""
            waited = "" if _hopeless(live, generation) else f" in {patience:g} s"
            lines = [
                f'application "{name}" was not synced{waited}{changed}',
                *_condition_lines(live),
                *_error_responses(handle.local),
            ]
            return "\n".join(lines)
    return ""


def _condition_lines(application: Document) -> list[str]:
    """The conditions of an application, one line each."""
    conditions = application.get("status", {}).get("conditions", ())
    lines = [
        f"{c['type']} is {c['status']}, {c.get('reason', '')}: {c.get('message', '')}".rstrip(": ") for c in conditions
    ]
    return lines or ["it has no conditions: the controller did not reconcile it"]


def _error_responses(local: Any) -> list[str]:
    """The error responses to the controller, except those for objects that do not exist yet."""
    wrong = [seen for seen in local.requests if seen.status >= FIRST_ERROR and seen.status != NOT_FOUND]
    return list(
        dict.fromkeys(f"the server returned {s.status} for {s.method} {s.path.partition('?')[0]}" for s in wrong)
    )


def _numbered(setup: RenderSetup, number: int) -> tuple[Document, Document]:
    """The documents of a setup, with names that end in the number; in properties, those of siblings do, too."""
    component, application = rendering.documents(setup)
    spec = application["spec"]
    component["metadata"]["name"] += f"-{number}"
    application["metadata"]["name"] += f"-{number}"
    for scope in spec.get("scopes", ()):
        scope["name"] += f"-{number}"
    for binding in spec["components"]:
        binding["componentName"] += f"-{number}"
        binding["instanceName"] += f"-{number}"
        siblings = {name: f"{name}-{number}" for name in setup.siblings}
        binding["traits"] = _replaced(binding["traits"], siblings)
        binding["applicationScopes"] = [f"{name}-{number}" for name in binding.get("applicationScopes", ())]
    return component, application


def _replaced(value: Any, names: Mapping[str, str]) -> Any:
    """A JSON value in which each text that is a name is replaced."""
    if isinstance(value, list):
        return [_replaced(item, names) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item, names) for key, item in value.items()}
    return names.get(value, value) if isinstance(value, str) else value


def _refused(local: Any) -> list[str]:
    return list(
        dict.fromkeys(f"{s.method} {s.path.partition('?')[0]}" for s in local.requests if s.status == FORBIDDEN)
    )


def _settled(document: Document, generation: int) -> bool:
    return any(
        condition["type"] == "Synced" and condition["status"] == "True"
        for condition in _conditions(document, generation)
    )


def _hopeless(document: Document, generation: int) -> bool:
    conditions = _conditions(document, generation)
    return any(one["status"] == "False" and one.get("reason") in HOPELESS.get(one["type"], ()) for one in conditions)


def _conditions(document: Document, generation: int) -> Sequence[Document]:
    """The conditions, if they are of this generation or a later one."""
    status = document.get("status", {})
    conditions: Sequence[Document] = status.get("conditions", ())
    return conditions if status.get("observedGeneration", 0) >= generation else ()


def _granted(controller_rights: Rights) -> Iterable[Document]:
    namespace = Settings().definitions_namespace
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    yield from roles.documents(controller_rights, RoleScope(definitions=namespace, account=ACCOUNT))


def _definitions(setup: RenderSetup, catalog: Catalog) -> Iterable[Document]:
    """CRDs without a schema, for kinds of the type that are not part of Kubernetes or OAM."""
    ours = {document["spec"]["names"]["kind"] for document in crds.documents()}
    kinds = {*setup.type_.produces, *setup.type_.observes, *catalog.kinds()}
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
    # the API server demands the annotation for the groups of Kubernetes' own projects
    approved = {"annotations": {"api-approved.kubernetes.io": "unapproved"}} if kind.group.endswith(_DOMAIN) else {}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{kind.group}", **approved},
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
