"""Health from the conditions of the one object that a function is."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Health, Kind, Ref, WorkloadContext, get_in, kstatus, pods

POD = Kind("v1", "Pod")


def health(ctx: WorkloadContext[Any], kind: Kind, *, final: bool) -> Health:
    """Ready when the condition Ready is True of this generation; failed when Stalled, with the pods' reason if any.

    `final`: whether Ready False is a failure, and not yet a stage on the way.
    """
    live = ctx.live(Ref(kind, ctx.instance))
    if live is None:
        return Health("progressing", "Missing", f"{Ref(kind, ctx.instance)} does not exist yet")
    found = kstatus.assess(live)
    ready = kstatus.condition(live, "Ready")
    if found.ok and not ready:
        return Health("progressing", "NotObserved", f"no controller has observed the {kind.kind} yet")
    if found.ok:
        return Health("ready", "Ready", "", _show(live))
    current = found.reason not in ("Terminating", "GenerationNotObserved")
    if final and current and ready.get("status") == "False":
        found = Health("failed", found.reason, found.message)
    return pods.explain(found, ctx.observed(POD))


def _show(live: dict[str, Any]) -> dict[str, str]:
    url = get_in(live, "status", "url", default="")
    show = {"url": url} if url else {}
    if "replicas" in get_in(live, "status", default={}):
        replicas = get_in(live, "status", "replicas", default=0)
        show["replicas"] = f"{get_in(live, 'status', 'availableReplicas', default=0)}/{replicas}"
    return show
