"""rollout: how a Deployment or a StatefulSet replaces its pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, get_in, reject
from rudr_py.api.forms import Positive, Seconds
from rudr_py_pod.forms import Number, NumberOrPercent, Share

DEPLOYMENT: Final = "Deployment"
STATEFUL_SET: Final = "StatefulSet"

_ONLY_DEPLOYMENT: Final = ("max_surge", "progress_deadline")
_ONLY_STATEFUL_SET: Final = ("partition",)
_PROGRESS_DEADLINE: Final = 600
"""The default of Kubernetes in seconds."""


class RolloutProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The strategy and its limits; a field is that of the object of the same name."""

    strategy: Annotated[
        Literal["RollingUpdate", "Recreate", "OnDelete"],
        msgspec.Meta(description="Recreate for a Deployment only, OnDelete for a singleton only."),
    ] = "RollingUpdate"
    max_surge: Annotated[NumberOrPercent | None, msgspec.Meta(description="Additional pods during a rollout.")] = None
    max_unavailable: Annotated[Share | None, msgspec.Meta(description="Missing pods during a rollout.")] = None
    min_ready: Annotated[Seconds | None, msgspec.Meta(description="Seconds for which a new pod must be ready.")] = None
    progress_deadline: Annotated[
        Positive | None, msgspec.Meta(description="Seconds after which a rollout has failed.", examples=[120])
    ] = None
    history_limit: Annotated[Number | None, msgspec.Meta(description="The number of old revisions to keep.")] = None
    partition: Annotated[Number | None, msgspec.Meta(description="Pods from this ordinal are updated.")] = None


class Rollout(PodTrait[RolloutProperties]):
    """Sets the strategy of rollouts."""

    name = "rollout"
    properties = RolloutProperties

    def edits(self, ctx: TraitContext[RolloutProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """Edits of the object with the pod template."""
        properties = ctx.properties
        reject(_problems(ctx, place))
        if properties == RolloutProperties():
            return
        is_deployment = place.ref.kind.kind == DEPLOYMENT
        limits = {
            "maxSurge": properties.max_surge,
            "maxUnavailable": properties.max_unavailable,
            "partition": properties.partition,
        }
        rolling = {field: value for field, value in limits.items() if value is not None}
        strategy: dict[str, Any] = {"type": properties.strategy, **({"rollingUpdate": rolling} if rolling else {})}
        yield SetField(place.ref, ("spec", "strategy" if is_deployment else "updateStrategy"), strategy)
        fields = {
            "minReadySeconds": properties.min_ready,
            "progressDeadlineSeconds": properties.progress_deadline,
            "revisionHistoryLimit": properties.history_limit,
        }
        for field, value in fields.items():
            if value is not None:
                yield SetField(place.ref, ("spec", field), value)


def _problems(ctx: TraitContext[RolloutProperties], place: PodTemplatePlace) -> Iterator[Problem]:
    """Fields that the kind of the object does not have, and a strategy that the workload type excludes."""
    properties, kind = ctx.properties, place.ref.kind.kind
    if kind not in (DEPLOYMENT, STATEFUL_SET):
        yield Problem(f"a {kind} has no rollout; remove the trait")
        return
    if properties.strategy == ("OnDelete" if kind == DEPLOYMENT else "Recreate"):
        yield Problem(f"a {kind} has no strategy {properties.strategy}", path="$.strategy")
    for name in _ONLY_STATEFUL_SET if kind == DEPLOYMENT else _ONLY_DEPLOYMENT:
        if getattr(properties, name) is not None:
            yield Problem(f"a {kind} has no such field", path=f"$.{_camel(name)}")
    limited = [name for name in ("max_surge", "max_unavailable", "partition") if getattr(properties, name) is not None]
    if properties.strategy != "RollingUpdate" and limited:
        yield Problem("has a meaning for RollingUpdate only", path=f"$.{_camel(limited[0])}")
    if _is_zero(properties.max_unavailable):
        if _is_zero(properties.max_surge):
            yield Problem("maxSurge and maxUnavailable must not both be 0", path="$.maxSurge")
        if kind == STATEFUL_SET:
            yield Problem("must not be 0 for a StatefulSet", path="$.maxUnavailable")
    deadline = properties.progress_deadline or _PROGRESS_DEADLINE
    if kind == DEPLOYMENT and properties.min_ready is not None and properties.min_ready >= deadline:
        message = f"must be below progressDeadline ({deadline}), or no rollout would succeed"
        yield Problem(message, path="$.minReady")
    body = next((manifest.body for manifest in ctx.manifests if manifest.ref == place.ref), {})
    recreates = get_in(body, "spec", "strategy", "type", default="") == "Recreate"
    if recreates and properties.strategy != "Recreate":
        message = "the component has an Exclusive volume, which two pods must not mount; only Recreate is possible"
        yield Problem(message, path="$.strategy")


def _is_zero(number: int | str | None) -> bool:
    return number is not None and int(str(number).rstrip("%")) == 0


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
