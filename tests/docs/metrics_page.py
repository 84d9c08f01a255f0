"""The page docs/metrics.md: the metrics of a controller that runs the examples.

`reference` writes the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import aiohttp
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from rudr_py.catalog import Catalog
from rudr_py.model.kinds import APPLICATION
from rudr_py.model.parse import yaml_file
from rudr_py.plugins import entry_points, loading
from rudr_py.settings import LeaderElection, Settings
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle

EXAMPLES = Path(__file__).parents[2] / "examples"

HEAD = """\
# Metrics

Generated from the metrics of a running controller by `make reference`; do not edit it by hand.

`GET /metrics` at `--metrics-bind-address` (`:8080`) returns the Prometheus text format, or OpenMetrics if the request
accepts it. Names and meanings are those of controller-runtime and client-go, so that existing dashboards work; metrics
without a counterpart there begin with `rudr_`. The value of the labels `controller` and `name` is
`applicationconfiguration`. The usual `process_*` and `python_*` series are also available.

[Monitoring and alerts](operations.md#metrics-and-alerts)
"""

GROUPS = {
    "Applications and plugins": ("rudr_",),
    "Reconciles": ("controller_runtime_",),
    "The queue": ("workqueue_",),
    "Requests to the API server": ("rest_client_",),
    "Leadership": ("leader_election_",),
}


def page() -> str:
    """The text of the page."""
    served = sorted(families(), key=lambda family: family.name)
    parts = [HEAD]
    for title, prefixes in GROUPS.items():
        listed = [family for family in served if family.name.startswith(prefixes)]
        rows = [_row(family) for family in listed if not family.name.endswith("_created")]
        if rows:
            parts.append(f"## {title}\n\n| name | type | labels | |\n|---|---|---|---|\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def families() -> list[Metric]:
    """The metrics that are served after the examples were applied."""
    catalog = loading.load((), entry_points.standard()).catalog
    with local_handle.started() as handle:
        text = handle.wait(_scraped(handle, catalog))
    return list(text_string_to_metric_families(text))


async def _scraped(handle: LocalHandle, catalog: Catalog) -> str:
    election = LeaderElection(namespace=handle.namespace, identity="the only one")
    async with handle.cluster.controller(catalog, settings=Settings(leader_election=election)) as controller:
        for path in EXAMPLES.glob("*.yaml"):
            await handle.cluster.apply(*(document.value for document in yaml_file.load(path.read_bytes(), path.name)))
        await handle.cluster.until(APPLICATION, "shop", _is_synced)
        url = f"http://127.0.0.1:{controller.servers.metrics_port}/metrics"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return await answer.text()


def _is_synced(document: dict[str, object]) -> bool:
    status = document.get("status")
    return isinstance(status, dict) and status.get("phase") == "synced"


def _row(family: Metric) -> str:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return f"| `{name}` | {family.type} | {', '.join(_labels(family))} | {family.documentation} |"


def _labels(family: Metric) -> Iterator[str]:
    names = {name: None for sample in family.samples for name in sample.labels if name != "le"}
    yield from (f"`{name}`" for name in names)
