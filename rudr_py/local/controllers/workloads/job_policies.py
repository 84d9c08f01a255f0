"""The policies of a Job for failed pods, failed indexes and success. Pure.

Source: kubernetes, pkg/controller/job: pod_failure_policy.go, backoff_utils.go, success_policy.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rudr_py.local.storage.store import Object

FAILURES = "batch.kubernetes.io/job-index-failure-count"
"""The annotation of a pod with the number of earlier failures of its index."""


def failure_action(job: Object, pod: Object) -> tuple[str, str]:
    """Return the action of the first rule that a failed pod matches, and why it matches; `Count` without a rule."""
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules") or ()
    name = f"{pod['metadata'].get('namespace', '')}/{pod['metadata']['name']}"
    for index, rule in enumerate(rules):
        suffix = f"matching {rule['action']} rule at index {index}"
        exited = next(_matching_exits(rule.get("onExitCodes") or {}, pod), None)
        if exited is not None:
            return rule["action"], f"Container {exited[0]} for pod {name} failed with exit code {exited[1]} {suffix}"
        condition = _matching_condition(rule.get("onPodConditions") or (), pod)
        if condition:
            return rule["action"], f"Pod {name} has condition {condition} {suffix}"
    return "Count", ""


def _matching_exits(requirement: Object, pod: Object) -> Iterator[tuple[str, int]]:
    """Yield the containers that failed with a matching exit code, with that code."""
    status = pod.get("status") or {}
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        code = (container["state"].get("terminated") or {}).get("exitCode", 0)
        is_listed = code in (requirement.get("values") or ())
        is_meant = requirement.get("containerName") in (None, container["name"])
        if requirement and code and is_meant and is_listed == (requirement["operator"] == "In"):
            yield container["name"], code


def _matching_condition(patterns: Iterable[Object], pod: Object) -> str:
    present = {(each["type"], each["status"]) for each in (pod.get("status") or {}).get("conditions") or ()}
    kinds = (each["type"] for each in patterns if (each["type"], each.get("status") or "True") in present)
    return next(kinds, "")


def job_failure(job: Object, failed: Iterable[Object]) -> str:
    """Return why a failed pod fails the Job at once, or an empty string."""
    results = (failure_action(job, pod) for pod in failed)
    return next((message for action, message in results if action == "FailJob"), "")


def failures(pod: Object) -> int:
    """Return the number of earlier failures of the index of a pod."""
    return int((pod["metadata"].get("annotations") or {}).get(FAILURES, "0"))


def fails_index(job: Object, pod: Object) -> bool:
    """Whether a failed pod is the last one of its index."""
    limit = job["spec"].get("backoffLimitPerIndex")
    return limit is not None and (failure_action(job, pod)[0] == "FailIndex" or failures(pod) >= limit)


def success(job: Object, completed: set[int]) -> str:
    """Return the message of the first rule of the success policy that the completed indexes fulfil."""
    for number, rule in enumerate((job["spec"].get("successPolicy") or {}).get("rules") or ()):
        named = indexes(rule.get("succeededIndexes") or "")
        counted = completed & named if named else completed
        if len(counted) >= (rule.get("succeededCount") or len(named)):
            return f"Matched rules at index {number}"
    return ""


def indexes(text: str) -> set[int]:
    """Parse `completedIndexes`, such as `0-2,5`."""
    completed: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        completed.update(range(int(first), int(last or first) + 1))
    return completed


def ranges(completed: Iterable[int]) -> str:
    """Format indexes as `completedIndexes`; three or more consecutive ones as a range."""
    parts: list[list[int]] = []
    for index in sorted(completed):
        if parts and parts[-1][1] == index - 1:
            parts[-1][1] = index
        else:
            parts.append([index, index])
    texts = (f"{first}-{last}" if last > first + 1 else f"{first},{last}" for first, last in parts)
    return ",".join(text if first != last else str(first) for text, (first, last) in zip(texts, parts, strict=True))
