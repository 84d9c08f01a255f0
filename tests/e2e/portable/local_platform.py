"""The local API as a platform: its pods have no processes, so the answers follow from its objects."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from rudr_py.api import get_in, kstatus, mappings_in
from rudr_py.model.metadata_keys import INSTANCE_LABEL
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle
from tests.e2e.portable import application

Document = Mapping[str, Any]


class LocalPlatform:
    """Files of a container are those of its ConfigMaps, or are kept with its claim or its pod."""

    def __init__(self, handle: LocalHandle) -> None:
        self._handle = handle
        self._files: dict[tuple[str, str], str] = {}

    def answers(self, instance: str, port: int) -> bool:
        """Whether a Service that an Ingress names has a ready address with this port."""
        slices = self._handle.list("discovery.k8s.io/v1", "EndpointSlice")
        names = {
            get_in(path, "backend", "service", "name", default="")
            for ingress in self._handle.list("networking.k8s.io/v1", "Ingress")
            for rule in mappings_in(ingress, "spec", "rules")
            for path in mappings_in(rule, "http", "paths")
        }
        return instance in names and any(
            get_in(each, "metadata", "labels", "kubernetes.io/service-name", default="") == instance
            and any(number.get("port") == port for number in mappings_in(each, "ports"))
            and any(
                get_in(endpoint, "conditions", "ready", default=False) for endpoint in mappings_in(each, "endpoints")
            )
            for each in slices
        )

    def read(self, instance: str, path: str) -> str:
        mount, volume = self._mounted(instance, path)
        if name := get_in(volume, "configMap", "name", default=""):
            config_map = self._handle.get("v1", "ConfigMap", name) or {}
            key = str(mount.get("subPath") or PurePosixPath(path).name)
            return str(get_in(config_map, "data", default={})[key])
        return self._files[self._storage(instance, volume), path]

    def write(self, instance: str, path: str, content: str) -> None:
        _, volume = self._mounted(instance, path)
        self._files[self._storage(instance, volume), path] = content

    def restart(self, instance: str) -> None:
        pod = self._pod(instance)
        uid = pod["metadata"]["uid"]
        self._handle.delete("v1", "Pod", pod["metadata"]["name"])
        # the pods of a StatefulSet keep their names
        self._handle.until(
            "v1",
            "Pod",
            pod["metadata"]["name"],
            lambda live: live["metadata"]["uid"] != uid and kstatus.condition(live, "Ready").get("status") == "True",
        )

    def completed_runs(self, instance: str) -> int:
        job = self._handle.until("batch/v1", "Job", instance, lambda live: get_in(live, "status", default={}))
        return int(get_in(job, "status", "succeeded", default=0))

    def reaches(self, client: str, server: str, port: int) -> bool:
        """Whether a policy for the pods of the server allows those of the client, if there is any policy."""
        del port
        labels = {name: self._pod(name)["metadata"]["labels"] for name in (client, server)}
        policies = [
            get_in(policy, "spec", default={})
            for policy in self._handle.list("networking.k8s.io/v1", "NetworkPolicy")
            if _selects(get_in(policy, "spec", "podSelector", default={}), labels[server])
        ]
        if not policies:
            return True
        return any(
            _selects(get_in(source, "podSelector", default={}), labels[client])
            for policy in policies
            for rule in mappings_in(policy, "ingress")
            for source in mappings_in(rule, "from")
            if "namespaceSelector" not in source
        )

    def _pod(self, instance: str) -> Document:
        pods = self._handle.list("v1", "Pod")
        return next(pod for pod in pods if pod["metadata"]["labels"].get(INSTANCE_LABEL) == instance)

    def _mounted(self, instance: str, path: str) -> tuple[Document, Document]:
        """The mount of a path in the container, and its volume; empty ones for a file that is on no volume."""
        spec = self._pod(instance)["spec"]
        for mount in mappings_in(spec, "containers", 0, "volumeMounts"):
            if PurePosixPath(path).is_relative_to(mount["mountPath"]):
                return mount, next(volume for volume in spec["volumes"] if volume["name"] == mount["name"])
        return {}, {}

    def _storage(self, instance: str, volume: Document) -> str:
        """The uid of the object that a file lives as long as: the claim of its volume, or the pod."""
        name = get_in(volume, "persistentVolumeClaim", "claimName", default="")
        claim = self._handle.get("v1", "PersistentVolumeClaim", name) if name else self._pod(instance)
        return str((claim or {})["metadata"]["uid"])


def _selects(selector: Document, labels: Mapping[str, str]) -> bool:
    return get_in(selector, "matchLabels", default={}).items() <= labels.items() and all(
        labels.get(expression["key"]) in expression["values"]
        for expression in mappings_in(selector, "matchExpressions")
    )


@contextlib.contextmanager
def running() -> Iterator[LocalPlatform]:
    """The application on a local API, once it is ready."""
    with local_handle.started() as handle, local_handle.controlling(handle) as control:
        control()
        handle.apply(*application.documents())
        handle.ready("portable")
        yield LocalPlatform(handle)
