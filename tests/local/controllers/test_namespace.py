"""Namespaces: default objects and deletion."""

from __future__ import annotations

from rudr_py.local.controllers.runtime import times
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def namespace(name: str = "shop") -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config(name: str, **metadata: object) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "shop", **metadata}}


async def test_a_namespace_gets_a_service_account_and_a_ca_certificate(running: Run, objects: RecordedObjects) -> None:
    async with running("namespace", root_ca="PEM") as cluster:
        objects.create(namespace())
        await cluster.until(lambda: cluster.find("ServiceAccount", "default", "shop"))
        certificate = await cluster.until(lambda: cluster.find("ConfigMap", "kube-root-ca.crt", "shop"))
        assert certificate["data"] == {"ca.crt": "PEM"}
        cluster.delete(certificate)
        await cluster.until(lambda: cluster.find("ConfigMap", "kube-root-ca.crt", "shop"))


async def test_the_content_of_a_deleted_namespace_is_deleted_first(running: Run, objects: RecordedObjects) -> None:
    async with running("namespace") as cluster:
        created = objects.create(namespace())
        other = objects.create(namespace("other"))
        objects.create(config("a"))
        await cluster.settle()
        cluster.delete(created)
        await cluster.until(lambda: not cluster.find("Namespace", "shop"))
        assert not cluster.all("ConfigMap", "shop")
        assert cluster.all("ConfigMap", "other")
        assert cluster.get("Namespace", "other") is not None
        assert other["metadata"]["name"] == "other"


async def test_a_terminating_namespace_reports_remaining_finalizers(running: Run, objects: RecordedObjects) -> None:
    async with running("namespace") as cluster:
        created = objects.create(namespace())
        objects.create(config("held", finalizers=["example.dev/hold"]))
        cluster.delete(created)
        await cluster.settle()
        waiting = cluster.get("Namespace", "shop")
        assert waiting["status"]["phase"] == "Terminating"
        assert times.is_true(waiting, "NamespaceFinalizersRemaining")
        held = cluster.get("ConfigMap", "held", "shop")
        objects.update({**held, "metadata": {**held["metadata"], "finalizers": []}})
        await cluster.until(lambda: not cluster.find("Namespace", "shop"))
