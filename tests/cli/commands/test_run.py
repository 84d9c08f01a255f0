"""`rudr run`: settings from flags and environment, and the kubeconfig."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import Result

import rudr_py
from rudr_py.catalog import Catalog, PluginState, State
from rudr_py.cli.commands import run
from rudr_py.errors import ConfigError
from rudr_py.settings import NO_DEFAULTS, Impersonation, PlatformDefaults, Settings

PLUGINS: dict[str, State] = {"good": "loaded", "bad": "failed"}


def test_no_flags_watch_every_namespace() -> None:
    assert run.settings({}, {}).namespaces == ()


def test_flags_override_the_environment_and_the_variable_of_rudr_py_overrides_that_of_rudr() -> None:
    environ = {"RUDR_WATCH_NAMESPACE": "ours", "KUBERNETES_NAMESPACE": "rudrs"}
    assert run.settings({"watch_namespace": "a, b"}, environ).namespaces == ("a", "b")
    assert run.settings({}, environ).namespaces == ("ours",)
    assert run.settings({}, {"KUBERNETES_NAMESPACE": "rudrs"}).namespaces == ("rudrs",)


def test_flags_set_scopes_and_definitions() -> None:
    default = run.settings({}, {})
    assert (default.health_scope_address, default.publish_definitions, default.root_scopes) == ("", True, False)
    assert default.defaults == NO_DEFAULTS
    flags: dict[str, str | int | None] = {"health_scope": ":80", "publish_definitions": False, "root_scopes": True}
    changed = run.settings({**flags, "image_pull_policy": "Always"}, {})
    assert (changed.health_scope_address, changed.publish_definitions, changed.root_scopes) == (":80", False, True)
    assert changed.defaults == PlatformDefaults(image_pull_policy="Always")


def test_impersonation_is_off_without_its_flag() -> None:
    assert run.settings({"default_service_account": "apps"}, {}).impersonation is None


def test_flags_set_the_accounts_of_applications() -> None:
    assert run.settings({"impersonate": True}, {}).impersonation == Impersonation()
    flags: dict[str, str | float | None] = {
        "impersonate": True,
        "default_service_account": "apps",
        "application_annotation": False,
    }
    assert run.settings(flags, {}).impersonation == Impersonation(account="apps", application_annotation=False)


@pytest.mark.parametrize(
    "name", ["", "Apps", "a b", "shop:apps", "apps\r\nImpersonate-Group: system:masters", "a" * 254], ids=repr
)
def test_the_default_account_must_be_the_name_of_a_service_account(invoke: Callable[..., Result], name: str) -> None:
    done = invoke("run", "--impersonate", "--default-service-account", name)
    assert done.exit_code == 2
    assert "is not the name of a service account" in done.stderr


def test_the_first_log_line_names_version_server_and_packages() -> None:
    states = [PluginState(name=name, package=name, version="1", state=state) for name, state in PLUGINS.items()]
    fields = run.start_fields(Settings(namespaces=("a",)), "https://x", Catalog(plugins=tuple(states)))
    assert (fields["version"], fields["server"], fields["namespaces"]) == (rudr_py.__version__, "https://x", ["a"])
    assert fields["packages"] == ["good 1"]
    assert run.start_fields(Settings(), "https://x", Catalog())["namespaces"] == "all"


def test_the_pod_name_is_the_identity() -> None:
    assert run.settings({}, {"POD_NAME": "rudr-0"}).identity == "rudr-0"


def test_in_a_pod_definitions_are_in_its_namespace(tmp_path: Path) -> None:
    (tmp_path / "namespace").write_text("oam-system\n")
    nowhere = tmp_path / "nowhere"
    assert run.settings({}, {}, nowhere).definitions_namespace == "rudr-system"
    assert run.settings({}, {}, tmp_path).definitions_namespace == "oam-system"
    assert run.settings({}, {"POD_NAMESPACE": "told"}, tmp_path).definitions_namespace == "told"
    assert run.settings({"definitions_namespace": "flag"}, {}, tmp_path).definitions_namespace == "flag"


def test_leader_election_is_off_by_default() -> None:
    assert run.settings({}, {}).leader_election is None
    assert run.settings({"leader_elect": False}, {}).leader_election is None


def test_the_lease_is_in_the_pods_namespace_by_default(tmp_path: Path) -> None:
    elect: dict[str, str | float | None] = {"leader_elect": True}
    (tmp_path / "namespace").write_text("oam-system")

    def namespace(flags: dict[str, str | float | None], account: Path) -> str:
        election = run.settings(flags, {}, account).leader_election
        assert election is not None
        return election.namespace

    assert namespace(elect, tmp_path) == "oam-system"
    assert namespace({**elect, "definitions_namespace": "types"}, tmp_path) == "oam-system"
    assert namespace({**elect, "definitions_namespace": "types"}, tmp_path / "nowhere") == "types"
    assert namespace({**elect, "leader_election_namespace": "flag"}, tmp_path) == "flag"


def test_processes_have_different_identities_in_the_lease() -> None:
    elections = [run.settings({"leader_elect": True}, {"POD_NAME": "rudr-0"}).leader_election for _ in range(2)]
    names = [election.identity for election in elections if election is not None]
    assert len(set(names)) == 2
    assert all(name.startswith("rudr-0_") for name in names)


@pytest.mark.parametrize(
    ("times", "named"),
    [
        ({"lease_duration": 10.0}, ["lease-duration", "renew-deadline"]),
        ({"retry_period": 9.0}, ["renew-deadline", "retry-period"]),
        ({"lease_duration": 1.0, "renew_deadline": 1.0, "retry_period": 1.0}, ["lease-duration", "retry-period"]),
    ],
)
def test_contradicting_durations_are_rejected_with_the_names_of_the_flags(
    times: dict[str, float], named: list[str]
) -> None:
    flags = {"leader_elect": True, **{f"leader_elect_{name}": value for name, value in times.items()}}
    with pytest.raises(ConfigError) as caught:
        run.settings(flags, {})
    assert all(f"--leader-elect-{name}" in str(caught.value) for name in named)


def test_several_shards_need_leader_election() -> None:
    election = run.settings({"leader_elect": True, "shards": 4}, {}).leader_election
    assert election is not None
    assert election.leases == ("rudr-py", "rudr-py-0", "rudr-py-1", "rudr-py-2", "rudr-py-3")
    with pytest.raises(ConfigError, match="--leader-elect"):
        run.settings({"shards": 4}, {})


def test_every_flag_has_a_variable_of_its_name() -> None:
    """Except flags about a single call."""
    for option in run.command.params:
        long = next(name for name in option.opts if name.startswith("--"))
        if long not in ("--verbose",):
            variable = "RUDR_" + long.removeprefix("--").replace("-", "_").upper()
            assert isinstance(option, click.Option)
            assert option.envvar == variable
