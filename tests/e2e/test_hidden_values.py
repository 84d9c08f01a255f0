"""Values of documents do not appear in conditions, events and log lines, wherever and however they are wrong."""

from __future__ import annotations

import contextlib
import copy
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.catalog import Catalog
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.documents import APPLICATION, EVENT, INGRESS_TRAIT, Document, application, component, observed

CANARY = "Canary-7f3a9/x y"
NUMBER = 5551234987
WRONG: tuple[Any, ...] = (
    CANARY, f"before {CANARY} after", NUMBER, [CANARY], {"key": CANARY}, [[NUMBER]], CANARY * 40, f"a: 1\n{CANARY}: [",
)  # fmt: skip
SETTINGS = Settings(status_interval=0.05)


def _documents(number: int) -> tuple[Document, Document]:
    """A component with a value at each place, and its application."""
    name = f"c{number}"
    schematic = component(name)
    spec = schematic["spec"]
    (container,) = spec["containers"]
    container |= {"args": ["start"], "config": [{"path": "/etc/x", "value": "one"}]}
    container["resources"]["volumes"] = [{"name": "data", "mountPath": "/data", "sharingPolicy": "Shared"}]
    spec["workloadSettings"] = [{"name": "setting", "type": "string", "value": "two"}]
    root = application(copy.deepcopy(INGRESS_TRAIT), name=f"app-{number}")
    (binding,) = root["spec"]["components"]
    binding["componentName"] = name
    binding["traits"] += [
        {"name": "manual-scaler", "properties": {"replicaCount": 1}},
        {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "standard"}},
    ]
    root["spec"]["variables"] = [{"name": "greeting", "value": "hi"}]
    health = {"probe-method": "kube-get", "probe-endpoint": ".status"}
    root["spec"]["scopes"] = [{"name": "well", "type": "core.oam.dev/v1alpha1.HealthScope", "properties": health}]
    return schematic, root


PLACES: tuple[tuple[int, tuple[str | int, ...]], ...] = (
    (0, ("parameters", 0, "default")),
    (0, ("workloadSettings", 0, "value")),
    (0, ("containers", 0, "env", 0, "value")),
    (0, ("containers", 0, "config", 0, "value")),
    (0, ("containers", 0, "args", 0)),
    (0, ("containers", 0, "args")),
    (1, ("variables", 0, "value")),
    (1, ("components", 0, "parameterValues", 0, "value")),
    (1, ("components", 0, "traits", 0, "properties", "hostname")),
    (1, ("components", 0, "traits", 0, "properties", "path")),
    (1, ("components", 0, "traits", 0, "properties", "servicePort")),
    (1, ("components", 0, "traits", 0, "properties", "unknown")),
    (1, ("components", 0, "traits", 0, "properties")),
    (1, ("components", 0, "traits", 1, "properties", "replicaCount")),
    (1, ("components", 0, "traits", 2, "properties", "storageClass")),
    (1, ("components", 0, "traits", 2, "properties", "claimName")),
    (1, ("components", 0, "traits", 2, "properties", "reclaim")),
    (1, ("scopes", 0, "properties", "probe-method")),
    (1, ("scopes", 0, "properties", "probe-interval")),
    (1, ("components", 0, "parameterValues")),
    (1, ("variables",)),
)


def _cases() -> Iterator[tuple[Document, Document]]:
    number = 0
    for which, steps in PLACES:
        for value in WRONG:
            documents = _documents(number)
            target: Any = documents[which]["spec"]
            for step in steps[:-1]:
                target = target[step]
            target[steps[-1]] = copy.deepcopy(value)
            yield documents
            number += 1


_RANDOM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\.[0-9a-f]{16}\b")
"""Identifiers of objects, which may contain any digits."""


def _leaks(text: str) -> bool:
    text = _RANDOM.sub("", text)
    return any(part in text for part in ("Canary", "7f3a9", str(NUMBER)))


@pytest.mark.controllers
async def test_no_value_of_a_document_leaves_it(
    cluster: Cluster, catalog: Catalog, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="rudr_py.controller")
    names = []
    for documents in _cases():
        with contextlib.suppress(errors.InvalidError):  # the schema of the CRD refuses some
            await cluster.apply(*documents)
            names.append(documents[1]["metadata"]["name"])
    assert len(names) > 100
    async with cluster.controller(catalog, settings=SETTINGS) as controller:
        await waiting.until_all(cluster, APPLICATION, set(names), observed)
        roots = await cluster.list(APPLICATION)
        metrics = await waiting.metrics(controller)
    leaks = [
        f"{root['metadata']['name']}: {line}"
        for root in roots
        for line in json.dumps(root["status"], indent=0, ensure_ascii=False).splitlines()
        if _leaks(line)
    ]
    leaks += [str(event["note"]) for event in await cluster.list(EVENT) if _leaks(json.dumps(event))]
    leaks += [text for record in caplog.records if _leaks(text := str(vars(record)))]
    leaks += [line for line in metrics.splitlines() if _leaks(line)]
    assert leaks == []


@pytest.mark.controllers
@pytest.mark.parametrize("words", [("password",), ("dsn",)])
async def test_a_fact_of_the_status_contains_no_sensitive_value(
    cluster: Cluster, catalog: Catalog, words: tuple[str, ...]
) -> None:
    trait: Document = copy.deepcopy(INGRESS_TRAIT)
    trait["properties"]["hostname"] = "[fromVariable(hostPassword)]"
    root = application(trait)
    root["spec"]["variables"] = [{"name": "hostPassword", "value": "canary-7f3a9.example.com"}]
    settings = msgspec.structs.replace(SETTINGS, sensitive_words=words)
    async with cluster.controller(catalog, settings=settings):
        await cluster.apply(component(), root)
        live = await cluster.until(APPLICATION, "shop", lambda document: _facts(document).strip("{}"))
    assert ("7f3a9" in _facts(live)) is (words == ("dsn",))


def _facts(document: Document) -> str:
    """The facts that the traits of the first instance show, as JSON."""
    for instance in document.get("status", {}).get("instances", ()):
        for trait in instance.get("traits", ()):
            return json.dumps(trait.get("show", {}))
    return ""
