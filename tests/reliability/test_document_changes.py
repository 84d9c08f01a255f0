"""A property: an application becomes Synced after any change of its documents, or its conditions state what to do."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rudr_py.api import get_in, kstatus
from rudr_py.local.cluster import LocalSettings
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle

Document = dict[str, Any]

PORTS = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
PROBES: dict[str, Document] = {
    "none": {},
    "http": {"readinessProbe": {"httpGet": {"path": "/", "port": 8080}}},
    "tcp": {"readinessProbe": {"tcpSocket": {"port": 8080}}},
    "exec": {"livenessProbe": {"exec": {"command": ["test"]}}},
}
TRAITS: dict[str, Document] = {
    "scaled": {"name": "manual-scaler", "properties": {"replicaCount": 2}},
    "automatic": {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 3}},
    "ingress": {"name": "ingress", "properties": {"hostname": "shop.example", "path": "/"}},
}


class Documents(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of a component and of its instance; not every combination is valid."""

    workload: str = "Server"
    probe: str = "none"
    config: str = ""
    sharing: str = ""
    ephemeral: bool = False
    size: str = "1G"
    storage: str = "a"
    traits: frozenset[str] = frozenset()

    def component(self, name: str) -> Document:
        """The component."""
        container: Document = {"name": "main", "image": "registry.example/main:1", **PROBES[self.probe]}
        if "Server" in self.workload:
            container["ports"] = PORTS
        if self.config:
            container["config"] = [{"path": "/etc/main.conf", "value": self.config}]
        if self.sharing:
            disk = {"required": self.size, "ephemeral": self.ephemeral}
            volume = {"name": "data", "mountPath": "/data", "sharingPolicy": self.sharing, "disk": disk}
            required = {"cpu": {"required": 0.1}, "memory": {"required": "10M"}}
            container["resources"] = {**required, "volumes": [volume]}
        spec = {"workloadType": f"core.oam.dev/v1alpha1.{self.workload}", "containers": [container]}
        return _document(COMPONENT.kind, name, spec)

    def application(self, name: str) -> Document:
        """The application, with one instance of the component."""
        traits = [TRAITS[trait] for trait in sorted(self.traits)]
        if self.sharing and not self.ephemeral:
            traits.append(
                {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": self.storage}}
            )
        binding = {"componentName": name, "instanceName": name, "traits": traits}
        return _document(APPLICATION.kind, name, {"components": [binding]})


def _document(kind: str, name: str, spec: Document) -> Document:
    return {"apiVersion": APPLICATION.api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}


DOCUMENTS = st.builds(
    Documents,
    workload=st.sampled_from(["Server", "Worker", "SingletonServer", "SingletonWorker", "Task", "SingletonTask"]),
    probe=st.sampled_from(sorted(PROBES)),
    config=st.sampled_from(["", "a", "b"]),
    sharing=st.sampled_from(["", "Exclusive", "Shared"]),
    ephemeral=st.booleans(),
    size=st.sampled_from(["1G", "2G"]),
    storage=st.sampled_from(["a", "b"]),
    traits=st.frozensets(st.sampled_from(sorted(TRAITS)), max_size=2),
)

numbers = itertools.count(1)


@pytest.fixture(name="api", scope="module")
def _api() -> Iterator[LocalHandle]:
    """A cluster that runs workloads, and a controller."""
    with local_handle.started(LocalSettings()) as handle, local_handle.controlling(handle) as control:
        control()
        yield handle


def settled(component: Document, application: Document) -> bool:
    """Whether the conditions are about these documents, and no step follows without a change of them."""
    metadata, status = application["metadata"], application.get("status", {})
    observed = get_in(status, "observedComponents", component["metadata"]["name"], "generation", default=0)
    if status.get("observedGeneration") != metadata["generation"] or observed != component["metadata"]["generation"]:
        return False
    if kstatus.condition(application, "Valid").get("status") == "False":
        return True
    synced = kstatus.condition(application, "Synced")
    # a claim that would need another class or size is refused, by its fields or because it cannot grow
    return synced.get("status") == "True" or synced.get("reason") in ("ImmutableField", "Forbidden")


def check(api: LocalHandle, *versions: Documents) -> None:
    name = f"a{next(numbers)}"
    for documents in versions:
        api.apply(documents.component(name))
        component = api.get(COMPONENT.api_version, COMPONENT.kind, name)
        assert component is not None
        api.apply(documents.application(name))
        is_settled = functools.partial(settled, component)
        api.until(APPLICATION.api_version, APPLICATION.kind, name, is_settled)
    api.delete(APPLICATION.api_version, APPLICATION.kind, name)
    api.gone(APPLICATION.api_version, APPLICATION.kind, name)


@example(Documents(), Documents(sharing="Exclusive"))
@example(Documents(workload="Task"), Documents(workload="SingletonServer", config="a"))
@example(Documents(sharing="Shared"), Documents(sharing="Shared", storage="b", workload="Worker"))
@example(Documents(sharing="Shared"), Documents(sharing="Exclusive", size="2G"))
@given(DOCUMENTS, DOCUMENTS)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_application_is_synced_or_states_what_to_do_after_a_change(
    api: LocalHandle, before: Documents, after: Documents
) -> None:
    check(api, before, after)


@pytest.mark.slow
@given(st.lists(DOCUMENTS, min_size=2, max_size=4))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_an_application_is_synced_or_states_what_to_do_after_many_changes(
    api: LocalHandle, versions: list[Documents]
) -> None:
    check(api, *versions)
