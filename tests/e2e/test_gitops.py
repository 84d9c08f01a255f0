"""The health checks for Argo CD and Flux in examples/gitops, run over the statuses of live applications."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import cel
import pytest
import yaml

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import APPLICATION, DEPLOYMENT, JOB, Document, application, component, condition, observed

lua = pytest.importorskip("lupa.lua51", reason="no lupa for this platform")  # the version of Lua in Argo CD

FOLDER = Path(__file__).parents[2] / "examples" / "gitops"


def argocd(document: Document) -> tuple[str, str]:
    """The health of an application and its message, as Argo CD computes them."""
    runtime: Any = lua.LuaRuntime(unpack_returned_tuples=True)
    runtime.globals().obj = runtime.table_from(document, recursive=True)
    answer = runtime.execute((FOLDER / "argocd-health.lua").read_text())
    return answer.status, answer.message


def flux(document: Document) -> str:
    """The name of the first expression of the Kustomization that holds for an application; empty for none.

    An expression about a field that does not exist holds for nothing.
    """
    (check,) = yaml.safe_load((FOLDER / "flux.yaml").read_text())["spec"]["healthCheckExprs"]
    for name in ("inProgress", "failed", "current"):
        try:
            if cel.evaluate(check[name], document):
                return name
        except RuntimeError:
            continue
    return ""


def case(name: str, outcome: str, *traits: Document, **metadata: Any) -> tuple[Document, Document]:
    """A component whose pods end so, and an application of it."""
    used = component(f"{name}-component")
    used["metadata"]["annotations"] = {"local.rudr.dev/outcome": outcome}
    document = application(*traits, name=name, **metadata)
    document["spec"]["components"][0]["componentName"] = f"{name}-component"
    return used, document


def stale(document: Document) -> Document:
    """The application after a change that the controller has not processed."""
    changed = copy.deepcopy(document)
    changed["metadata"]["generation"] += 1
    return changed


@pytest.mark.controllers
async def test_the_health_checks_cover_every_state_of_an_application(cluster: Cluster, catalog: Catalog) -> None:
    stranger = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "taken-web"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "a", "image": "a"}]}},
        },
    }
    task = case("failed", "fail")
    task[0]["spec"]["workloadType"] = "core.oam.dev/v1alpha1.Task"
    task[0]["spec"]["containers"][0].pop("ports")
    paused = {"annotations": {"rudr.oam.dev/paused": "true"}}
    await cluster.apply(stranger, *case("new", "ready"))
    created = await cluster.get(APPLICATION, "new")
    assert created is not None
    assert (argocd(created)[0], flux(created)) == ("Progressing", "")
    async with cluster.controller(catalog):
        await cluster.apply(
            *case("good", "ready"),
            *case("starting", "never-ready"),
            *case("restarting", "crash-loop"),
            *task,
            *case("wrong", "ready", {"name": "no-such-trait"}),
            *case("taken", "ready"),
            *case("held", "ready", **paused),
        )
        good = await cluster.until(APPLICATION, "good", lambda d: argocd(d)[0] == "Healthy")
        assert (condition(good, "Ready"), flux(good)) == ("True", "current")
        assert (argocd(stale(good))[0], flux(stale(good))) == ("Progressing", "inProgress")
        assert argocd({**good, "metadata": {**good["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}})[0] == (
            "Progressing"
        )

        starting = await cluster.until(APPLICATION, "starting", lambda d: condition(d, "Synced") == "True")
        assert (argocd(starting)[0], flux(starting)) == ("Progressing", "")
        # pods that restart may recover, as for a Deployment in Argo CD; a failed Job does not
        restarting = await cluster.until(APPLICATION, "restarting", lambda d: "CrashLoopBackOff" in argocd(d)[1])
        assert (argocd(restarting)[0], flux(restarting)) == ("Progressing", "")
        await cluster.until(JOB, "failed-web", bool)
        await cluster.patch(JOB, "failed-web", {"spec": {"backoffLimit": 0}})
        failed = await cluster.until(APPLICATION, "failed", lambda d: argocd(d)[0] == "Degraded")
        assert "failed-web" in argocd(failed)[1]
        assert flux(failed) == ""

        wrong = await cluster.until(APPLICATION, "wrong", lambda d: flux(d) == "failed")
        assert argocd(wrong)[0] == "Degraded"
        assert "no-such-trait" in argocd(wrong)[1]
        taken = await cluster.until(APPLICATION, "taken", lambda d: flux(d) == "failed")
        assert argocd(taken)[0] == "Degraded"
        assert "taken-web" in argocd(taken)[1]

        held = await cluster.until(APPLICATION, "held", lambda d: observed(d) and condition(d, "Paused") == "True")
        assert argocd(held)[0] == "Suspended"
        assert await cluster.get(DEPLOYMENT, "held-web") is None
