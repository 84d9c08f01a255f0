"""The health of a function from the conditions of its object."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Health, Kind, Ref, WorkloadContext, get_in, kstatus, pods

POD = Kind("v1", "Pod")


def health(ctx: WorkloadContext[Any], kind: Kind, *, final: bool, serving: str = "") -> Health:
    """Ready when the condition Ready of this generation is True; failed when Stalled. Includes problems of pods.

    `final`: whether Ready False is a failure, and not a temporary state. `serving` is a condition that must be True,
    too, if the object has it and is not idle.
    """
    live = ctx.live(Ref(kind, ctx.instance))
    if live is None:
        return Health("progressing", "Missing", f"{Ref(kind, ctx.instance)} does not exist yet")
    assessed = kstatus.assess(live)
    ready = kstatus.condition(live, "Ready")
    if assessed.ok and not ready:
        return Health("progressing", "NotObserved", f"no controller has observed the {kind.kind} yet")
    serves = kstatus.condition(live, serving)
    if assessed.ok and serves and serves.get("status") != "True" and not _is_idle(live):
        reason = get_in(serves, "reason", default="") or f"Not{serving}"
        unserved = Health("progressing", reason, get_in(serves, "message", default=""), _show(live))
        return pods.explain(unserved, ctx.observed(POD))
    if assessed.ok:
        return Health("ready", "Ready", "", _show(live))
    current = assessed.reason not in ("Terminating", "GenerationNotObserved")
    if final and current and ready.get("status") == "False":
        assessed = Health("failed", assessed.reason, assessed.message)
    return pods.explain(assessed, ctx.observed(POD))


def _is_idle(live: dict[str, Any]) -> bool:
    """Whether a function may have no replicas, and has none: a request starts one."""
    may = get_in(live, "spec", "labels", "com.openfaas.scale.zero", default="") == "true"
    return may and get_in(live, "status", "replicas", default=-1) == 0


def _show(live: dict[str, Any]) -> dict[str, str]:
    url = get_in(live, "status", "url", default="")
    show = {"url": url} if url else {}
    if "replicas" in get_in(live, "status", default={}):
        replicas = get_in(live, "status", "replicas", default=0)
        show["replicas"] = f"{get_in(live, 'status', 'availableReplicas', default=0)}/{replicas}"
    return show
