"""The properties: the fields of a ScaledObject without its target, authentication by Secrets, and pausing."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from rudr_py.api.autoscaling import Behavior
from rudr_py.api.forms import Name

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Seconds = Count
ShortName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class SecretTarget(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A parameter of a trigger that has the value of a key of a Secret."""

    parameter: Annotated[Text, msgspec.Meta(description="The parameter of the trigger, such as connection.")]
    name: Annotated[Name, msgspec.Meta(description="The name of the Secret.")]
    key: Annotated[Text, msgspec.Meta(description="The key of the Secret.")]


class PodIdentity(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """The identity of a cloud provider."""

    provider: Literal["azure-workload", "gcp", "aws", "aws-eks", "none"]
    identity_id: Annotated[Text | None, msgspec.Meta(description="The identity of Azure.")] = None
    role_arn: Annotated[Text | None, msgspec.Meta(description="The role of AWS.")] = None
    identity_owner: Annotated[
        Literal["keda", "workload"] | None, msgspec.Meta(description="The owner of the identity of AWS.")
    ] = None


class Authentication(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """A TriggerAuthentication of the instance. KEDA reads the Secrets, not rudr."""

    secret_target_ref: Annotated[
        tuple[SecretTarget, ...], msgspec.Meta(description="Parameters of the trigger from Secrets.")
    ] = ()
    pod_identity: Annotated[PodIdentity | None, msgspec.Meta(description="An identity of a cloud provider.")] = None


class AuthenticationRef(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """An authentication that exists."""

    name: Annotated[Name, msgspec.Meta(description="Its name.")]
    kind: Literal["TriggerAuthentication", "ClusterTriggerAuthentication"] | None = None


class Trigger(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A source of events or metrics."""

    type: Annotated[Text, msgspec.Meta(description="A scaler of KEDA, such as kafka, prometheus or cron.")]
    name: Annotated[Text | None, msgspec.Meta(description="A unique name, which a formula uses.")] = None
    metadata: Annotated[
        dict[str, str | bool | int | float],
        msgspec.Meta(
            description="The parameters of the scaler. A key with the suffix FromEnv names a variable of the container."
        ),
    ]
    metric_type: Annotated[
        Literal["AverageValue", "Value", "Utilization"] | None,
        msgspec.Meta(description="The type of the target; Utilization for cpu and memory only."),
    ] = None
    use_cached_metrics: Annotated[bool, msgspec.Meta(description="Whether values are cached for pollingInterval.")] = (
        False
    )
    authentication_ref: Annotated[
        AuthenticationRef | None, msgspec.Meta(description="An authentication that exists.")
    ] = None
    authentication: Annotated[
        Authentication | None, msgspec.Meta(description="An authentication of the instance, from Secrets.")
    ] = None


class Fallback(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """The number of replicas while triggers fail."""

    failure_threshold: Annotated[Count, msgspec.Meta(description="Failures in a row.")]
    replicas: Annotated[Count, msgspec.Meta(description="The number of replicas then.")]
    behavior: Annotated[
        Literal["static", "currentReplicas", "currentReplicasIfHigher", "currentReplicasIfLower", "scalingModifiers"]
        | None,
        msgspec.Meta(description="Whether the current number counts; KEDA 2.17."),
    ] = None


class AutoscalerConfig(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """Fields of the autoscaler that KEDA creates."""

    name: Annotated[ShortName | None, msgspec.Meta(description="Its name.")] = None
    behavior: Annotated[Behavior | None, msgspec.Meta(description="Its behavior, as in autoscaling/v2.")] = None


class ScalingModifiers(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """One metric that is computed from the triggers by their names."""

    formula: Annotated[Text, msgspec.Meta(description="The formula, such as (orders + returns) / 2.")]
    target: Annotated[Text, msgspec.Meta(description="The target of the result.")]
    activation_target: Annotated[Text | None, msgspec.Meta(description="The result that starts a replica.")] = None
    metric_type: Literal["AverageValue", "Value"] | None = None


class Advanced(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """Further fields of the ScaledObject."""

    horizontal_pod_autoscaler_config: Annotated[
        AutoscalerConfig | None, msgspec.Meta(description="Name and behavior of the autoscaler.")
    ] = None
    restore_to_original_replica_count: Annotated[
        bool, msgspec.Meta(description="Whether the earlier number of replicas returns when the trait is removed.")
    ] = False
    scaling_modifiers: Annotated[ScalingModifiers | None, msgspec.Meta(description="A formula over triggers.")] = None


class EventScalerProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The fields of a ScaledObject, without the target, and how it is paused."""

    triggers: Annotated[
        tuple[Trigger, ...],
        msgspec.Meta(
            min_length=1,
            description="The sources of events; the one that needs most replicas decides.",
            examples=[
                [{"type": "rabbitmq", "metadata": {"queueName": "orders", "value": "20", "mode": "QueueLength"}}]
            ],
        ),
    ]
    min_replica_count: Annotated[
        Count, msgspec.Meta(description="The minimum number of replicas; 0 stops them without events.", examples=[0])
    ] = 0
    max_replica_count: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)],
        msgspec.Meta(description="The maximum number of replicas.", examples=[20]),
    ] = 100
    idle_replica_count: Annotated[
        Count | None, msgspec.Meta(description="The number of replicas without events, below the minimum; usually 0.")
    ] = None
    polling_interval: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None,
        msgspec.Meta(description="Seconds between two checks of the triggers; 30 by default."),
    ] = None
    cooldown_period: Annotated[
        Seconds | None, msgspec.Meta(description="Seconds without events before replicas stop; 300 by default.")
    ] = None
    initial_cooldown_period: Annotated[
        Seconds | None, msgspec.Meta(description="Seconds after the creation in which replicas are not stopped.")
    ] = None
    fallback: Annotated[Fallback | None, msgspec.Meta(description="The number of replicas while triggers fail.")] = None
    advanced: Annotated[Advanced | None, msgspec.Meta(description="Behavior, and a formula over triggers.")] = None
    env_source_container_name: Annotated[
        Text | None,
        msgspec.Meta(description="The container whose variables FromEnv reads; by default the first one."),
    ] = None
    paused: Annotated[bool, msgspec.Meta(description="Whether scaling is paused.")] = False
    paused_replicas: Annotated[
        Count | None, msgspec.Meta(description="Pauses scaling with this number of replicas.")
    ] = None
