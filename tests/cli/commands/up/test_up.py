"""`rudr up`, `down` and `logs` with an engine of real processes that keeps its state in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rudr_py.api.targets import Engine, Project, State
from rudr_py.cli.commands.up import progress
from rudr_py.cli.commands.up.engines import UsableEngine
from rudr_py.cli.commands.up.projects import RunningProject
from rudr_py.cli.process import CommandFailure
from rudr_py.cli.program import program
from rudr_py.plugins import targets
from tests.cli import installed_targets
from tests.cli.commands.export.test_export import documents


@pytest.fixture(autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    installed_targets.install_module(tmp_path_factory.mktemp("site"), monkeypatch, "plain")


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(program, [*arguments, "--output-dir", str(folder / "state")])


def running(folder: Path) -> RunningProject:
    loaded = targets.installed().load("plain")
    (engine,) = loaded.target.engines
    return RunningProject(project=Project(name="shop", files={}), folder=folder, usable=UsableEngine(loaded, engine))


def test_without_a_usable_engine_the_error_says_how_to_install_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_ENGINE", "1")
    done = run(tmp_path, "up", "-f", str(documents(tmp_path)))
    assert done.exit_code == 1
    assert "scripted: to install it, run pip" in done.output
    assert not (tmp_path / "state").exists()


def test_an_unknown_engine_is_refused_with_the_names_of_all(tmp_path: Path) -> None:
    done = run(tmp_path, "up", "--with", "docker", "-f", str(documents(tmp_path)))
    assert done.exit_code == 1
    assert "engines: scripted" in done.output


def test_nothing_is_started_if_an_application_has_errors(tmp_path: Path) -> None:
    trait = "{name: ingress, properties: {hostname: shop.example}}"
    done = run(tmp_path, "up", "-f", str(documents(tmp_path, trait=trait)))
    assert done.exit_code == 1
    assert not (tmp_path / "state").exists()


def test_progress_is_printed_until_all_services_are_ready(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    slept: list[float] = []
    progress.follow(running(tmp_path), 60, slept.append)
    assert slept == [progress.INTERVAL]
    assert capfd.readouterr().err.splitlines() == ["shop/web: starting", "shop/web: ready"]


def test_a_failed_service_ends_the_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("END", "failed")
    with pytest.raises(CommandFailure, match="rudr logs shop"):
        progress.follow(running(tmp_path), 60, lambda _: None)


def test_a_service_that_never_becomes_ready_is_named_after_the_timeout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("END", "starting")
    with pytest.raises(CommandFailure, match=r"timed out.*web"):
        progress.follow(running(tmp_path), 3, lambda _: None)


def test_up_runs_the_engine_with_the_files_and_down_deletes_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "state/shop"
    folder.mkdir(parents=True)
    (folder / "reads.txt").write_text("1")  # ready at the first read
    assert run(tmp_path, "up", "-f", str(documents(tmp_path))).exit_code == 0
    assert "deployment/front.txt" in (folder / "ran.txt").read_text().split()
    assert run(tmp_path, "logs").exit_code == 0
    assert "log of shop, follow=False" in capfd.readouterr().out
    assert run(tmp_path, "down", "shop").exit_code == 0
    assert not (folder / "ran.txt").exists()
    assert {path.name for path in folder.rglob("*")} == {"downs.txt", "reads.txt"}
    assert run(tmp_path, "down", "shop").exit_code == 1


def test_services_that_are_no_longer_in_the_documents_are_stopped_first(tmp_path: Path) -> None:
    folder = tmp_path / "state/shop"
    folder.mkdir(parents=True)
    file = documents(tmp_path)
    for name, ran in (("front", "front"), ("front", "front"), ("back", "back")):
        (folder / "reads.txt").write_text("1")
        file.write_text(file.read_text().replace("front", name))
        (folder / "downs.txt").write_text("")
        assert run(tmp_path, "up", "-f", str(file)).exit_code == 0
        assert f"deployment/{ran}.txt" in (folder / "ran.txt").read_text().split()
        assert (folder / "downs.txt").read_text() == ("stopped" if name == "back" else "")


class _Unreadable(Engine):
    name = "unreadable"
    install = ""

    def detect(self) -> tuple[str, ...]:
        return ("true",)

    def up(self, project: Project) -> list[tuple[str, ...]]:
        return []

    def down(self, project: Project) -> list[tuple[str, ...]]:
        return []

    def logs(self, project: Project, *, follow: bool) -> list[tuple[str, ...]]:
        return []

    def status(self, project: Project) -> tuple[str, ...]:
        return ("true",)

    def states(self, project: Project, output: str) -> dict[str, State]:
        raise ValueError("no JSON")


def test_an_unreadable_state_is_an_error_and_not_a_wait(tmp_path: Path) -> None:
    project = running(tmp_path)
    unreadable = RunningProject(
        project=project.project, folder=tmp_path, usable=UsableEngine(project.usable.target, _Unreadable())
    )
    with pytest.raises(CommandFailure, match="no JSON"):
        progress.follow(unreadable, 60, lambda _: None)
