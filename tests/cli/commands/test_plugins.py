"""`rudr plugins` and the plugin options: broken plugins are reported and hide nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from rudr_py.plugins.call_marker import CallLabel
from rudr_py.plugins.quarantine import Offence, Quarantine

Invoke = Callable[..., Result]
Text = Callable[..., str]

GOOD = """
from rudr_py.api import Kind, Rendered, Trait, hookimpl

class Tiny(Trait):
    "Does nothing, in a small way."
    name = "tiny"
    produces = (Kind("batch/v1", "CronJob"),)

    def render(self, ctx):
        return Rendered()

@hookimpl
def rudr_register_types():
    return [Tiny()]
"""


@pytest.fixture(name="install")
def _install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Install a package on the path, as pip would: a module and its metadata."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(module: str, source: str, entry_points: str = "") -> None:
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module.replace('_', '-')}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(entry_points or f"[rudr_py.plugins]\n{module} = {module}\n")

    return install


@pytest.fixture(name="broken")
def _broken(install: Callable[..., None]) -> None:
    """A working plugin, and three that cannot be loaded."""
    install("plug_good", GOOD)
    install("plug_raises", "raise RuntimeError('no')")
    install("plug_exits", "import sys; sys.exit(3)")
    install("plug_unreadable", "", "[rudr_py.plugins]\nx = = =\n][\n")


def test_the_table_lists_broken_plugins(broken: None, invoke: Invoke) -> None:
    done = invoke("plugins")
    assert done.exit_code == 0, done.output
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.partition("\n\n")[0].splitlines()}
    assert rows["PACKAGE"] == ["VERSION", "STATE", "TYPES"]
    assert rows["plug-good"] == ["1.2", "Loaded", "tiny"]
    assert rows["plug-raises"] == ["1.2", "Failed", "<none>"]
    assert rows["plug-exits"] == ["1.2", "Failed", "<none>"]
    assert rows["plug-unreadable"][:2] == ["1.2", "Failed"]


def test_the_table_fits_100_columns_with_reasons_below(broken: None, invoke: Invoke) -> None:
    table, _, below = invoke("plugins").stdout.partition("\n\n")
    assert "plug-raises 1.2 (plugin plug_raises) cannot be loaded: RuntimeError: no\n" in below
    assert below.count("cannot be loaded: ") == 3
    assert max(map(len, [*table.splitlines(), *below.splitlines()])) <= 100
    for name in ("auto-scaler", "core.oam.dev/v1alpha1.Server", "volume-mounter"):
        assert name in table.replace(",", " ").split()
    limited = invoke("plugins", "--plugins", "plug-good").stdout
    assert "Disabled" in limited
    assert "\n\n" not in limited


def test_the_wide_table_has_the_reason_in_the_row(broken: None, invoke: Invoke) -> None:
    lines = invoke("plugins", "-o", "wide").stdout.splitlines()
    assert lines[0].index("MESSAGE") < 120
    (row,) = [line for line in lines if line.startswith("plug-raises")]
    assert row.endswith("RuntimeError: no")


def test_with_strict_plugins_a_broken_plugin_is_a_failure(
    broken: None, invoke: Invoke, write: Callable[..., str]
) -> None:
    strict = {"RUDR_STRICT_PLUGINS": "1"}
    listed = invoke("plugins", env=strict)
    assert listed.exit_code == 1
    assert "plug-good" in listed.stdout
    file = write("none.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n")
    for command in ("validate", "render"):
        assert invoke(command, "-f", file).exit_code == 0
        refused = invoke(command, "-f", file, env=strict)
        assert refused.exit_code == 1
        assert "plug-raises 1.2" in refused.output


def test_json_contains_types_and_tracebacks(broken: None, invoke: Invoke) -> None:
    items = {item["package"]: item for item in json.loads(invoke("plugins", "-o", "json").stdout)["items"]}
    assert items["plug-good"]["types"] == ["tiny"]
    assert "Traceback" in items["plug-raises"]["traceback"]
    assert "RuntimeError" in invoke("plugins", "-o", "wide").stdout
    assert "plug-good\n" in invoke("plugins", "-o", "name").stdout


def test_plugins_can_be_selected_and_disabled(broken: None, invoke: Invoke) -> None:
    def states(*arguments: str, **environment: str) -> dict[str, str]:
        items = json.loads(invoke("plugins", "-o", "json", *arguments, env=environment).stdout)["items"]
        return {item["package"]: item["state"] for item in items if item["package"].startswith("plug")}

    only = {**dict.fromkeys(("plug-exits", "plug-raises", "plug-unreadable"), "disabled"), "plug-good": "loaded"}
    assert states("--plugins", "plug_good") == only
    assert states(RUDR_PLUGINS="plug-good") == only
    assert set(states("--no-plugins").values()) == {"disabled"}
    assert set(states(RUDR_NO_PLUGINS="1").values()) == {"disabled"}


def test_a_selected_plugin_that_is_not_installed_is_an_error_except_in_the_list(
    broken: None, invoke: Invoke, write: Callable[..., str]
) -> None:
    file = write("none.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: a}\n")
    assert "cron-hpa" in invoke("render", "-f", file, "--plugins", "cron-hpa").output
    listed = invoke("plugins", "--plugins", "cron-hpa")
    assert listed.exit_code == 0
    assert "plug-good" in listed.stdout
    assert "cron-hpa" in listed.stderr


def test_an_unknown_type_is_reported_with_the_broken_package(
    broken: None,
    invoke: Invoke,
    write: Callable[..., str],
    component: Callable[..., str],
    application: Callable[..., str],
) -> None:
    done = invoke("validate", "-f", write("app.yaml", component(), application(trait="gone")))
    assert done.exit_code == 1
    assert "plug-raises 1.2" in done.output


def test_a_quarantined_type_is_listed_and_released(broken: None, invoke: Invoke, tmp_path: Path) -> None:
    state = tmp_path / "state"
    quarantine = Quarantine(state)
    quarantine.add(Offence(CallLabel("type", "tiny", "plug-good 1.2"), "it looped"))
    listed = invoke("plugins", "--state-dir", str(state))
    assert "Quarantined" in listed.stdout
    assert "rudr plugins release tiny" in " ".join(listed.stdout.split())
    environment = {"RUDR_STATE_DIR": str(state)}
    assert invoke("plugins", "release", "other", env=environment).exit_code == 1
    assert "released" in invoke("plugins", "release", "tiny", env=environment).stdout
    assert "Quarantined" not in invoke("plugins", env=environment).stdout
    assert "state directory" in invoke("plugins", "release", "tiny").output


def test_an_unreadable_quarantine_list_does_not_hide_plugins(broken: None, invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "quarantine.json").write_text("{")
    done = invoke("plugins", "--state-dir", str(tmp_path))
    assert done.exit_code == 0
    assert "plug-good" in done.stdout


def test_the_role_has_the_rights_of_the_plugins_that_are_loaded(broken: None, invoke: Invoke) -> None:
    def resources(*arguments: str) -> set[str]:
        role, _ = yaml.safe_load_all(invoke("rbac", *arguments).stdout)
        assert role["kind"] == "ClusterRole"
        return {resource for rule in role["rules"] for resource in rule["resources"]}

    assert "cronjobs" in resources()
    assert "cronjobs" not in resources("--no-plugins")
