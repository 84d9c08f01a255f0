"""The trait service-monitor: it selects the instance's own Service, and one port of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Context, Manifest, Refuse
from rudr_py_prometheus.service_monitor import SERVICE, ServiceMonitor

Contexts = Callable[..., Context[Any]]
LABELS = {"app.kubernetes.io/name": "store", "oam.dev/instance-name": "web"}


def _service(**ports: int) -> Manifest:
    listed = [{"name": name, "port": number, "targetPort": number} for name, number in ports.items()]
    return Manifest(kind=SERVICE, name="web", body={"spec": {"ports": listed}}, labels=LABELS)


def _monitor(context: Contexts, given: dict[str, Any], *manifests: Manifest) -> Manifest:
    return ServiceMonitor().render(context(ServiceMonitor(), given, manifests=manifests)).add[0]


def test_the_only_port_is_scraped_by_default(context: Contexts) -> None:
    monitor = _monitor(context, {}, _service(http=8080))
    assert monitor.name == "web-trait-service-monitor"
    assert monitor.body == {
        "spec": {"selector": {"matchLabels": LABELS}, "endpoints": [{"port": "http", "path": "/metrics"}]}
    }


@pytest.mark.parametrize("wanted", ["admin", 9090])
def test_a_port_is_chosen_by_name_or_number(context: Contexts, wanted: str | int) -> None:
    given = {"port": wanted, "path": "/stats", "interval": "1m30s", "labels": {"team": "frontend"}}
    monitor = _monitor(context, given, _service(http=8080, admin=9090))
    assert monitor.body["spec"]["endpoints"] == [{"port": "admin", "path": "/stats", "interval": "1m30s"}]
    assert monitor.labels == {"team": "frontend"}


def test_of_several_ports_one_must_be_named(context: Contexts) -> None:
    with pytest.raises(Refuse, match=r"http \(8080\), admin \(9090\)"):
        _monitor(context, {}, _service(http=8080, admin=9090))


def test_a_port_that_is_not_there_is_refused(context: Contexts) -> None:
    with pytest.raises(Refuse, match='no port "metrics"'):
        _monitor(context, {"port": "metrics"}, _service(http=8080))


def test_without_a_service_there_is_nothing_to_scrape(context: Contexts) -> None:
    with pytest.raises(Refuse, match="has no port"):
        _monitor(context, {})


@pytest.mark.parametrize("interval", ["", "often", "30", "5 m"])
def test_an_interval_is_a_duration_of_prometheus(context: Contexts, interval: str) -> None:
    with pytest.raises(ValueError, match="interval"):
        _monitor(context, {"interval": interval}, _service(http=8080))
