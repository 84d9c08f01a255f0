"""An application with a ready component and one whose pods crash, on a local API with a controller.

For the tests of commands that read a cluster, and for the picture in the documentation.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from rudr_py.local.cluster import LocalSettings
from rudr_py.local.controllers import PodScript
from rudr_py.model.identity import API_VERSION
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle

Document = dict[str, Any]

DOCUMENTS = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - name: main
    image: registry.example/web:1
    ports: [{name: http, containerPort: 8080}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: worker}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers: [{name: main, image: "registry.example/crashing:1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: shop}
spec:
  components:
  - componentName: web
    instanceName: shop-web
    traits:
    - {name: manual-scaler, properties: {replicaCount: 2}}
    - {name: ingress, properties: {hostname: shop.example.com}}
  - {componentName: worker, instanceName: shop-worker}
"""


NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""When all of it happens, so that a pod has crashed just once whenever one looks."""


def documents() -> list[Document]:
    """The ready component, the crashing component, and the application."""
    return list(yaml.safe_load_all(DOCUMENTS))


def fate(pod: Document) -> PodScript:
    """Pods of the crashing image crash."""
    crashes = "crashing" in pod["spec"]["containers"][0]["image"]
    return PodScript("crash-loop" if crashes else "ready")


@contextlib.contextmanager
def open_shop(kubeconfig: Path, settings: LocalSettings | None = None) -> Iterator[LocalHandle]:
    """A new API with the application, after its pods have reached their final state. Writes a kubeconfig."""
    chosen = settings or LocalSettings(script=fate, clock=lambda: NOW)
    with local_handle.started(chosen) as handle, local_handle.controlling(handle) as control:
        control()
        write_kubeconfig(handle, kubeconfig)
        handle.apply(*documents())
        handle.until(API_VERSION, "ApplicationConfiguration", "shop", settled)
        yield handle


def write_kubeconfig(handle: LocalHandle, path: Path) -> None:
    """Write a kubeconfig with the namespace of the handle."""
    path.write_text(yaml.safe_dump(handle.kubeconfig))


def settled(application: Document) -> bool:
    """Whether one instance is ready and the other one crashes."""
    instances = {one["name"]: one for one in application.get("status", {}).get("instances", ())}
    states = {name: (one["state"], one["reason"]) for name, one in instances.items()}
    return states == {"shop-web": ("ready", "Ready"), "shop-worker": ("progressing", "CrashLoopBackOff")}


def timeless(text: str) -> str:
    """The text with fixed letters in place of the random suffixes of pods, and of ages."""
    text = re.sub(r"(?<= )\d+[smhdy]\w* *(?=registry|\n)", "AGE  ", re.sub(r"\bAGE +", "AGE  ", text))
    text = re.sub(r" +\n", "\n", text)
    return re.sub(r"(shop-(?:web|worker)-[0-9a-f]{8,10})-[a-z0-9]{5}\b", r"\1-xxxxx", text)
