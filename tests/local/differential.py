"""Sends documents of a folder to the local API and to a real kube-apiserver, and compares the answers step by step.

    python -m tests.local.differential FOLDER [--assets FOLDER] [--show 50]

Each object is created, applied, patched in three ways, read as a table, replaced, and deleted on both servers. Both run
without controllers. An answer is its status code, Warning headers and body, without values that differ in any two runs.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import json
import os
import re
import ssl
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import yaml

from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.verbs.views import PROTOBUF
from tests.e2e import apiserver
from tests.local.harness import APPLY, JSON_PATCH, MERGE, STRATEGIC

Document = dict[str, Any]

STEPS = ("create", "apply", "merge", "json", "strategic", "table", "replace", "delete")
TABLE = "application/json;as=Table;g=meta.k8s.io;v=v1"
SUFFIXES = (".yaml", ".yml", ".json")
FIRST = ("Namespace", "CustomResourceDefinition")
"""Kinds that other documents need."""

_RANDOM = {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "time", "clusterIP", "clusterIPs"}
_RANDOM |= {"nodePort", "healthCheckNodePort", "lastTransitionTime"}
_CHANCE = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|10\.\d+\.\d+\.\d+|20\d\d-\d\d-\d\dT[\d:]{8}Z|^\d+s$|:3\d{4}/"
)
"""uids, cluster IPs, times, ages and node ports."""


class Answer(NamedTuple):
    """A response: status code, Warning headers, and body."""

    status: int
    warnings: tuple[str, ...]
    body: Any


class Endpoint(NamedTuple):
    """A path of the API of a kind, and whether the kind has namespaces."""

    path: str
    namespaced: bool


@dataclass
class Server:
    """A server under comparison, with the endpoints that it has had so far."""

    session: aiohttp.ClientSession
    url: str
    endpoints: dict[tuple[str, str], Endpoint] = field(default_factory=dict)

    async def send(self, method: str, path: str, body: object = None, *, media: str = "", accept: str = "") -> Answer:
        """Send a request."""
        headers = {"Accept": accept or "application/json", "Content-Type": media or "application/json"}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body, default=str).encode()
        async with self.session.request(method, self.url + path, data=data, headers=headers) as response:
            raw = await response.read()
            warnings = tuple(sorted(response.headers.getall("Warning", ())))
        if response.content_type == PROTOBUF:
            return Answer(response.status, warnings, raw)
        try:
            return Answer(response.status, warnings, msgspec.json.decode(raw))
        except msgspec.DecodeError:
            return Answer(response.status, warnings, raw.decode(errors="replace"))

    async def endpoint(self, document: Document) -> Endpoint | None:
        """The path of the objects of a kind, by discovery; None if the server does not have it."""
        api_version, kind = document["apiVersion"], document["kind"]
        if (api_version, kind) not in self.endpoints:
            prefix = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
            answer = await self.send("GET", prefix)
            if answer.status != 200:
                return None
            for resource in answer.body["resources"]:
                if "/" not in resource["name"]:
                    endpoint = Endpoint(f"{prefix}/{{}}{resource['name']}", resource["namespaced"])
                    self.endpoints[api_version, resource["kind"]] = endpoint
        return self.endpoints.get((api_version, kind))


class Difference(NamedTuple):
    """An answer that differs: the step, the object, and the lines of the comparison, real first."""

    step: str
    ref: str
    lines: tuple[str, ...]


def documents(folder: Path) -> Iterator[Document]:
    """The objects of all YAML and JSON files below a folder; files that are no YAML, such as templates, are skipped."""
    for path in sorted(path for path in folder.rglob("*.*") if path.suffix in SUFFIXES and path.is_file()):
        with contextlib.suppress(yaml.YAMLError, UnicodeDecodeError):
            for document in yaml.load_all(path.read_text(), yaml.CSafeLoader):
                yield from _objects(document)


def _objects(document: Any) -> Iterator[Document]:
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        return
    if isinstance(document.get("items"), list) and document["kind"].endswith("List"):
        for item in document["items"]:
            yield from _objects(item)
    elif isinstance(document.get("apiVersion"), str) and isinstance(document.get("metadata"), dict):
        yield from [document] if document["metadata"].get("name") else []  # a generated name differs


def normalised(value: Any) -> Any:
    """A body without values that differ in any two runs. Times of tables and texts lose their values, too."""
    if isinstance(value, dict):
        if "managedFields" in value:  # sorted by times, which have no fractions
            value = {**value, "managedFields": {one["manager"]: one for one in value["managedFields"]}}
        if isinstance(value.get("conditions"), list):  # several controllers write them
            value = {**value, "conditions": {one["type"]: one for one in value["conditions"]}}
        return {key: "*" if key in _RANDOM and item else normalised(item) for key, item in value.items()}
    if isinstance(value, list):
        return [normalised(item) for item in value]
    return _CHANCE.sub("*", value) if isinstance(value, str) else value


def compared(real: Any, local: Any, path: str = "") -> Iterator[str]:
    """The lines of the differences of two values."""
    if isinstance(real, dict) and isinstance(local, dict):
        for key in sorted({*real, *local}):
            if key not in real or key not in local:
                text = f"real has {real[key]!r:.300}" if key in real else f"local has {local[key]!r:.300}"
                yield f"{path}.{key}: {text}"
            else:
                yield from compared(real[key], local[key], f"{path}.{key}")
    elif isinstance(real, list) and isinstance(local, list) and len(real) == len(local):
        for index, (one, other) in enumerate(zip(real, local, strict=True)):
            yield from compared(one, other, f"{path}[{index}]")
    elif real != local or type(real) is not type(local):
        yield f"{path}: real {real!r:.300}, local {local!r:.300}"


async def compare(real: Server, local: Server, document: Document) -> AsyncIterator[tuple[str, Difference | None]]:
    """Take the steps of an object; yields each with its difference, None if the answers are the same.

    After a creation that one of them refused the object is deleted and no further step is taken.
    """
    servers = (real, local)
    endpoints = [await server.endpoint(document) for server in servers]
    ref = f"{document['apiVersion']} {document['kind']} {document['metadata'].get('name')}"
    if endpoints[0] is None or endpoints[0] != endpoints[1]:
        if endpoints != [None, None]:
            yield "create", Difference("create", ref, (f"endpoint: real {endpoints[0]}, local {endpoints[1]}",))
        return
    namespace = document["metadata"].get("namespace") or "default"
    base = endpoints[0].path.format(f"namespaces/{namespace}/" if endpoints[0].namespaced else "")
    own = f"{base}/{document['metadata'].get('name')}"
    steps = STEPS[:-1] if document["kind"] in FIRST else STEPS
    for step in steps:
        answers = await asyncio.gather(*(_take(server, step, base, own, document) for server in servers))
        bodies = [normalised(answer._asdict()) for answer in answers]
        if document["kind"] == "CustomResourceDefinition" and step == "create":  # its controllers run in the API server
            for body in bodies:
                body["body"].pop("status", None)
        lines = tuple(compared(*bodies))
        yield step, Difference(step, ref, lines) if lines else None
        if step == "create" and {answer.status for answer in answers} != {201}:
            break
        if step == "create" and document["kind"] == "CustomResourceDefinition":
            await asyncio.gather(*(established(server, own) for server in servers))
    if document["kind"] not in FIRST:
        for server in servers:
            await server.send("PATCH", own, {"metadata": {"finalizers": None}}, media=MERGE)
            await server.send("DELETE", own)


async def established(server: Server, own: str) -> None:
    """Wait until the kind of a CRD is served."""
    async with asyncio.timeout(30):
        while True:
            conditions = (await server.send("GET", own)).body.get("status", {}).get("conditions")
            if any(one["type"] == "Established" and one["status"] == "True" for one in conditions or ()):
                return
            await asyncio.sleep(0.02)


_PATCHES: dict[str, tuple[str, object]] = {
    "merge": (MERGE, {"metadata": {"labels": {"differential/merge": "yes"}, "annotations": {"a": None}}}),
    "json": (JSON_PATCH, [{"op": "add", "path": "/metadata/labels/json", "value": "yes"}]),
    "strategic": (STRATEGIC, {"metadata": {"labels": {"strategic": "yes", "json": None}}}),
}


async def _take(server: Server, step: str, base: str, own: str, document: Document) -> Answer:
    manager = f"?fieldManager={step}"
    if step == "create":
        return await server.send("POST", base + manager, document)
    if step == "apply":
        return await server.send("PATCH", f"{own}{manager}&force=true", document, media=APPLY)
    if step in _PATCHES:
        media, patch = _PATCHES[step]
        return await server.send("PATCH", own + manager, patch, media=media)
    if step == "replace":
        body = (await server.send("GET", own)).body
        body["metadata"].setdefault("annotations", {})["replaced"] = "yes"
        return await server.send("PUT", own + manager, body)
    return await (server.send("GET", own, accept=TABLE) if step == "table" else server.send("DELETE", own))


@contextlib.asynccontextmanager
async def servers(assets: Path) -> AsyncIterator[tuple[Server, Server]]:
    """A real kube-apiserver and a local API, both without controllers."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        started = stack.enter_context(apiserver.running(assets, folder, *apiserver.NO_AUDIT, "--allow-privileged"))
        config = yaml.safe_load(started.kubeconfig.read_text())
        tls = ssl.create_default_context(cadata=None)
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
        session = aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(ssl=tls))
        real = Server(await stack.enter_async_context(session), config["clusters"][0]["cluster"]["server"])
        cluster = await stack.enter_async_context(LocalCluster(LocalSettings(controllers=frozenset())))
        local = Server(await stack.enter_async_context(aiohttp.ClientSession()), cluster.url)
        yield real, local


async def run(assets: Path, objects: Iterable[Document], limit: int) -> list[str]:
    """Compare all objects; returns the lines of the table and of the most frequent differences."""
    same, total = collections.Counter[str](), collections.Counter[str]()
    differences: list[Difference] = []
    first = sorted(objects, key=lambda document: document["kind"] not in FIRST)
    async with servers(assets) as (real, local):
        for server in (real, local):
            for namespace in sorted({str(one["metadata"].get("namespace") or "default") for one in first}):
                body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
                await server.send("POST", "/api/v1/namespaces", body)
        for document in first:
            async for step, difference in compare(real, local, document):
                total[step] += 1
                same[step] += difference is None
                differences += [difference] if difference else []
    steps = [step for step in STEPS if total[step]]
    table = [f"{step:10} {same[step]:6} of {total[step]:6}  {same[step] / total[step]:.1%}" for step in steps]
    return [*table, *_frequent(differences, limit)]


def _frequent(differences: list[Difference], limit: int) -> Iterator[str]:
    groups: dict[tuple[str, str, str], list[Difference]] = {}
    for one in differences:
        key = (one.step, one.ref.rsplit(" ", 1)[0], re.sub(r"[0-9\"'].*", "", one.lines[0]))
        groups.setdefault(key, []).append(one)
    for group in sorted(groups.values(), key=len, reverse=True)[:limit]:
        yield f"\n{len(group)} times {group[0].step}: {group[0].ref}"
        yield from (f"    {line}" for line in group[0].lines[:6])


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--assets", type=Path, default=os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin")
    )
    parser.add_argument("--show", type=int, default=50, help="the number of kinds of differences to print")
    arguments = parser.parse_args()
    lines = asyncio.run(run(Path(arguments.assets), documents(arguments.folder), arguments.show))
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
