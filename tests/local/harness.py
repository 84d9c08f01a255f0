"""A small HTTP client for a local cluster, and request bodies."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import msgspec

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
WIDGETS = "/apis/example.dev/v1/namespaces/default/widgets"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class Reply(msgspec.Struct):
    """A response: status, decoded body (text if it is not JSON), and headers."""

    status: int
    body: Any
    headers: Any


class Api:
    """Requests to one cluster."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def __call__(
        self, method: str, path: str, body: Any = None, *, media: str = "application/json", accept: str = ""
    ) -> Reply:
        data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
        headers = {"Content-Type": media} if data is not None else {}
        if accept:
            headers["Accept"] = accept
        async with self.session.request(method, self.url + path, data=data, headers=headers) as response:
            raw = await response.read()
            try:
                decoded: Any = msgspec.json.decode(raw)
            except msgspec.DecodeError:
                decoded = raw.decode()
            return Reply(response.status, decoded, response.headers)

    async def created(self, path: str, body: Any) -> Any:
        """Create an object with POST and return it."""
        reply = await self("POST", path, body)
        assert reply.status == 201, reply.body
        return reply.body

    async def apply(self, path: str, body: Any, *, manager: str = "rudr", force: bool = False) -> Reply:
        """Apply server-side."""
        forced = "&force=true" if force else ""
        return await self("PATCH", f"{path}?fieldManager={manager}{forced}", body, media=APPLY)

    async def watch(self, path: str, *, until: int = 10_000, accept: str = "") -> list[Any]:
        """Return the events of a watch until it ends, or until there are enough."""
        headers = {"Accept": accept} if accept else {}
        events: list[Any] = []
        async with asyncio.timeout(60), self.session.get(self.url + path, headers=headers) as response:
            assert response.status == 200, await response.text()
            async for line in response.content:
                events.append(msgspec.json.decode(line))
                if len(events) == until:
                    break
        return events


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(name: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": labels}, "template": template, **spec},
    }


def widget_definition(**version: Any) -> dict[str, Any]:
    spec = {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"type": "integer", "minimum": 1}, "color": {"type": "string", "default": "red"}},
    }
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.dev"},
        "spec": {
            "group": "example.dev",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                    **version,
                }
            ],
        },
    }


def keyed_list(**properties: Any) -> dict[str, Any]:
    """The schema of a list of objects that their names identify."""
    item = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, **properties}}
    return {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
        "items": item,
    }


def widget(name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"name": name}, "spec": spec}
