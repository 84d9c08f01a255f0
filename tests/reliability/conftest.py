"""The clusters of the e2e suite, for the tests of this package too."""

from __future__ import annotations

from tests.e2e.conftest import (
    any_cluster,
    catalog,
    cluster,
    cluster_without_crds,
    fork_server,
    kubectl,
    plugin_catalog,
    pytest_generate_tests,
    rudr,
    server,
)

__all__ = [
    "any_cluster",
    "catalog",
    "cluster",
    "cluster_without_crds",
    "fork_server",
    "kubectl",
    "plugin_catalog",
    "pytest_generate_tests",
    "rudr",
    "server",
]
