"""Properties that KEDA refuses, and credentials in plain text. KEDA's webhook for ScaledObjects has the same rules."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rudr_py.api import Problem, TraitContext
from rudr_py_keda.properties import EventScalerProperties, Trigger

RESOURCES: Final = ("cpu", "memory")
"""The triggers that KEDA leaves to the autoscaler."""

_FROM_ENV: Final = "FromEnv"
_NAMES = re.compile(
    r"password|passwd|passphrase|secret|token|credential|(api|access|account|private)_?key|connectionstring"
)
_REFERENCE = re.compile(r"(FromEnv|From|Name|Ref|Path|File|Url|URL|Uri|URI|Id|ID|Scope|Type)$")
_VALUES = re.compile(
    r"://[^/\s:@]*:[^/\s@]+@|(password|pwd|accountkey|sharedaccesskey|sharedaccesssignature)[\"']? ?[=:]", re.I
)


def problems(ctx: TraitContext[EventScalerProperties]) -> Iterator[Problem]:
    """All problems of valid properties."""
    properties = ctx.properties
    minimum, maximum, idle = properties.min_replica_count, properties.max_replica_count, properties.idle_replica_count
    if minimum > maximum:
        yield Problem(f"{maximum} is below minReplicaCount {minimum}", path="$.maxReplicaCount")
    if idle is not None and idle >= minimum:
        yield Problem(f"{idle} is not below minReplicaCount {minimum}", path="$.idleReplicaCount")
    if not minimum and all(trigger.type in RESOURCES for trigger in properties.triggers):
        message = "cpu and memory start no replica; set at least 1, or add another trigger"
        yield Problem(message, path="$.minReplicaCount")
    names = [container.name for container in ctx.component.containers]
    source = properties.env_source_container_name
    if source is not None and source not in names:
        message = f'the component has no container "{source}"; it has {", ".join(names)}'
        yield Problem(message, path="$.envSourceContainerName")
    yield from _fallback_problems(properties)
    for index, trigger in enumerate(properties.triggers):
        at = f"$.triggers[{index}]"
        if trigger.name and trigger.name in [earlier.name for earlier in properties.triggers[:index]]:
            yield Problem(f'the name "{trigger.name}" is listed twice', path=f"{at}.name")
        yield from _trigger_problems(trigger, names, at)


def _fallback_problems(properties: EventScalerProperties) -> Iterator[Problem]:
    modifiers = properties.advanced.scaling_modifiers if properties.advanced else None
    if properties.fallback is None or modifiers is not None:
        return
    if properties.fallback.behavior == "scalingModifiers":
        yield Problem("needs advanced.scalingModifiers", path="$.fallback.behavior")
    if all(trigger.type in RESOURCES for trigger in properties.triggers):
        yield Problem("needs a trigger other than cpu and memory", path="$.fallback")


def _trigger_problems(trigger: Trigger, containers: list[str], path: str) -> Iterator[Problem]:
    is_resource = trigger.type in RESOURCES
    possible = ("Utilization", "AverageValue") if is_resource else ("AverageValue", "Value")
    if trigger.metric_type is not None and trigger.metric_type not in possible:
        message = f"the metric type of a trigger {trigger.type} is {' or '.join(possible)}"
        yield Problem(message, path=f"{path}.metricType")
    if is_resource and trigger.metric_type is None and "type" not in trigger.metadata:
        yield Problem(f"a trigger {trigger.type} needs the metricType {' or '.join(possible)}", path=path)
    if is_resource and "value" not in trigger.metadata:
        yield Problem(f"a trigger {trigger.type} needs a value", path=f"{path}.metadata")
    container = trigger.metadata.get("containerName") if is_resource else None
    if container is not None and container not in containers:
        message = f'the component has no container "{container}"; it has {", ".join(containers)}'
        yield Problem(message, path=f"{path}.metadata.containerName")
    if trigger.use_cached_metrics and trigger.type in (*RESOURCES, "cron"):
        yield Problem(f"KEDA does not cache values of {trigger.type}", path=f"{path}.useCachedMetrics")
    own = trigger.authentication
    if own is not None and trigger.authentication_ref is not None:
        yield Problem("set one of authentication and authenticationRef", path=f"{path}.authentication")
    if own is not None and not own.secret_target_ref and own.pod_identity is None:
        yield Problem("needs secretTargetRef or podIdentity", path=f"{path}.authentication")
    parameters = [target.parameter for target in own.secret_target_ref] if own else []
    for index, parameter in enumerate(parameters):
        if parameter in parameters[:index]:
            message = f'the parameter "{parameter}" is listed twice'
            yield Problem(message, path=f"{path}.authentication.secretTargetRef[{index}].parameter")


def warnings(properties: EventScalerProperties) -> Iterator[str]:
    """Credentials in plain text, and properties without an effect. No warning contains a value of a trigger."""
    for index, trigger in enumerate(properties.triggers):
        for key, value in trigger.metadata.items():
            if isinstance(value, str) and value and _is_credential(key, value):
                yield (
                    f'the metadata "{key}" of trigger {index} ({trigger.type}) contains a credential that every reader'
                    f" of the application sees; use {key}{_FROM_ENV} with a variable from a Secret, or authentication"
                )
        if trigger.type in RESOURCES and "type" in trigger.metadata:
            yield f'KEDA 2.18 removed the metadata "type" of {trigger.type}; use metricType'
    if properties.idle_replica_count:
        yield "KEDA supports no idleReplicaCount other than 0"
    if (
        properties.min_replica_count
        and properties.idle_replica_count is None
        and properties.cooldown_period is not None
    ):
        yield "cooldownPeriod has no effect if minReplicaCount is above 0 and there is no idleReplicaCount"


def _is_credential(key: str, value: str) -> bool:
    """Whether a literal value is a credential: by its key, or because it has the form of a URL or text with one."""
    if key.endswith(_FROM_ENV):
        return False
    return bool(_VALUES.search(value) or (_NAMES.search(key.lower()) and not _REFERENCE.search(key)))
