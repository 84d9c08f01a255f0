"""The service account that writes the objects of an application, and the client that acts as this account.

Applications and ComponentInstances are records of the controller: it writes them itself. All other requests of a
client from `ApplicationClients` are in the name of the account, so the server grants them with its rights only.
"""

from __future__ import annotations

from typing import Final

from rudr_py.controller.results.failures import RefusedError, WaitingError
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import ServiceAccount
from rudr_py.model import names
from rudr_py.model.identity import CORE_GROUP
from rudr_py.model.kinds import NAMESPACE
from rudr_py.model.metadata_keys import SERVICE_ACCOUNT_ANNOTATION
from rudr_py.settings import Impersonation

DIRECT: Final = frozenset(
    (
        (CORE_GROUP, "applicationconfigurations"),
        (CORE_GROUP, "componentinstances"),
        ("apps", "controllerrevisions"),
    )
)
"""The resources of the controller's own records, which it reads and writes with its own rights."""

INVALID, UNKNOWN = "InvalidServiceAccount", "UnknownServiceAccount"
"""The reasons of an application whose annotation is no name, or whose namespace cannot be read."""


class ApplicationClients:
    """The client for the objects of each application; `client` itself without impersonation."""

    def __init__(self, client: CachedClient, state: ClusterState, impersonation: Impersonation | None) -> None:
        self._client = client
        self._state = state
        self._impersonation = impersonation

    def of(self, application: LiveObject) -> CachedClient:
        """The client for the objects of an application.

        Raises RefusedError for an annotation that names no account, WaitingError while the namespace cannot be read.
        """
        if self._impersonation is None:
            return self._client
        name = account_name(application, self._state, self._impersonation)
        return self._client.as_user(ServiceAccount(application.namespace, name).user, direct=DIRECT)

    def for_records(self) -> CachedClient:
        """A client that reads and writes the controller's records only; any other request is a ValueError."""
        return self._client.as_user("", direct=DIRECT)


def account_name(application: LiveObject, state: ClusterState, impersonation: Impersonation) -> str:
    """The name of the application's service account, in its own namespace. Raises the errors of `of`."""
    if impersonation.application_annotation:
        name = annotated(application)
        if name is not None:
            return _checked(name, "the application")
    name = _of_namespace(application.namespace, state)
    return impersonation.account if name is None else _checked(name, "the namespace")


def annotated(live: LiveObject) -> str | None:
    """The account that an application or a namespace names; None without the annotation."""
    return live.annotations.get(SERVICE_ACCOUNT_ANNOTATION)


def _of_namespace(namespace: str, state: ClusterState) -> str | None:
    if problem := state.unread(NAMESPACE, namespace):
        # an account with more rights must not take the place of the one that the namespace may name
        message = f"the service account of namespace {namespace} is unknown, because the namespace cannot be read"
        raise WaitingError(f"{message}: {problem}", reason=UNKNOWN)
    live = state.namespace(namespace)
    return annotated(live) if live is not None else None


def _checked(name: str, source: str) -> str:
    problem = names.wrong_account_name(name)
    if problem:
        raise RefusedError(f"annotation {SERVICE_ACCOUNT_ANNOTATION} of {source}: {problem}", reason=INVALID)
    return name
