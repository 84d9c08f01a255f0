"""An operator written with Kopf that creates the same objects from the same documents.

It uses the rendering and the client of rudr_py, so the ratio covers the rest: watches, queue, progress, status and
Events. It reports when a Deployment becomes ready, and does less otherwise: it reverts no drift, prunes no objects and
reads no pods.
"""

from __future__ import annotations

import asyncio
import logging
import os
from datetime import UTC, datetime
from typing import Any

import kopf
import msgspec

from bench import environment
from bench.arms import bare
from bench.arms.arm import Options
from rudr_py.model import metadata_keys


class KopfArm:
    """Watches all namespaces."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        os.environ["KUBECONFIG"] = options.kubeconfig  # kopf reads it
        logging.getLogger().addHandler(logging.NullHandler())  # required, because kopf creates Events from log records

    async def start(self) -> None:
        """Run until the operator has started; its handlers may still run."""
        ready = asyncio.Event()
        operator = kopf.operator(
            registry=self._registry(), clusterwide=True, standalone=True, stop_flag=self._stop, ready_flag=ready
        )
        self._running = asyncio.create_task(operator)
        await ready.wait()

    async def stop(self) -> None:
        """As after SIGTERM."""
        self._stop.set()
        if self._running is not None:
            await self._running

    def _registry(self) -> kopf.OperatorRegistry:
        """One handler for creation, update and resume of an application, as in kopf's examples."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(kopf.login_with_kubeconfig)
        group, version = environment.APPLICATION.api_version.split("/")
        managed = {metadata_keys.MANAGED_BY_LABEL: metadata_keys.MANAGER}
        phases: dict[tuple[str, str], str] = {}

        @kopf.on.create(group, version, "applicationconfigurations", registry=registry)
        @kopf.on.update(group, version, "applicationconfigurations", registry=registry)
        @kopf.on.resume(group, version, "applicationconfigurations", registry=registry)
        async def apply_objects(body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
            self._options.meter.reconciles += 1
            application = dict(body)
            for manifest in bare.manifests(application, self._options.catalog):
                await bare.apply(self._options.cluster, bare.in_namespace(manifest, application))
            if not application.get("status", {}).get("conditions"):
                now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
                patch.status["conditions"] = [{**bare.SYNCED, "lastTransitionTime": now}]

        @kopf.on.event("apps", "v1", "deployments", labels=managed, registry=registry)
        async def report_phase(body: kopf.Body, **_: Any) -> None:
            document = dict(body)
            status, metadata = document.get("status", {}), document["metadata"]
            name = metadata["labels"].get(metadata_keys.APPLICATION_LABEL)
            ready = status.get("readyReplicas", 0) >= document["spec"].get("replicas", 1)
            phase, key = "synced" if ready else "Modify", (metadata["namespace"], name)
            if name and phases.get(key) != phase:
                phases[key] = phase
                await self._write_phase(key, phase)

        return registry

    async def _write_phase(self, key: tuple[str, str], phase: str) -> None:
        cluster = self._options.cluster
        address = await cluster.target(environment.APPLICATION, key[1], "status")
        address = msgspec.structs.replace(address, namespace=key[0])
        await cluster.client.merge_patch(address, msgspec.json.encode({"status": {"phase": phase}}), "twin")
