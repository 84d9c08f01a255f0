"""The commands show an instance that a type holds, and exit as for one that is not ready."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from rudr_py.api import Hold, Rendered, Trait, TraitContext, hookimpl
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LoadedPlugins
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle
from tests.cli.conftest import APPLICATION, COMPONENT, Invoke

API = "core.oam.dev/v1alpha1"
LINE = "app-instance: trait gate: the database is not ready"


class Gate(Trait[Any]):
    """Holds its instance while it is closed."""

    name = "gate"

    def render(self, ctx: TraitContext[Any]) -> Rendered | Hold:
        """A Hold, or nothing."""
        return Rendered() if ctx.properties.get("open") else Hold("the database is not ready")


def loaded() -> LoadedPlugins:
    module = ModuleType("plugin")
    vars(module)["rudr_register_types"] = hookimpl(lambda: [Gate()])
    plugin = InstalledPlugin(name="gate", package="rudr-py-gate", version="0.1", load=lambda: module)
    return loading.load([plugin], entry_points.standard())


def documents(image: str = "nginx:1", *, is_open: bool = False) -> str:
    component = COMPONENT.format(name="web", workload="Worker").replace("nginx:1", image)
    application = APPLICATION.format(name="app", component="web", trait="gate")
    return f"{component}---\n{application.replace('{}', f'{{open: {str(is_open).lower()}}}')}"


@pytest.mark.parametrize("command", ["render", "validate"])
def test_offline_a_held_instance_is_a_note_and_no_problem(command: str, invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text(documents())
    arguments = (command, "--strict", "-f", str(tmp_path))
    done = invoke(*arguments, obj=loaded())
    assert done.exit_code == 0, done.stderr
    assert f'the application "app": nothing is applied of {LINE}' in done.stderr
    assert "Deployment" not in done.stdout
    (tmp_path / "app.yaml").write_text(documents(is_open=True))
    assert "nothing is applied" not in invoke(*arguments, obj=loaded()).stderr


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("held") / "kubeconfig"


@pytest.fixture(name="api", scope="module", autouse=True)
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    """An application that ran before it was held, and whose component has changed since."""
    with local_handle.started() as handle, local_handle.controlling(handle) as control:
        kubeconfig.write_text(yaml.safe_dump(handle.kubeconfig))
        control(Gate())
        handle.apply(*yaml.safe_load_all(documents(is_open=True)))
        handle.ready("app")
        component, application = yaml.safe_load_all(documents("nginx:2"))
        handle.apply(application)
        handle.until(API, "ApplicationConfiguration", "app", is_held)
        handle.apply(component)
        handle.until(API, "ApplicationConfiguration", "app", is_held)
        yield handle


def is_held(document: dict[str, Any]) -> bool:
    status = document["status"]
    held = any(condition["type"] == "Held" for condition in status["conditions"])
    return bool(status["observedGeneration"] == document["metadata"]["generation"] and held)


def test_status_names_the_type_and_its_reason_and_exits_with_1(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("status", "app", "--kubeconfig", str(kubeconfig), obj=loaded())
    assert done.exit_code == 1, done.output
    assert f"Held True {LINE}" in " ".join(done.stdout.split())
    data = json.loads(invoke("status", "app", "-o", "json", "--kubeconfig", str(kubeconfig)).stdout)
    report = data["items"][0] if "items" in data else data
    (instance,) = report["instances"]
    assert (instance["state"], instance["reason"]) == ("ready", "Held")


def test_tree_shows_the_reason(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("tree", "app", "--kubeconfig", str(kubeconfig), obj=loaded())
    assert "Held" in done.stdout.splitlines()[1]
    assert "nginx:1" in done.stdout
    assert "nginx:2" not in done.stdout


def test_doctor_has_a_note_and_no_problem(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("doctor", "app", "-o", "json", "--kubeconfig", str(kubeconfig), obj=loaded())
    findings = json.loads(done.stdout)["items"]
    assert [one["message"] for one in findings if one["check"] == "held"] == [f"nothing is applied of {LINE}"]
    assert not [one for one in findings if one["level"] == "problem" and one["check"] in ("instances", "traits")]


def test_diff_announces_no_change_of_a_held_instance_and_all_changes_after_it(
    invoke: Invoke, kubeconfig: Path, tmp_path: Path
) -> None:
    (tmp_path / "app.yaml").write_text(documents("nginx:3"))
    arguments = ("diff", "-f", str(tmp_path), "--kubeconfig", str(kubeconfig))
    done = invoke(*arguments, obj=loaded())
    assert done.exit_code == 0, done.output
    assert f'the application "app": nothing is applied of {LINE}' in done.stderr
    (tmp_path / "app.yaml").write_text(documents("nginx:3", is_open=True))
    done = invoke(*arguments, obj=loaded())
    assert done.exit_code == 1, done.output
    assert "nginx:3" in done.stdout
