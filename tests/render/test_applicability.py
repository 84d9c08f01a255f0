"""Which traits fit which workload types."""

from __future__ import annotations

import pytest

from rudr_py.catalog import Catalog
from rudr_py.cli.types import compatibility, names


@pytest.mark.parametrize(
    ("trait", "workload", "why"),
    [
        ("auto-scaler", "Server", ""),
        ("auto-scaler", "Task", "range; it accepts exact"),
        ("auto-scaler", "SingletonServer", "requires scale"),
        ("manual-scaler", "Task", ""),
        ("cron-hpa", "Task", ""),
        ("ingress", "Worker", "does not apply"),
        ("auto-scaler", "monitoring.coreos.com/v1.Prometheus", "range; it accepts exact, external"),
        ("auto-scaler", "openfaas.com/v1alpha2.Function", ""),
        ("volume-mounter", "Worker", ""),
    ],
)
def test_compatibility_is_determined_by_rendering(everything: Catalog, trait: str, workload: str, why: str) -> None:
    misfit = compatibility.misfit(everything.trait(trait), names.find(everything, "workload", workload))
    assert why in misfit
    assert bool(why) == bool(misfit)
