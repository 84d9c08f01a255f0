"""The health checks for Argo CD and Flux in examples/gitops, run over the statuses of live applications."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import cel
import msgspec
import pytest
import yaml

from rudr_py.api import Hold, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.controller.load.crash_record import DEATHS
from rudr_py.errors import Right
from rudr_py.plugins import rights
from rudr_py.testing import rendering
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.controller.load.test_quarantine import Fatal
from tests.e2e import rbac_cluster
from tests.e2e.documents import (
    APPLICATION,
    DEPLOYMENT,
    JOB,
    Document,
    application,
    component,
    condition,
    message,
    observed,
    ready,
    synced,
)
from tests.e2e.test_order import FAIL, has_reason, shop, versioned

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


class Closed(Trait[Any]):
    """Holds its instance permanently."""

    name = "closed"

    def render(self, ctx: TraitContext[Any]) -> Rendered | Hold:
        """A Hold without a time."""
        del ctx
        return Hold("the gate is closed")


async def test_an_application_that_waits_or_is_deleted_is_progressing(cluster: Cluster) -> None:
    async with cluster.controller(rendering.catalog((Closed(),))):
        await cluster.apply(*case("held", "ready", {"name": "closed"}), application(name="early"))
        held = await cluster.until(APPLICATION, "held", lambda d: observed(d) and condition(d, "Held") == "True")
        assert (argocd(held), flux(held)) == (("Progressing", message(held, "Ready")), "")
        assert "the gate is closed" in message(held, "Ready")
        # a component that may be applied later is an error for both, as any invalid document
        early = await cluster.until(APPLICATION, "early", lambda d: observed(d) and condition(d, "Valid") == "False")
        assert (argocd(early)[0], flux(early)) == ("Degraded", "failed")
        finalizer = {"metadata": {"finalizers": ["example.com/test"]}}
        await cluster.patch(APPLICATION, "held", finalizer)
        await cluster.delete(APPLICATION, "held")
        deleted = await cluster.until(APPLICATION, "held", lambda d: "deletionTimestamp" in d["metadata"])
        assert argocd(deleted) == ("Progressing", "its objects are being deleted")
        await cluster.patch(APPLICATION, "held", {"metadata": {"finalizers": None}})


@pytest.mark.controllers
async def test_an_application_that_waits_for_an_order_is_progressing_until_its_dependency_fails(
    cluster: Cluster, plugin_catalog: Catalog
) -> None:
    running, failing = versioned("migrate", "Task"), versioned("migrate", "Task")
    running["metadata"]["annotations"] = {"local.rudr.dev/outcome": "never-ready"}
    failing["metadata"]["annotations"] = FAIL
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), running, shop("1"))
        waits = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Held") == "True")
        assert (argocd(waits)[0], flux(waits)) == ("Progressing", "")
        await cluster.apply(failing, shop("2"))
        failed = await cluster.until(APPLICATION, "shop", has_reason("DependencyFailed"))
        assert (argocd(failed)[0], flux(failed)) == ("Degraded", "failed")
        assert "instance migrate has failed" in argocd(failed)[1]


@pytest.mark.controllers
async def test_an_application_is_progressing_until_the_instance_that_it_adds_has_failed(
    cluster: Cluster, catalog: Catalog
) -> None:
    document = case("next", "ready")[1]
    settings = msgspec.structs.replace(SETTINGS, removal_deadline=3.0)
    async with cluster.controller(catalog, settings=settings):
        await cluster.apply(*case("next", "ready"))
        await cluster.until(APPLICATION, "next", ready)
        used = case("bad", "never-ready")[0]
        document["spec"]["components"][0] |= {"componentName": "bad-component", "instanceName": "next-other"}
        await cluster.apply(used, document)
        waits = await cluster.until(APPLICATION, "next", lambda d: condition(d, "Replaced") == "Unknown")
        assert (argocd(waits)[0], flux(waits)) == ("Progressing", "")
        failed = await cluster.until(APPLICATION, "next", lambda d: condition(d, "Replaced") == "False")
        assert (argocd(failed), flux(failed)) == (("Degraded", message(failed, "Replaced")), "failed")


@pytest.mark.controllers
async def test_an_application_whose_components_wait_for_a_promotion_is_healthy(
    cluster: Cluster, catalog: Catalog
) -> None:
    manual = {"annotations": {"rudr.oam.dev/component-updates": "manual"}}
    async with cluster.controller(catalog):
        await cluster.apply(*case("pinned", "ready", **manual))
        await cluster.until(APPLICATION, "pinned", ready)
        await cluster.apply(case("pinned", "never-ready")[0])
        pinned = await cluster.until(APPLICATION, "pinned", lambda d: condition(d, "Pinned") != "")
        assert (argocd(pinned)[0], flux(pinned)) == ("Healthy", "current")


async def test_a_quarantined_application_is_degraded(cluster: Cluster, tmp_path: Path) -> None:
    fatal = Fatal(tmp_path)
    types = rendering.catalog((fatal,))
    settings = msgspec.structs.replace(SETTINGS, state_dir=str(fatal.folder))
    await cluster.apply(*case("bad", "ready", {"name": "fatal"}))
    for _ in range(DEATHS):
        async with cluster.controller(types, settings=settings) as controller:
            await cluster.until(APPLICATION, "bad", synced)
            await controller.idle()
        fatal.die()
    async with cluster.controller(types, settings=settings):
        bad = await cluster.until(APPLICATION, "bad", lambda d: condition(d, "Valid") == "False")
        assert (argocd(bad), flux(bad)) == (("Degraded", message(bad, "Valid")), "failed")


async def test_an_application_for_which_a_right_is_missing_is_degraded(catalog: Catalog, tmp_path: Path) -> None:
    async with rbac_cluster.local(tmp_path) as cluster:
        namespace = cluster.namespaces.shop
        right = Right("create", "deployments", DEPLOYMENT.group, namespace)
        needed = rights.needed(catalog, root_scopes=True)
        await cluster.grant(needed, watched=(namespace,))
        await cluster.take(right, needed, watched=(namespace,))
        async with rbac_cluster.controlled(cluster, catalog, namespaces=(namespace,)):
            await cluster.admin.apply(*case("poor", "ready"))
            poor = await cluster.admin.until(APPLICATION, "poor", lambda d: condition(d, "Synced") == "False")
        assert (argocd(poor)[0], flux(poor)) == ("Degraded", "failed")
        assert f"may not {right}" in argocd(poor)[1]
