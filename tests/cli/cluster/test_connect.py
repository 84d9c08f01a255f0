"""The kubeconfig that a command uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from rudr_py.cli.cluster import connect
from rudr_py.errors import ConfigError


def test_the_kubeconfig_is_found_as_by_kubectl() -> None:
    environ = {"KUBECONFIG": "a:b", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert connect.find("given", environ) == "given"
    assert connect.find(None, environ) == "a:b"
    assert connect.find(None, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}) is None


def test_without_a_cluster_the_error_suggests_rudr_dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="rudr dev"):
        connect.find(None, {})
