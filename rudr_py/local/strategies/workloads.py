"""Strategies of workloads: Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob, Pod. Pure."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import object_meta, selectors
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import cron_schedule, deprecations, ephemeral_containers, pod_fields, pod_resize, strategy
from rudr_py.local.strategies.cron_schedule import ScheduleError
from rudr_py.local.strategies.strategy import Strategy, StrategyContext

_CRON_JOB_NAME = 52
"""The names of Jobs add eleven characters."""
_JOB_LABELS = ("batch.kubernetes.io/job-name", "job-name")
_UID_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")
_STATEFUL_CHANGEABLE = frozenset(
    {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
)
_STATEFUL_FORBIDDEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_SCHEDULING = frozenset({"affinity", "nodeSelector", "tolerations", "schedulingGates"})
_POD_FORBIDDEN = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def template_causes(obj: Object, claims: tuple[str, ...] = ()) -> Iterator[Cause]:
    """Yield the errors of the selector and the pod template; `claims` are volumes that each pod gets."""
    kind = str(obj.get("kind", "")).lower()
    spec = obj.get("spec") or {}
    selector = spec.get("selector")
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if selector is None:
        if kind != "daemonset":
            yield causes.required("spec.selector")
    elif not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield causes.invalid("spec.selector", selector, f"empty selector is invalid for {kind}")
    if selector is None or not selectors.labels(selectors.match_labels(selector))(labels):
        detail = "`selector` does not match template `labels`"
        yield causes.invalid("spec.template.metadata.labels", labels or None, detail)
    yield from pod_fields.template_labels(template, "spec.template")
    yield from pod_fields.always_restarted(template, "spec.template")
    yield from pod_causes(template.get("spec") or {}, "spec.template.spec", claims)
    if spec.get("replicas", 0) < 0:
        yield causes.invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0")


def pod_causes(spec: Any, field: str, claims: tuple[str, ...] = ()) -> Iterator[Cause]:
    """Yield frequent errors of a pod spec; the full validation of the server is not implemented."""
    containers = spec.get("containers") or ()
    if not containers:
        yield causes.required(f"{field}.containers")
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}.union(claims)
    seen: set[str] = set()
    for index, container in enumerate(containers):
        here = f"{field}.containers[{index}]"
        name = container.get("name", "")
        if not name:
            yield causes.required(f"{here}.name")
        elif not object_meta.is_label(name):
            yield causes.invalid(f"{here}.name", name, object_meta.LABEL_TEXT)
        elif name in seen:
            yield causes.duplicate(f"{here}.name", name)
        seen.add(name)
        if not container.get("image"):
            yield causes.required(f"{here}.image")
        yield from pod_fields.container(container, here)
        for number, mount in enumerate(container.get("volumeMounts") or ()):
            if mount.get("name") not in volumes:
                yield causes.not_found(f"{here}.volumeMounts[{number}].name", str(mount.get("name")))


def _replication_causes(obj: Object) -> Iterator[Cause]:
    """A ReplicationController selects by plain labels."""
    spec = obj.get("spec") or {}
    selector, template = spec.get("selector") or {}, spec.get("template")
    if not selector:
        yield causes.required("spec.selector")
    if spec.get("replicas", 0) < 0:
        yield causes.invalid("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    if not template or not (template.get("spec") or {}).get("containers"):
        yield causes.required("spec.template")
        return
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selector.items() <= labels.items():
        yield causes.invalid("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
    yield from pod_causes(template["spec"], "spec.template.spec")


def _stateful_causes(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    templates, update = spec.get("volumeClaimTemplates") or (), spec.get("updateStrategy") or {}
    yield from template_causes(obj, tuple(each["metadata"].get("name", "") for each in templates))
    if update.get("type") == "OnDelete" and update.get("rollingUpdate") is not None:
        detail = "only allowed for updateStrategy 'RollingUpdate'"
        yield causes.invalid("spec.updateStrategy.rollingUpdate", update["rollingUpdate"], detail)


def _deployment_causes(obj: Object) -> Iterator[Cause]:
    yield from template_causes(obj)
    strategy_spec = (obj.get("spec") or {}).get("strategy") or {}
    if strategy_spec.get("type") == "Recreate" and strategy_spec.get("rollingUpdate") is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        yield causes.forbidden("spec.strategy.rollingUpdate", detail)


def _selector_fixed(new: Object, old: Object) -> Iterator[Cause]:
    return strategy.immutable(new, old, "spec", "selector")


def _stateful_change(new: Object, old: Object) -> Iterator[Cause]:
    was = {key: value for key, value in old["spec"].items() if key not in _STATEFUL_CHANGEABLE}
    now = {key: value for key, value in new["spec"].items() if key not in _STATEFUL_CHANGEABLE}
    if was != now:
        yield causes.forbidden("spec", _STATEFUL_FORBIDDEN)


def _deployment_part(obj: Object) -> Any:
    return obj.get("spec"), obj["metadata"].get("annotations")


def _create_job(job: Object, _context: StrategyContext) -> None:
    """Set the labels and the selector that identify the pods of a Job, unless it has a manual selector.

    A Job without labels of its own shares those of its template.
    """
    spec = job["spec"]
    if spec.get("manualSelector"):
        return
    metadata = job["metadata"]
    labels = spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
    is_shared = metadata.get("labels") is labels
    labels.update(dict.fromkeys(_UID_LABELS, metadata["uid"]))
    labels.update(dict.fromkeys(_JOB_LABELS, metadata.get("name", "")))
    if is_shared:
        metadata["labels"] = dict(labels)
    spec.setdefault("selector", {"matchLabels": {_UID_LABELS[0]: metadata["uid"]}})


GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"


def _daemon_annotation(daemon_set: Object) -> None:
    """Set the generation of the template, which the server keeps in an annotation and its creator owns."""
    annotations = daemon_set["metadata"].setdefault("annotations", {})
    if isinstance(annotations, dict):
        annotations.setdefault(GENERATION_ANNOTATION, "1")


def _update_daemon_set(new: Object, old: Object, _context: StrategyContext) -> None:
    generation = int((old["metadata"].get("annotations") or {}).get(GENERATION_ANNOTATION, 0))
    generation += new["spec"].get("template") != old["spec"].get("template")
    new["metadata"].setdefault("annotations", {})[GENERATION_ANNOTATION] = str(generation)


def _job_causes(job: Object) -> Iterator[Cause]:
    yield from _ending_pod_causes(job["spec"].get("template") or {}, "spec.template.spec")


def _ending_pod_causes(template: Any, field: str) -> Iterator[Cause]:
    spec = template.get("spec") or {}
    yield from pod_causes(spec, field)
    if spec.get("restartPolicy") not in ("OnFailure", "Never"):
        yield causes.not_supported(f"{field}.restartPolicy", spec.get("restartPolicy", ""), ("OnFailure", "Never"))


def _cron_job_causes(cron_job: Object) -> Iterator[Cause]:
    spec, name = cron_job["spec"], cron_job["metadata"].get("name", "")
    text = spec.get("schedule", "")
    if not text:
        yield causes.required("spec.schedule")
    elif "TZ" in text:
        why = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        yield causes.invalid("spec.schedule", text, why)
    else:
        try:
            cron_schedule.parse(text)
        except ScheduleError as error:
            yield causes.invalid("spec.schedule", text, str(error))
    zone = spec.get("timeZone")
    if zone == "":
        yield causes.invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string")
    elif zone is not None:
        if zone.lower() == "local":
            detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
            yield causes.invalid("spec.timeZone", zone, detail)
        if zone != "Local" and zone not in zoneinfo.available_timezones():
            yield causes.invalid("spec.timeZone", zone, f"unknown time zone {zone}")
    template = (spec.get("jobTemplate") or {}).get("spec") or {}
    yield from _ending_pod_causes(template.get("template") or {}, "spec.jobTemplate.spec.template.spec")
    if len(name) > _CRON_JOB_NAME:
        yield causes.invalid("metadata.name", name, f"must be no more than {_CRON_JOB_NAME} characters")


def _job_change(new: Object, old: Object) -> Iterator[Cause]:
    was, now = old["spec"], new["spec"]
    yield from strategy.immutable(new, old, "spec", "selector")
    if not was.get("suspend") or (old.get("status") or {}).get("startTime"):
        yield from strategy.immutable(new, old, "spec", "template")
    elif _unscheduled(now) != _unscheduled(was):
        yield causes.invalid("spec.template.spec", now["template"].get("spec"), "field is immutable")
    for field in ("completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"):
        yield from strategy.immutable(new, old, "spec", field)
    if was.get("completionMode") != "Indexed":
        yield from strategy.immutable(new, old, "spec", "completions")
    elif was.get("completions") != now.get("completions") != now.get("parallelism"):
        detail = "can only be modified in tandem with spec.parallelism"
        yield causes.invalid("spec.completions", now.get("completions"), detail)


def _unscheduled(spec: Any) -> Any:
    """The pod spec of a Job without the fields that may change until its first pod starts."""
    pod = spec["template"].get("spec") or {}
    kept = {key: value for key, value in pod.items() if key not in _SCHEDULING}
    containers = {
        key: [
            {field: value for field, value in container.items() if field != "resources"}
            for container in pod.get(key) or ()
        ]
        for key in ("containers", "initContainers")
    }
    return kept | containers


def _create_pod(pod: Object, _context: StrategyContext) -> None:
    pod["status"] = {"phase": "Pending", "qosClass": pod_fields.quality(pod["spec"])}


def _pod_check(pod: Object) -> Iterator[Cause]:
    yield from pod_causes(pod.get("spec") or {}, "spec")
    yield from ephemeral_containers.errors(pod)


def _pod_change(new: Object, old: Object) -> Iterator[Cause]:
    if _pod_fixed(new["spec"]) != _pod_fixed(old["spec"]):
        yield causes.forbidden("spec", _POD_FORBIDDEN)


def _pod_fixed(spec: Any) -> Any:
    free = ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "nodeName", "schedulingGates")
    kept = {key: value for key, value in spec.items() if key not in (*free, "containers", "initContainers")}
    for key in ("containers", "initContainers"):
        kept[key] = [
            {field: value for field, value in container.items() if field not in ("image", "imagePullPolicy")}
            for container in spec.get(key) or ()
        ]
    return kept


_TEMPLATE = deprecations.template("spec", "template")


def _grace_period(pod: Object, requested: int | None) -> int:
    """Return the grace period of a pod that is deleted. One that runs nowhere, or has ended, needs none."""
    spec = pod["spec"]
    if not spec.get("nodeName") or (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return 0
    return int(spec.get("terminationGracePeriodSeconds", 0) if requested is None else requested)


STRATEGIES: dict[str, Strategy] = {
    "deployments.apps": Strategy(
        warnings=_TEMPLATE,
        validate=_deployment_causes,
        validate_update=_selector_fixed,
        generation_source=_deployment_part,
    ),
    "replicasets.apps": Strategy(
        warnings=_TEMPLATE, validate=template_causes, validate_update=_selector_fixed, generation_source=strategy.spec
    ),
    "daemonsets.apps": Strategy(
        warnings=_TEMPLATE,
        normalise=_daemon_annotation,
        prepare_for_update=_update_daemon_set,
        validate=template_causes,
        validate_update=_selector_fixed,
        generation_source=strategy.spec,
    ),
    "statefulsets.apps": Strategy(
        warnings=_TEMPLATE, validate=_stateful_causes, validate_update=_stateful_change, generation_source=strategy.spec
    ),
    "controllerrevisions.apps": Strategy(validate_update=lambda new, old: strategy.immutable(new, old, "data")),
    "replicationcontrollers": Strategy(
        warnings=_TEMPLATE, validate=_replication_causes, generation_source=strategy.spec, orphan_dependents=True
    ),
    "jobs.batch": Strategy(
        warnings=_TEMPLATE,
        prepare_for_create=_create_job,
        validate=_job_causes,
        validate_update=_job_change,
        generation_source=strategy.spec,
        orphan_dependents=True,
    ),
    "cronjobs.batch": Strategy(
        warnings=deprecations.template("spec", "jobTemplate", "spec", "template"),
        validate=_cron_job_causes,
        generation_source=strategy.spec,
    ),
    "pods": Strategy(
        warnings=deprecations.pod,
        prepare_for_create=_create_pod,
        validate=_pod_check,
        validate_update=_pod_change,
        validate_new=ephemeral_containers.created,
        validate_part={
            ephemeral_containers.SUBRESOURCE: ephemeral_containers.changed,
            pod_resize.SUBRESOURCE: pod_resize.changed,
        },
        generation_source=strategy.spec,
        grace_period=_grace_period,
    ),
}
