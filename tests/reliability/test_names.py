"""Names, labels, ports and sizes that Kubernetes would reject are problems of the document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.kube import config, requests
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport
from rudr_py.render.limits import check
from rudr_py.testing.cluster import Cluster
from tests.e2e import apiserver
from tests.e2e.conftest import ASSETS
from tests.e2e.documents import APPLICATION, STATEFUL_SET, application, component, invalid, message, synced
from tests.reliability.kubernetes_limits import CASES, STRICTER, Case


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    if not apiserver.present(ASSETS):
        pytest.skip("no kube-apiserver is available")
    with apiserver.running(ASSETS, tmp_path_factory.mktemp("limits")) as started:
        yield started.kubeconfig


@pytest.mark.parametrize("case", [*CASES, *STRICTER], ids=lambda case: case.name)
def test_an_object_at_a_limit_is_accepted_or_rejected(case: Case) -> None:
    assert (not [*check.violations(case.body)]) == case.valid


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_a_kube_apiserver_accepts_and_rejects_the_same_objects(kubeconfig: Path) -> None:
    transport = AioTransport(await config.connect(str(kubeconfig)))
    try:
        cluster = Cluster(transport, "default", SystemClock())
        errors = [(case, await dry_run(cluster, case)) for case in CASES]
        stricter = [await dry_run(cluster, case) for case in STRICTER]
    finally:
        await transport.close()
    assert [f"{case.name}: {error}" for case, error in errors if case.valid == bool(error)] == []
    assert stricter == [""] * len(STRICTER)


async def dry_run(cluster: Cluster, case: Case) -> str:
    """The error of a server-side apply that changes nothing; empty if the server accepts the object."""
    target = await cluster.target(Kind(case.body["apiVersion"], case.body["kind"]), case.body["metadata"]["name"])
    reply = await cluster.transport.send(requests.apply(target, msgspec.json.encode(case.body), "tester", dry_run=True))
    return "" if reply.status < 400 else reply.body.decode()


async def test_a_singleton_with_a_long_name_is_not_valid_until_it_is_renamed(
    cluster: Cluster, catalog: Catalog
) -> None:
    document = application(name="a" * 56)
    await cluster.apply(component(workloadType="core.oam.dev/v1alpha1.SingletonServer"), document)
    async with cluster.controller(catalog):
        rejected = await cluster.until(APPLICATION, "a" * 56, invalid)
        assert "at most 52 are allowed in the name of a StatefulSet" in message(rejected, "Valid")
        assert "$.spec.components[0].instanceName" in message(rejected, "Valid")
        assert await cluster.list(STATEFUL_SET) == []
        document["spec"]["components"][0]["instanceName"] = "a" * 52
        await cluster.apply(document)
        await cluster.until(APPLICATION, "a" * 56, synced)
        (created,) = await cluster.list(STATEFUL_SET)
        assert created["metadata"]["name"] == "a" * 52
