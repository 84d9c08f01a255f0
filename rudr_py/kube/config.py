"""A kubeconfig, or the service account of the pod -> Connection.

kubernetes_asyncio runs exec plugins and OIDC; it is imported for users that need them only, because that takes 0.4 s
and 35 MiB. Credentials are never logged, and never part of an error or a repr.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import msgspec

from rudr_py import errors
from rudr_py.kube import kubeconfig as kubeconfigs
from rudr_py.kube.kubeconfig import Context

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
"""The folder in which Kubernetes mounts the token, the CA and the namespace of a pod's service account."""

EXPIRY_MARGIN = timedelta(seconds=30)
"""Credentials of an exec plugin are renewed this long before they expire."""


class Credentials(msgspec.Struct, frozen=True):
    """The server and the credentials at one time. `authorization` is a whole header value; `*_file` are paths.

    `impersonation` are the headers of a user that acts as another one.
    """

    server: str
    authorization: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    verify: bool = True
    tls_server_name: str = ""
    proxy: str = ""
    impersonation: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Credentials({self.server!r})"


class CredentialSource(Protocol):
    """A source from which credentials can be loaded repeatedly."""

    @property
    def namespace(self) -> str:
        """The namespace of the context, or of the pod."""
        ...

    async def load(self, *, fresh: bool) -> Credentials:
        """Load the credentials; `fresh` ignores cached ones. Raises the errors of the library."""
        ...

    def stale(self) -> bool:
        """Whether the credentials must be loaded again; cheap enough for every request."""
        ...


class Connection:
    """A cluster and the credentials for it, which are checked at every request."""

    def __init__(self, source: CredentialSource, credentials: Credentials) -> None:
        self._source = source
        self._credentials = credentials
        self._lock = asyncio.Lock()
        self._marks: tuple[object, ...] = ()
        self._tls: ssl.SSLContext | None = None
        self._refresh_tls()

    @property
    def server(self) -> str:
        """The base URL, without a trailing slash."""
        return self._credentials.server

    @property
    def namespace(self) -> str:
        """The namespace of the kubeconfig context, or that of the pod; `default` when there is none."""
        return self._source.namespace

    @property
    def proxy(self) -> str:
        """The `proxy-url` of the kubeconfig, or empty."""
        return self._credentials.proxy

    @property
    def tls_server_name(self) -> str:
        """The name to verify the server's certificate for, when it is not the host of `server`."""
        return self._credentials.tls_server_name

    @property
    def impersonation(self) -> tuple[tuple[str, str], ...]:
        """The headers by which the user of the kubeconfig acts as another one; a name may occur several times."""
        return self._credentials.impersonation

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The current TLS context; None for plain HTTP."""
        return self._tls

    async def credentials(self, *, rejected: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """The headers that authenticate this client.

        Loaded again when they expired or their file was rotated, and when the server answered 401 to `rejected`,
        unless another request has loaded newer ones since. Raises `ConnectionFailedError` when that fails.
        """
        async with self._lock:
            fresh = rejected is not None and dict(rejected) == self._headers()
            if fresh or self._source.stale():
                with _as_error(errors.ConnectionFailedError, "the credentials cannot be renewed"):
                    self._credentials = await self._source.load(fresh=fresh)
            if self._marks != _tls_marks(self._credentials):
                with _as_error(errors.ConnectionFailedError, "the certificates cannot be read"):
                    self._refresh_tls()
        return self._headers()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": self._credentials.authorization} if self._credentials.authorization else {}

    def _refresh_tls(self) -> None:
        credentials = self._credentials
        self._marks = _tls_marks(credentials)
        if credentials.server.startswith("https"):
            self._tls = _tls(credentials)


async def connect(
    kubeconfig: str | None,
    context: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    service_account: str = SERVICE_ACCOUNT,
    now: Callable[[], datetime] | None = None,
) -> Connection:
    """Load the server and the credentials of a cluster.

    `kubeconfig` is one path, or several joined as in the variable KUBECONFIG; None means the service account of this
    pod, whose API server is in `environ`, the environment of the process. `context` is a name in the
    kubeconfig, None its current one. With `now`, the wall clock in UTC, credentials of an exec plugin are renewed
    shortly before they expire; without it, and when their expiry is not set, only after the server rejected them.
    Raises `ConfigError`.
    """
    with _as_error(errors.ConfigError, kubeconfig or "the pod's service account"):
        source: CredentialSource
        if kubeconfig is None:
            source = _ServiceAccount(Path(service_account), environ)
        else:
            source = _Kubeconfig(kubeconfig, context, now)
        return Connection(source, await source.load(fresh=True))


def own_namespace(service_account: Path) -> str:
    """The namespace of this pod, from the folder of its service account; empty outside of a pod."""
    return _read(service_account / "namespace")


class _ServiceAccount:
    """The token that the kubelet mounts and rotates."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None) -> None:
        self._token = str(folder / "token")
        self._ca = str(folder / "ca.crt")
        self._environ = environ or {}
        self._seen: tuple[object, ...] = ()
        self.namespace = own_namespace(folder) or "default"

    async def load(self, *, fresh: bool) -> Credentials:  # noqa: ARG002 - reading two files is always fresh
        self._seen = _marks(self._token)
        return _credentials({"host": self._server(), "ssl_ca_cert": self._ca}, f"Bearer {self._read_token()}")

    def _server(self) -> str:
        host, port = (self._environ.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
        if not host or not port:
            raise ValueError("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set, as they are in a pod")
        return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"

    def _read_token(self) -> str:
        token = Path(self._token).read_text()
        if not token.strip() or not Path(self._ca).read_text():
            raise ValueError("the token or the certificate of the CA is empty")
        return token

    def stale(self) -> bool:
        return self._seen != _marks(self._token)


class _Kubeconfig:
    """Kubeconfig files and their token files, certificates, exec plugins and OIDC."""

    def __init__(self, paths: str, name: str | None, now: Callable[[], datetime] | None) -> None:
        self._paths = paths
        self._name = name
        self._now = now
        self._context: Context | None = None
        self._loader: Any = None  # runs the plugin of the user
        self._seen: tuple[object, ...] = ()

    @property
    def namespace(self) -> str:
        return self._context.namespace if self._context is not None else "default"

    async def load(self, *, fresh: bool) -> Credentials:
        context = self._context
        if fresh or context is None:
            context = self._context = kubeconfigs.read(self._paths, self._name)
            self._loader = _loader(context.paths, context.name) if context.needs_plugin else None
        self._seen = _marks(context.user_entry.path("tokenFile"))
        impersonation = kubeconfigs.impersonation(context.user_entry)
        if self._loader is None:
            credentials = _credentials(_fields(context), kubeconfigs.authorization(context.user_entry))
        else:
            target = SimpleNamespace(api_key={})
            await self._loader.load_and_set(target)
            credentials = _credentials(target.__dict__, str(target.api_key.get("BearerToken") or ""))
        return msgspec.structs.replace(credentials, impersonation=impersonation)

    def stale(self) -> bool:
        if self._context is None or self._seen != _marks(self._context.user_entry.path("tokenFile")):
            return True
        expiry: datetime | None = getattr(self._loader, "exec_plugin_expiry", None)
        is_expiring = expiry is not None and self._now is not None and expiry - EXPIRY_MARGIN <= self._now()
        return is_expiring or getattr(self._loader, "provider", None) == "oidc"


def _loader(paths: str, context: str) -> Any:
    """The loader of the library, which runs the plugin of the context's user."""
    from kubernetes_asyncio.config import kube_config  # noqa: PLC0415 - slow to import

    logging.getLogger(kube_config.__name__).addFilter(_redact)
    merged = kube_config.KubeConfigMerger(paths)

    def persist(_config: object) -> None:
        # kubectl stores renewed OIDC tokens in the file, too; a read-only file costs a renewal at each start
        with contextlib.suppress(OSError):
            merged.save_changes()

    return kube_config.KubeConfigLoader(
        config_dict=merged.config, active_context=context, config_base_path=None, config_persister=persist
    )


def _fields(context: Context) -> dict[str, Any]:
    """Server and certificates of a context, named as the library names them. Raises ValueError and OSError."""
    cluster, user = context.cluster_entry, context.user_entry
    is_secure = cluster.text("server").startswith("https")
    return {
        "host": cluster.text("server"),
        "ssl_ca_cert": cluster.file("certificate-authority") if is_secure else "",
        "cert_file": user.file("client-certificate") if is_secure else "",
        "key_file": user.file("client-key") if is_secure else "",
        "verify_ssl": not cluster.fields.get("insecure-skip-tls-verify"),
        "tls_server_name": cluster.text("tls-server-name"),
        "proxy": cluster.text("proxy-url"),
    }


def _credentials(values: Mapping[str, Any], token: str) -> Credentials:
    """Credentials of the fields of the library and the header of a user. Raises ValueError."""
    server = str(values.get("host") or "").rstrip("/")
    if not server.startswith(("https://", "http://")):
        raise ValueError(f"the cluster's server must be a URL that starts with https:// or http://, not {server!r}")
    # token files end with a newline, which a header must not contain
    authorization = token.strip()
    if not authorization.isprintable():
        raise ValueError("the token contains a line break or another control character")
    return Credentials(
        server=server,
        authorization=authorization,
        ca_file=values.get("ssl_ca_cert") or "",
        cert_file=values.get("cert_file") or "",
        key_file=values.get("key_file") or "",
        verify=bool(values.get("verify_ssl", True)),
        tls_server_name=values.get("tls_server_name") or "",
        proxy=values.get("proxy") or "",
    )


def _tls(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=credentials.ca_file or None)
    # CAs of cluster installers often lack extensions that Python 3.13 requires and Go does not
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not credentials.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credentials.cert_file:
        context.load_cert_chain(credentials.cert_file, credentials.key_file or None)
    return context


def _tls_marks(credentials: Credentials) -> tuple[object, ...]:
    return _marks(credentials.ca_file, credentials.cert_file, credentials.key_file)


def _marks(*names: str) -> tuple[object, ...]:
    """A value that changes when one of the files does; a rotated volume swaps links, so it includes the inode."""
    marks: list[object] = []
    for name in names:
        try:
            stat = Path(name).stat() if name else None
        except OSError:
            stat = None
        marks.append(stat and (stat.st_ino, stat.st_mtime_ns, stat.st_size))
    return tuple(marks)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _without_entry(text: str) -> str:
    """The text without the part that may be a user entry: from the first brace to the last one."""
    start, end = text.find("{"), text.rfind("}")
    return f"{text[:start]}…{text[end + 1 :]}" if 0 <= start < end else text


def _redact(record: logging.LogRecord) -> bool:
    """Remove the user entry from a message that the library logs before it raises the same error."""
    record.msg, record.args = _without_entry(record.getMessage()), None
    return True


@contextlib.contextmanager
def _as_error(kind: type[errors.RudrError], where: str) -> Iterator[None]:
    """Convert every exception of the library, including AssertionError and TypeError, into one RudrError."""
    try:
        yield
    except errors.RudrError:
        raise
    except Exception as error:  # noqa: BLE001 - a kubeconfig can break the library in any way
        # messages of the library may contain the whole user entry with its tokens: neither include nor chain them
        system_message = (error.strerror or "") if isinstance(error, OSError) else ""
        if system_message and isinstance(error, OSError) and error.filename not in (None, where):
            system_message = f"{error.filename}: {system_message}"
        text = system_message or str(error) or type(error).__name__
        redacted = _without_entry(text)
        raise kind(f"{where}: {redacted}") from (error if redacted == text else None)
