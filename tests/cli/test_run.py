"""`rudr run`: what flags and environment mean, and where the cluster is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from rudr_py.cli import run
from rudr_py.errors import ConfigError


def test_no_flags_watch_every_namespace() -> None:
    assert run.settings({}, {}).namespaces == ()


def test_a_flag_beats_the_environment_and_ours_beats_rudrs() -> None:
    environ = {"RUDR_WATCH_NAMESPACE": "ours", "KUBERNETES_NAMESPACE": "rudrs"}
    assert run.settings({"watch_namespace": "a, b"}, environ).namespaces == ("a", "b")
    assert run.settings({}, environ).namespaces == ("ours",)
    assert run.settings({}, {"KUBERNETES_NAMESPACE": "rudrs"}).namespaces == ("rudrs",)


def test_scopes_and_definitions_are_as_the_flags_say() -> None:
    default = run.settings({}, {})
    assert (default.health_scope_address, default.publish_definitions, default.root_scopes) == ("", True, False)
    flags: dict[str, str | int | None] = {"health_scope": ":80", "publish_definitions": False, "root_scopes": True}
    given = run.settings(flags, {})
    assert (given.health_scope_address, given.publish_definitions, given.root_scopes) == (":80", False, True)


def test_the_pod_name_is_the_identity() -> None:
    assert run.settings({}, {"POD_NAME": "rudr-0"}).identity == "rudr-0"


def test_the_kubeconfig_is_looked_for_as_kubectl_does() -> None:
    environ = {"KUBECONFIG": "a:b", "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert run.find("given", environ) == "given"
    assert run.find(None, environ) == "a:b"
    assert run.find(None, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}) is None


def test_no_cluster_is_told_with_a_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ConfigError, match="rudr dev"):
        run.find(None, {})
