"""A local cluster as one context manager: backend, server and controllers.

    async with LocalCluster() as cluster:
        ...  # cluster.url, cluster.kubeconfig(), cluster.client, cluster.requests

No other module of the local API starts background tasks or reads the system clock; the clock is an argument.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import logging
import random
import secrets
import ssl
import tempfile
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from aiohttp import web

from rudr_py.errors import LocalApiError
from rudr_py.local.access.accounts import Issuer
from rudr_py.local.access.authentication import AccessControl
from rudr_py.local.access.settings import AccessSettings, Certificate
from rudr_py.local.access.user import ADMIN
from rudr_py.local.admission import plugins
from rudr_py.local.apiextensions.definitions import Definitions
from rudr_py.local.backend import Backend, Clock
from rudr_py.local.bootstrap import api_services, recorded
from rudr_py.local.controllers import ControllerSettings, PodScript, run_controllers
from rudr_py.local.discovery.openapi import Documents
from rudr_py.local.http import server
from rudr_py.local.http.server import AnsweredRequest, HttpServer
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry import kinds
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Registry, Resource
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.storage.expiry import expiring
from rudr_py.local.storage.store import Object, Store
from rudr_py.local.verbs import writes
from rudr_py.local.verbs.writes import WriteOptions

logger = logging.getLogger(__name__)

_INGRESS_CLASS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "IngressClass",
    "metadata": {"name": "local", "annotations": {plugins.DEFAULT_CLASS_ANNOTATION: "true"}},
    "spec": {"controller": "rudr.dev/local"},
}
"""The default class of Ingresses, as most clusters have one, for the controller `addresses`."""

_SERVICE_OF_THE_API: tuple[dict[str, Any], ...] = (
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {"clusterIP": "10.0.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [{"addresses": [{"ip": "172.18.0.2"}], "ports": [{"name": "https", "port": 6443}]}],
    },
    {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["172.18.0.2"], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
    },
)
"""The Service through which pods use the API, with its endpoints."""

_MANAGER = "local-controller-manager"
_HEARTBEAT = 10.0
"""The interval in seconds at which nodes renew their leases, as kubelets do."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LocalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of a local cluster. The defaults are those of `rudr dev`."""

    host: str = "127.0.0.1"
    port: int = 0
    """0 selects a free port."""
    release: str = "1.36"
    """The Kubernetes release whose kinds and schemas are served, 1.25 to 1.37."""
    history: int = 4096
    """The number of changes of each kind that a watch can start from."""
    compaction: float = 300.0
    """Seconds after which changes are compacted and can no longer be watched from."""
    bookmark_interval: float = 60.0
    """Seconds between bookmarks of a watch that asks for them."""
    token: str = ""
    """The bearer token of the kubeconfig. Empty: no credentials are required; with `access`, one is generated."""
    access: AccessSettings | None = None
    """TLS, tokens and RBAC (see `rudr_py.local.access`); None disables them."""
    controllers: frozenset[str] | None = None
    """The controllers that run, by name; None is all of them, an empty set none."""
    nodes: tuple[NodeSettings, ...] = (NodeSettings(),)
    """The nodes and their capacity. Pods that fit on none of them stay Pending."""
    script: Callable[[Object], PodScript] | None = None
    """Returns the script of a pod, whose annotations take precedence (see `rudr_py.local.controllers.PodScript`)."""
    ready_after: float = 0.0
    """Seconds until a pod is ready, unless its annotations or `script` set another value."""
    seed: int | None = None
    """Seed of uids, addresses and generated names; None for a random seed."""
    clock: Clock = _utc_now


def _access(settings: LocalSettings) -> tuple[AccessSettings, str]:
    """Return the access settings and the token of the admin (empty: no token is required)."""
    if settings.access is None and not settings.token:
        return AccessSettings(rbac=False), ""
    access = settings.access or AccessSettings(rbac=False)
    token = settings.token or secrets.token_hex(16)
    return msgspec.structs.replace(access, tokens={**access.tokens, token: ADMIN}), token


def _minor(release: str) -> int:
    return int(release.split(".")[1])


def _context(certificate: Certificate) -> ssl.SSLContext:
    """Return a context for the server. `ssl` reads files only: they are private to this user and deleted at once."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with tempfile.TemporaryDirectory(prefix="rudr-local-") as folder:
        chain, key = Path(folder) / "tls.crt", Path(folder) / "tls.key"
        chain.write_bytes(certificate.chain)
        key.write_bytes(certificate.key)
        try:
            context.load_cert_chain(chain, key)
        except (ssl.SSLError, OSError) as error:
            raise LocalApiError(f"the certificate of the local API cannot be used: {error}") from error
    return context


class LocalCluster:
    """A Kubernetes API on a socket, with its controllers, while the context is open. Raises `LocalApiError`."""

    def __init__(self, settings: LocalSettings | None = None) -> None:
        self.settings = settings or LocalSettings()
        schemas = builtin_schema(self.settings.release)
        self._access, self._token = _access(self.settings)
        store = Store(history=self.settings.history)
        self.backend = Backend(
            store=store,
            registry=Registry(kinds.builtin(schemas)),
            clock=self.settings.clock,
            rng=random.Random(self.settings.seed),  # noqa: S311 - names and addresses, no secrets
            access=AccessControl(
                store,
                self._access,
                Issuer(store, secrets.token_bytes(32)),
                minor=_minor(self.settings.release),
            ),
            pod_output=lambda pod: self._script(pod).log,
            service_accounts=self.settings.controllers is None or "namespace" in self.settings.controllers,
        )
        self._expire_events = expiring(store, kinds.EVENTS_TABLE, kinds.EVENT_LIFETIME, self.settings.clock)
        store.before_reads(kinds.EVENTS_TABLE, self._expire_events)
        Definitions(self.backend, schemas.metadata)
        self.client = InProcessClient(self.backend, _MANAGER)
        self.server = HttpServer(
            self.backend,
            Documents(self.backend, schemas),
            self.settings.release,
            bookmark_interval=self.settings.bookmark_interval,
        )
        self.server.guarded = bool(self._token)
        self.port = 0
        self._runner: web.ServerRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def url(self) -> str:
        """The address of the API."""
        scheme = "https" if self._access.certificate else "http"
        return f"{scheme}://{self.settings.host}:{self.port}"

    @property
    def requests(self) -> deque[AnsweredRequest]:
        """The answered requests, oldest first, at most 100 000. The caller may clear it."""
        return self.server.requests

    def kubeconfig(self, token: str = "") -> dict[str, Any]:
        """Return a kubeconfig for this cluster with `token`, or with the token of the admin."""
        name = "rudr-local"
        cluster: dict[str, Any] = {"server": self.url}
        if self._access.certificate:
            cluster["certificate-authority-data"] = base64.b64encode(self._access.certificate.authority).decode()
        else:  # some clients refuse a server without TLS otherwise
            cluster["insecure-skip-tls-verify"] = True
        token = token or self._token
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": token} if token else {}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
            "current-context": name,
        }

    async def start(self) -> None:
        """Open the socket and start the controllers."""
        self._create_bootstrap_objects()
        context = _context(self._access.certificate) if self._access.certificate else None
        try:
            self._runner, self.port = await server.listen(self.server, self.settings.host, self.settings.port, context)
        except OSError as error:
            raise LocalApiError(
                f"the local API cannot listen on {self.settings.host}:{self.settings.port}: {error.strerror}; "
                "choose another port, or 0 for any"
            ) from error
        self._start(self._compact(), "local compaction")
        if self.settings.controllers != frozenset():
            certificate = self._access.certificate
            settings = ControllerSettings(
                clock=lambda: self.settings.clock().timestamp(),
                enabled=self.settings.controllers,
                nodes=self.settings.nodes,
                release=self.settings.release,
                seed=self.settings.seed or 0,
                script=self._script,
                heartbeat=_HEARTBEAT,
                root_ca=certificate.authority.decode() if certificate else "",
            )
            self._start(run_controllers(self.client, settings), "local controllers")

    def _script(self, pod: Object) -> PodScript:
        if self.settings.script is not None:
            return self.settings.script(pod)
        return PodScript(ready_after=self.settings.ready_after)

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.append(asyncio.create_task(work, name=name))

    async def _compact(self) -> None:
        """Compact the history of changes; a change stays for one to two intervals. Also expire events, for watchers."""
        revision = self.backend.store.revision
        while True:
            await asyncio.sleep(self.settings.compaction)
            self._expire_events()
            revision = self.backend.store.compact(revision)

    async def stop(self) -> None:
        """End the watches, stop the controllers and close the socket."""
        self.backend.store.close()
        for task in self._tasks:
            task.cancel()
        for ended in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                logger.error("a task of the local cluster failed", exc_info=ended)
        self._tasks.clear()
        if self._runner is not None:
            await server.end(self._runner)
            self._runner = None

    def _create_bootstrap_objects(self) -> None:
        """Create the objects that every cluster starts with."""
        for name in plugins.SYSTEM_NAMESPACES:
            self._create_if_absent({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        if self.settings.controllers is None or "addresses" in self.settings.controllers:
            self._create_if_absent(copy.deepcopy(_INGRESS_CLASS))
        for obj in _SERVICE_OF_THE_API:
            kind = KindInfo(obj["apiVersion"], obj["kind"])
            recorded.create(self.backend, self._resource(kind), copy.deepcopy(obj))
        aggregates = self.settings.controllers is None or "clusterrole-aggregation" in self.settings.controllers
        recorded.register(self.backend, aggregates=aggregates)
        api_services.register(self.backend)

    def _create_if_absent(self, obj: dict[str, Any]) -> None:
        """Create a cluster-scoped object unless it exists."""
        resource, name = self._resource(KindInfo(obj["apiVersion"], obj["kind"])), obj["metadata"]["name"]
        if self.backend.store.get(resource.table, "", name) is None:
            options = WriteOptions(manager=recorded.MANAGER)
            writes.create(self.backend, ObjectTarget(resource, "", name), obj, options)

    def _resource(self, kind: KindInfo) -> Resource:
        resource = self.backend.registry.by_kind(kind)
        if resource is None:
            raise LocalApiError(f"the schemas of Kubernetes {self.settings.release} have no {kind.kind}")
        return resource

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
