"""depends-on: an instance is created and changed only when other instances of its application are ready or complete."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Final, Literal

import msgspec

from rudr_py.api import Dependency, Problem, Rendered, Trait, TraitContext, reject
from rudr_py.api.forms import Name

_PARTS: Final = re.compile(r"([0-9]{1,6})([hms])")
_UNITS: Final = {"h": 3600, "m": 60, "s": 1}


class OtherInstance(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An instance of the same application, and what is required of it."""

    name: Annotated[Name, msgspec.Meta(description="The instanceName.", examples=["migrate"])]
    condition: Annotated[
        Literal["ready", "complete"],
        msgspec.Meta(
            description="ready: its workload is ready. complete: its workload, such as a Task, has run to its end. "
            "Both with the documents as they are now: a new version of a Task has to complete, too."
        ),
    ] = "ready"
    timeout: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?$",
            description="After this time, such as 90s or 1h30m, the application reports the reason DependencyTimeout. "
            "The instance goes on waiting, and its earlier version goes on running.",
        ),
    ] = "10m"


class DependsOnProperties(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The instances for which this one waits."""

    instances: Annotated[tuple[OtherInstance, ...], msgspec.Meta(min_length=1, description="All of them are awaited.")]


class DependsOn(Trait[DependsOnProperties]):
    """Applies changes of an instance when other instances are ready or complete, and deletes it before them."""

    name = "depends-on"
    properties = DependsOnProperties

    def render(self, ctx: TraitContext[DependsOnProperties]) -> Rendered:
        """The dependencies; they are evaluated by rudr-py."""
        dependencies: list[Dependency] = []
        problems: list[Problem] = []
        for index, other in enumerate(ctx.properties.instances):
            timeout = timedelta(seconds=sum(int(n) * _UNITS[unit] for n, unit in _PARTS.findall(other.timeout)))
            if not timeout:
                problems.append(Problem("must be longer than 0s", f"$.instances[{index}].timeout"))
            path = f"$.instances[{index}].name"
            dependencies.append(Dependency(instance=other.name, condition=other.condition, timeout=timeout, path=path))
        reject(problems)
        return Rendered(depends_on=tuple(dependencies))
