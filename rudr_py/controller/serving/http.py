"""HTTP endpoints of the controller process: liveness, readiness, metrics, and the health of scopes.

Read-only, and without requests to the API server. The formats are those of kube-apiserver's health endpoints, of
Prometheus, and of Rudr.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web

from rudr_py.controller.serving.liveness import Liveness
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.errors import ConfigError
from rudr_py.settings import Settings

Check = Callable[[], str | None]
"""Returns None, or the problem; its text is public."""

ScopeHealth = Callable[[str, str], str | None]
"""Returns `healthy` or `unhealthy` for a namespace ("" for any) and the name of a scope; None when there is none."""

Handler = Callable[[web.Request], Awaitable[web.Response]]

HEADERS = {"Cache-Control": "no-cache, private", "X-Content-Type-Options": "nosniff"}

SHUTDOWN_TIMEOUT = 1.0
"""Seconds that a stop waits for running requests."""


class HealthChecks:
    """Named checks, run in the order in which they were added."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._informational: set[str] = set()

    def add(self, name: str, check: Check) -> None:
        """Add a check, or replace the one of this name, which is a segment of a path."""
        self._checks[name] = check

    def inform(self, name: str, check: Check) -> None:
        """Add an informational check: its problems, a line for each, are shown in `?verbose` and fail nothing."""
        self.add(name, check)
        self._informational.add(name)

    def informs(self, name: str) -> bool:
        """Whether the check of this name is informational."""
        return name in self._informational

    def names(self) -> tuple[str, ...]:
        """The names of all checks."""
        return tuple(self._checks)

    def problem(self, name: str) -> str | None:
        """Run the check of this name. Raises KeyError if there is none."""
        return self._checks[name]()


class HttpServers:
    """The HTTP servers of health, metrics and health scopes, at the addresses that the settings name.

    `/healthz` runs the checks of `alive`, `/readyz` those of `checks`; Rudr's `/health` is `/healthz` at the address of
    the metrics. `/<healthscope>`, as in Rudr, and `/<namespace>/<healthscope>` return the result of `scopes`. Equal
    addresses share one server.
    """

    def __init__(
        self,
        checks: HealthChecks,
        metrics: Metrics,
        settings: Settings,
        scopes: ScopeHealth = lambda _namespace, _name: None,
    ) -> None:
        self.metrics = metrics
        self._addresses = {
            "health": settings.health_address,
            "metrics": settings.metrics_address,
            "health_scope": settings.health_scope_address,
        }
        self._ports: dict[str, int] = {}
        self.liveness = Liveness()
        """The age of the event loop's last iteration."""
        self.alive = HealthChecks()
        """The checks of /healthz, whose problems only a restart ends."""
        self.alive.add("event-loop", self.liveness.problem)
        self._routes = {
            "health": {
                "/healthz": _together("healthz", self.alive),
                "/healthz/{check}": _single(self.alive),
                "/readyz": _together("readyz", checks),
                "/readyz/{check}": _single(checks),
            },
            "metrics": {"/health": _together("health", self.alive), "/metrics": self._scrape},
            "health_scope": {"/{scope}": _scope(scopes), "/{namespace}/{scope}": _scope(scopes)},
        }

    @property
    def health_port(self) -> int:
        """The port of /healthz and /readyz; 0 while they are not served."""
        return self._ports.get("health", 0)

    @property
    def metrics_port(self) -> int:
        """The port of /metrics and /health; 0 while they are not served."""
        return self._ports.get("metrics", 0)

    @property
    def health_scope_port(self) -> int:
        """The port of /<healthscope>; 0 while it is not served."""
        return self._ports.get("health_scope", 0)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Serve until the context ends. Raises ConfigError, and serves nothing, when an address cannot be used."""
        servers: dict[_Address, list[str]] = {}
        for name, text in self._addresses.items():
            if text:
                servers.setdefault(_parse(name, text), []).append(name)
        async with contextlib.AsyncExitStack() as stack:
            try:
                for address, names in servers.items():
                    port = await self._serve(address, names, stack)
                    self._ports |= dict.fromkeys(names, port)
                yield
            finally:
                self._ports = {}

    async def _serve(self, address: _Address, names: list[str], stack: contextlib.AsyncExitStack) -> int:
        """Serve the routes of `names` until the stack is closed; return the port."""
        app = web.Application()
        for name in names:
            for path, handler in self._routes[name].items():
                app.router.add_get(path, handler)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_TIMEOUT)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        try:
            await web.TCPSite(runner, address.host or None, address.port).start()
        except (OSError, ValueError) as error:  # ValueError: an invalid host name
            raise _unusable(address, names, error) from error
        port: int = runner.addresses[0][1]
        return port

    async def _scrape(self, request: web.Request) -> web.Response:
        body, content_type = self.metrics.exposition(",".join(request.headers.getall("Accept", [])))
        return web.Response(body=body, headers=HEADERS | {"Content-Type": content_type})


class _Address(msgspec.Struct, frozen=True):
    """An address to listen on; without a host, every interface."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _parse(name: str, text: str) -> _Address:
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535:
        raise ConfigError(
            f"{name}_address {text!r} is not an address: write host:port, :port for every interface, "
            f"or nothing to disable it"
        )
    return _Address(host.removeprefix("[").removesuffix("]"), int(port))


def _unusable(address: _Address, names: list[str], error: OSError | ValueError) -> ConfigError:
    settings = " and ".join(f"{name}_address" for name in names)
    if isinstance(error, OSError):
        why = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            why = "the port is in use; stop the program that listens there, or choose another port"
    else:
        why = str(error)
    return ConfigError(f"cannot listen on {address} ({settings}): {why}")


def _together(title: str, checks: HealthChecks) -> Handler:
    """Answers 200 when every check passes, else 500; after a failure or with `?verbose` it lists all checks."""

    async def handle(request: web.Request) -> web.Response:
        problems = {name: checks.problem(name) for name in checks.names()}
        passed = not any(why for name, why in problems.items() if not checks.informs(name))
        if passed and "verbose" not in request.query:
            return _text(200, "ok")
        lines = [line for name, why in problems.items() for line in _lines(name, why, informs=checks.informs(name))]
        return _text(
            200 if passed else 500, "\n".join([*lines, f"{title} check {'passed' if passed else 'failed'}", ""])
        )

    return handle


def _lines(name: str, why: str | None, *, informs: bool) -> list[str]:
    if not why:
        return [f"[+]{name} ok"]
    return [f"[i]{name}: {line}" for line in why.splitlines()] if informs else [f"[-]{name} failed: {why}"]


def _single(checks: HealthChecks) -> Handler:
    """Answers for the check in the path: 200, 500 with the problem, or 404."""

    async def handle(request: web.Request) -> web.Response:
        name = request.match_info["check"]
        if name not in checks.names():
            return _text(404, f"no check {name!r}; there are: {', '.join(checks.names()) or 'none'}\n")
        why = checks.problem(name)
        return _text(200 if checks.informs(name) else 500, f"{why}\n") if why else _text(200, "ok")

    return handle


def _scope(scopes: ScopeHealth) -> Handler:
    """Answers 200 with `healthy` or `unhealthy`; 404 when there is no such scope."""

    async def handle(request: web.Request) -> web.Response:
        name = request.match_info["scope"]
        health = scopes(request.match_info.get("namespace", ""), name)
        return _text(404, f"no health scope {name!r}\n") if health is None else _text(200, health)

    return handle


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers=HEADERS)
