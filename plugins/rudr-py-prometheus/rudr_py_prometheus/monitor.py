"""The properties, the spec and the health that ServiceMonitor and PodMonitor have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import InvalidProperties, Problem, reject
from rudr_py.api.forms import LabelKey, LabelValue
from rudr_py_prometheus import endpoints
from rudr_py_prometheus.endpoints import Endpoint, Limit

PortFields = Callable[[Endpoint, str], Mapping[str, str | int]]
"""Returns the fields of an endpoint's port. Raises InvalidProperties with a path below the second argument."""


class MonitorProperties(Endpoint, frozen=True):
    """The properties of one endpoint, or several in `endpoints`; and those of the monitor."""

    endpoints: Annotated[
        tuple[Endpoint, ...], msgspec.Meta(description="Several endpoints, instead of the properties of one.")
    ] = ()
    labels: Annotated[
        dict[LabelKey, LabelValue], msgspec.Meta(description="Labels of the monitor, by which a Prometheus selects it.")
    ] = msgspec.field(default_factory=dict)
    job_label: Annotated[
        LabelKey | None, msgspec.Meta(description="The label whose value becomes the label job of the metrics.")
    ] = None
    pod_target_labels: Annotated[
        tuple[LabelKey, ...], msgspec.Meta(description="Labels of the pods that the metrics get.")
    ] = ()
    sample_limit: Annotated[Limit | None, msgspec.Meta(description="The most samples of a scrape.")] = None
    target_limit: Annotated[Limit | None, msgspec.Meta(description="The most targets.")] = None
    label_limit: Annotated[Limit | None, msgspec.Meta(description="The most labels of a sample.")] = None


_ENDPOINT: Final = frozenset(field.encode_name for field in msgspec.structs.fields(Endpoint))
_OTHER: Final = frozenset({"endpoints", "labels", "container"})


def spec(properties: MonitorProperties, selector: Mapping[str, str], field: str, ports: PortFields) -> dict[str, Any]:
    """The spec of a monitor, with its endpoints in `field`. Raises InvalidProperties with all problems."""
    listed = {f"$.endpoints[{index}]": each for index, each in enumerate(properties.endpoints)} or {"$": properties}
    reject([*_ambiguous(properties), *(one for at, each in listed.items() for one in endpoints.problems(each, at))])
    fields = endpoints.rendered(properties)
    further = {name: value for name, value in fields.items() if name not in _ENDPOINT | _OTHER}
    scraped = [{**_fields(each), **ports(each, at)} for at, each in listed.items()]
    return {"selector": {"matchLabels": dict(selector)}, field: scraped, **further}


def choose(port: str | int | None, ports: Mapping[str, int], at: str) -> str:
    """The name of the port; the only port when `port` is None. Raises InvalidProperties."""
    matching = [name for name, number in ports.items() if port in (None, name, number)]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(f"{name} ({number})" for name, number in ports.items())
    if port is None:
        raise InvalidProperties(f"the instance has several ports; set one of: {listed}", path=f"{at}.port")
    raise InvalidProperties(f'the instance has no port "{port}"; it has {listed}', path=f"{at}.port")


def _fields(endpoint: Endpoint) -> dict[str, Any]:
    named = {"path": endpoint.path, **endpoints.rendered(endpoint)}
    return {name: value for name, value in named.items() if name in _ENDPOINT - {"port"}}


def _ambiguous(properties: MonitorProperties) -> Iterator[Problem]:
    if properties.endpoints:
        for name in msgspec.to_builtins(properties):
            if name in _ENDPOINT:
                yield Problem("set it in each of the endpoints", path=f"$.{name}")
