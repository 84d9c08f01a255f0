"""The health of a function from the conditions of its object."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Health, Kind, Ref, WorkloadContext, get_in, kstatus, pods

POD = Kind("v1", "Pod")


def health(ctx: WorkloadContext[Any], kind: Kind, *, final: bool) -> Health:
    """Ready when the condition Ready of this generation is True; failed when Stalled. Includes problems of pods.

    `final`: whether Ready False is a failure, and not a temporary state.
    """
    live = ctx.live(Ref(kind, ctx.instance))
    if live is None:
        return Health("progressing", "Missing", f"{Ref(kind, ctx.instance)} does not exist yet")
    assessed = kstatus.assess(live)
    ready = kstatus.condition(live, "Ready")
    if assessed.ok and not ready:
        return Health("progressing", "NotObserved", f"no controller has observed the {kind.kind} yet")
    if assessed.ok:
        return Health("ready", "Ready", "", _show(live))
    current = assessed.reason not in ("Terminating", "GenerationNotObserved")
    if final and current and ready.get("status") == "False":
        assessed = Health("failed", assessed.reason, assessed.message)
    return pods.explain(assessed, ctx.observed(POD))


def _show(live: dict[str, Any]) -> dict[str, str]:
    url = get_in(live, "status", "url", default="")
    show = {"url": url} if url else {}
    if "replicas" in get_in(live, "status", default={}):
        replicas = get_in(live, "status", "replicas", default=0)
        show["replicas"] = f"{get_in(live, 'status', 'availableReplicas', default=0)}/{replicas}"
    return show
