"""Rules of pods for the values of fields: amounts of resources, probes, numbers, the restart policy. Pure.

Source: kubernetes, pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import object_meta
from rudr_py.local.schema import causes, quantity

_STANDARD: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGE_PAGES: Final = "hugepages-"
_PROBES: Final = ("livenessProbe", "readinessProbe", "startupProbe")
_NEGATIVE: Final = "must be greater than or equal to 0"


def container(fields: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """The errors of the image, the resources and the probes of a container."""
    image = fields.get("image") or ""
    if image != image.strip():
        yield causes.invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    resources = fields.get("resources") or {}
    yield from _overcommitted(resources, f"{path}.resources.requests")
    for part in ("limits", "requests"):
        for name, amount in (resources.get(part) or {}).items():
            yield from _resource(name, amount, f"{path}.resources.{part}[{name}]")
    for name in _PROBES:
        if fields.get(name) is not None:
            yield from _probe(fields[name], f"{path}.{name}", is_readiness=name == "readinessProbe")


def always_restarted(template: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """The error of a restart policy of pods that do not end."""
    policy = (template.get("spec") or {}).get("restartPolicy") or "Always"
    if policy != "Always":
        yield causes.not_supported(f"{path}.spec.restartPolicy", policy, ["Always"])


def template_labels(template: Mapping[str, Any], path: str) -> Iterator[Cause]:
    """The errors of the labels of a pod template."""
    yield from object_meta.label_causes((template.get("metadata") or {}).get("labels") or {}, f"{path}.labels")


def _resource(name: str, amount: Any, path: str) -> Iterator[Cause]:
    if "/" not in name and name not in _STANDARD and not name.startswith(_HUGE_PAGES):
        yield causes.invalid(path, name, "must be a standard resource type or fully qualified")
        yield causes.invalid(path, name, "must be a standard resource for containers")
    read = quantity.read(str(amount))
    if read is not None and read[0] < 0:
        yield causes.invalid(path, quantity.canonical(str(amount)), _NEGATIVE)


def _overcommitted(resources: Mapping[str, Any], path: str) -> Iterator[Cause]:
    limits = resources.get("limits") or {}
    for name, amount in (resources.get("requests") or {}).items():
        request, limit = quantity.read(str(amount)), quantity.read(str(limits.get(name, "")))
        if request is not None and limit is not None and request[0] > limit[0]:
            detail = f"must be less than or equal to {name} limit of {quantity.canonical(str(limits[name]))}"
            yield causes.invalid(path, quantity.canonical(str(amount)), detail)


def _probe(probe: Mapping[str, Any], path: str, *, is_readiness: bool) -> Iterator[Cause]:
    if not is_readiness and probe.get("successThreshold", 1) not in (0, 1):
        yield causes.invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")


def quality(spec: Any) -> str:
    """Return the quality of service of a pod."""
    resources = [container.get("resources") or {} for container in spec.get("containers") or ()]
    if not any(
        container_resources.get("requests") or container_resources.get("limits") for container_resources in resources
    ):
        return "BestEffort"
    exact = all(
        set(container_resources.get("limits") or ()) >= {"cpu", "memory"}
        and (container_resources.get("requests") or container_resources["limits"]) == container_resources["limits"]
        for container_resources in resources
    )
    return "Guaranteed" if exact else "Burstable"
