"""How much code one reconcile runs, and how the package is divided and worded, as one table.

Files and functions of one reconcile: a controller runs in this process against a local API in another one, with the
installed types, and reconciles one application of one component with the traits manual-scaler and ingress.
`sys.setprofile` reports each function that is entered, and a context variable limits the record to the code that one
call of `reconcile` runs, in tasks and callbacks that it starts too, until the call returns. Counted are distinct code
objects, functions and methods, whose file is in rudr_py but not in rudr_py/local or rudr_py/testing; lambdas,
comprehensions and generator expressions belong to the function around them, and generated methods have no file.

- first: the first call that applies the Deployment. Earlier calls, which only wait for caches, are left out.
- idle: the second of two calls for the same key after the application is Ready, when nothing has changed: the first
  may follow a write of the status. It must send no request.

Everything else is read from the sources of rudr_py.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import contextlib
import functools
import importlib
import inspect
import itertools
import pkgutil
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import rudr_py
import rudr_py.controller
from bench import environment, language, worlds
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream, Transport
from rudr_py.plugins import loading

PACKAGE = Path(rudr_py.__file__).parent
EXCLUDED = ("local", "testing")
"""Packages whose code is no part of the controller."""

PACKAGES = ("cli", "local", "controller", "model", "render", "kube", "plugins", "testing", "api", "builtin")
SETTLE = 3.0
"""Seconds after Ready in which delayed status writes are finished."""


@dataclass
class Trace:
    """The code that one call of `reconcile` runs, and the requests that it sends. `reconcile` repeats the call."""

    reconcile: Callable[[], Awaitable[object]]
    open: bool = True
    code: set[CodeType] = field(default_factory=set)
    requests: list[Request] = field(default_factory=list)

    def applies_deployment(self) -> bool:
        """Whether a request for a Deployment is among those sent."""
        return any("/deployments/" in request.path for request in self.requests)

    def functions(self) -> list[tuple[str, str]]:
        """File and qualified name of each function."""
        counted = (code for code in self.code if _is_counted(code))
        return sorted((Path(code.co_filename).relative_to(PACKAGE).as_posix(), code.co_qualname) for code in counted)


_trace: ContextVar[Trace | None] = ContextVar("_trace", default=None)


class Recording:
    """A transport that adds each request to the trace of the reconcile that sends it."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def send(self, request: Request) -> Reply:
        """Record the request and send it."""
        trace = _trace.get()
        if trace is not None and trace.open:
            trace.requests.append(request)
        return await self._inner.send(request)

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Open a watch; watches are not recorded."""
        async with self._inner.stream(request) as stream:
            yield stream

    async def close(self) -> None:
        """Do nothing: the inner transport is closed by its owner."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources-only", action="store_true", help="leave out the reconciles")
    parser.add_argument("--list", action="store_true", help="print the functions of the reconciles, by file")
    arguments = parser.parse_args()
    if not arguments.sources_only:
        first, idle = asyncio.run(_reconciles())
        for label, functions in (("first", first), ("idle", idle)):
            by_file = itertools.groupby(functions, key=lambda function: function[0])
            files = {file: [name for _, name in names] for file, names in by_file}
            _print(f"{label} reconcile: files / functions", f"{len(files)} / {len(functions)}")
            for file, names in files.items() if arguments.list else ():
                print(f"  {file}: {', '.join(names)}")
    for name in PACKAGES:
        folder, size = largest_folder(PACKAGE / name)
        _print(f"modules in the largest folder of {name}: {folder.relative_to(PACKAGE).as_posix()}", str(size))
    _print_sources()


def _print(label: str, value: str) -> None:
    print(f"{label:60} {value:>10}")


def _print_sources() -> None:
    paths = sorted(PACKAGE.rglob("*.py"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    trees = [ast.parse(text) for text in texts]
    _print("modules of the package", str(len(paths)))
    _print("lines of the package", str(sum(len(text.splitlines()) for text in texts)))
    uses = Counter(identifier.text for tree in trees for identifier in language.identifiers(tree))
    for name in language.VAGUE_IDENTIFIERS:
        _print(f"uses of the identifier {name}", str(uses[name]))
    _print("uses of these identifiers", str(sum(uses[name] for name in language.VAGUE_IDENTIFIERS)))
    loops = Counter(variable.text for tree in trees for variable in language.loop_variables(tree))
    _print("loop variables called one", str(loops["one"]))
    docstrings = [docstring for tree in trees for docstring in language.docstrings(tree)]
    words = sum(language.word_count(docstring.text) for docstring in docstrings)
    _print("words of docstrings", str(words))
    phrases = Counter(name for docstring in docstrings for name, _ in language.phrases(docstring))
    for name in language.PHRASES:
        _print(f"per 1,000 words of docstrings: {name}", f"{1000 * phrases[name] / words:.2f}")


def largest_folder(package: Path) -> tuple[Path, int]:
    """The folder of a package that has the most modules, `__init__` not counted, and their number."""
    folders = [package, *(path for path in package.rglob("*") if path.is_dir())]
    sizes = {folder: len([path for path in folder.glob("*.py") if path.stem != "__init__"]) for folder in folders}
    return max(sizes.items(), key=lambda item: item[1])


async def _reconciles() -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Files and functions of the first and of an idle reconcile."""
    traces: list[Trace] = []
    with _traced(traces):
        async with worlds.server(None) as server, worlds.namespace(server) as cluster:
            transport = Recording(cluster.transport)
            async with cluster.controller(loading.installed().catalog, transport=transport) as controller:
                await cluster.apply(environment.component(), _application())
                await cluster.until(environment.APPLICATION, _application()["metadata"]["name"], _is_ready)
                await controller.idle()
                await asyncio.sleep(SETTLE)
                first = next((trace for trace in traces if trace.applies_deployment()), None)
                assert first is not None, f"none of {len(traces)} reconciles applied the Deployment"
                await first.reconcile()
                await first.reconcile()
                idle = traces[-1]
                assert not idle.requests, f"an idle reconcile sent {idle.requests}"
    return first.functions(), idle.functions()


@contextlib.contextmanager
def _traced(traces: list[Trace]) -> Iterator[None]:
    """Trace each reconcile of the application until the context ends."""
    restores: list[Callable[[], None]] = []
    for reconciler in _reconcilers():
        original = reconciler.reconcile
        reconciler.reconcile = _tracing(original, traces)
        restores.append(functools.partial(setattr, reconciler, "reconcile", original))
    previous = sys.getprofile()
    sys.setprofile(_note)
    try:
        yield
    finally:
        sys.setprofile(previous)
        for restore in restores:
            restore()


def _reconcilers() -> Iterator[Any]:
    """The classes of rudr_py.controller that define a coroutine method `reconcile`."""
    for info in pkgutil.walk_packages(rudr_py.controller.__path__, f"{rudr_py.controller.__name__}."):
        for value in vars(importlib.import_module(info.name)).values():
            own = inspect.isclass(value) and value.__module__ == info.name
            if own and inspect.iscoroutinefunction(vars(value).get("reconcile")):
                yield value


def _tracing(original: Callable[..., Awaitable[object]], traces: list[Trace]) -> Callable[..., Awaitable[object]]:
    name = _application()["metadata"]["name"]

    @functools.wraps(original)
    async def reconcile(self: object, *arguments: object) -> object:
        if not any(name in str(argument) for argument in arguments):
            return await original(self, *arguments)
        trace = Trace(functools.partial(reconcile, self, *arguments))
        traces.append(trace)
        token = _trace.set(trace)
        try:
            return await original(self, *arguments)
        finally:
            trace.open = False
            _trace.reset(token)

    return reconcile


def _note(frame: FrameType, event: str, _argument: object) -> None:
    if event == "call":
        trace = _trace.get()
        if trace is not None and trace.open:
            trace.code.add(frame.f_code)


def _is_counted(code: CodeType) -> bool:
    path = Path(code.co_filename)
    is_function = code.co_flags & inspect.CO_OPTIMIZED and not code.co_name.startswith("<")  # no module, no class body
    if not is_function or not path.is_relative_to(PACKAGE):
        return False
    return path.relative_to(PACKAGE).parts[0] not in EXCLUDED


def _application() -> environment.Document:
    """One component with manual-scaler and ingress."""
    document = environment.application(0)
    traits = [
        {"name": "ingress", "properties": {"hostname": "app-0.example", "path": "/"}},
        {"name": "manual-scaler", "properties": {"replicaCount": 2}},
    ]
    (binding,) = document["spec"]["components"]
    return {**document, "spec": {"components": [{**binding, "traits": traits}]}}


def _is_ready(document: environment.Document) -> bool:
    conditions = document.get("status", {}).get("conditions", ())
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


if __name__ == "__main__":
    main()
