"""Checks one object against the rules of Kubernetes for its kind.

Only rules for names, keys, numbers of ports, duplicates and sizes: the server checks the types of fields. The object
may have any form, because plugins create it. Objects of custom resources are checked for their metadata only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rudr_py.render.limits import data, metadata, networking, pod_template, syntax
from rudr_py.render.limits.violation import Violation, entries, mapping, text


def violations(body: dict[str, Any]) -> Iterator[Violation]:
    """All violations of a whole object, in the order of its fields."""
    group = str(body.get("apiVersion", "")).rpartition("/")[0]
    kind = str(body.get("kind", ""))
    yield from metadata.check(group, kind, mapping(body, "metadata"))
    check = _KINDS.get((group, kind))
    if check is not None:
        yield from check(body)


def _workload(body: dict[str, Any]) -> Iterator[Violation]:
    yield from _selector(body)
    yield from pod_template.check(mapping(body, "spec", "template"), "spec.template")


def _stateful_set(body: dict[str, Any]) -> Iterator[Violation]:
    templates = entries(mapping(body, "spec"), "volumeClaimTemplates", "spec")
    claims = tuple(text(mapping(template, "metadata"), "name") for _, template in templates)
    yield from _selector(body)
    yield from pod_template.check(mapping(body, "spec", "template"), "spec.template", claims)
    service = text(mapping(body, "spec"), "serviceName")
    if service and (wrong := syntax.label(service)):
        yield Violation("spec.serviceName", wrong, service)


def _job(body: dict[str, Any]) -> Iterator[Violation]:
    yield from _workload(body)
    yield from _indexed(mapping(body, "spec"), text(mapping(body, "metadata"), "name"))


def _cron_job(body: dict[str, Any]) -> Iterator[Violation]:
    job = mapping(body, "spec", "jobTemplate")
    yield from _indexed(mapping(job, "spec"), text(mapping(body, "metadata"), "name"), metadata.CRON_JOB_SUFFIX)
    yield from metadata.labels_and_annotations(mapping(job, "metadata"), "spec.jobTemplate.metadata")
    yield from pod_template.check(mapping(job, "spec", "template"), "spec.jobTemplate.spec.template")


def _indexed(spec: Mapping[str, Any], name: str, suffix: int = 0) -> Iterator[Violation]:
    """The name of the last pod of an Indexed Job, which is its host name; `suffix` characters follow `name` in it."""
    completions = spec.get("completions")
    if spec.get("completionMode") == "Indexed" and isinstance(completions, int) and completions > 0:
        limit = syntax.LABEL_LENGTH - suffix - len(f"-{completions - 1}")
        if wrong := syntax.label(name, limit):
            kind = "a CronJob with Indexed Jobs" if suffix else "an Indexed Job"
            yield Violation("metadata.name", f"{wrong} in the name of {kind} of {completions} pods", name)


def _pod(body: dict[str, Any]) -> Iterator[Violation]:
    yield from pod_template.spec(mapping(body, "spec"), "spec")


def _selector(body: dict[str, Any]) -> Iterator[Violation]:
    yield from metadata.labels(mapping(body, "spec", "selector", "matchLabels"), "spec.selector.matchLabels")


def _service(body: dict[str, Any]) -> Iterator[Violation]:
    yield from networking.service(mapping(body, "spec"))


def _network_policy(body: dict[str, Any]) -> Iterator[Violation]:
    path = "spec.podSelector.matchLabels"
    yield from metadata.labels(mapping(body, "spec", "podSelector", "matchLabels"), path)


def _ingress(body: dict[str, Any]) -> Iterator[Violation]:
    yield from networking.ingress(mapping(body, "spec"))


_KINDS: Final[dict[tuple[str, str], Callable[[dict[str, Any]], Iterator[Violation]]]] = {
    ("apps", "Deployment"): _workload,
    ("apps", "DaemonSet"): _workload,
    ("apps", "ReplicaSet"): _workload,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("networking.k8s.io", "Ingress"): _ingress,
    ("networking.k8s.io", "NetworkPolicy"): _network_policy,
    ("", "ConfigMap"): data.config_map,
    ("", "Secret"): data.secret,
}
"""The checks of a body, by API group and kind."""
