"""`rudr quadlet`: files in a folder, or on standard output."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from rudr_py_podman.command import command

LABELS = {"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "web"}
POD = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}}
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "labels": LABELS},
    "spec": {"template": POD},
}
UNKNOWN = {"apiVersion": "example.org/v1", "kind": "Queue", "metadata": {"name": "orders", "labels": LABELS}}


def run(*documents: object, arguments: tuple[str, ...] = ()) -> Result:
    return CliRunner().invoke(command, list(arguments), input=yaml.safe_dump_all(documents))


def test_files_are_printed_with_their_names() -> None:
    done = run(DEPLOYMENT)
    assert done.exit_code == 0
    assert [line for line in done.stdout.splitlines() if line.startswith("# ")] == [
        "# shop.network",
        "# web.kube",
        "# web.yaml",
    ]


def test_a_second_run_replaces_the_files_and_deletes_those_that_are_no_longer_part(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    renamed = {**DEPLOYMENT, "metadata": {"name": "api", "labels": LABELS}}
    assert run(DEPLOYMENT, arguments=("-o", str(folder))).exit_code == 0
    assert run(renamed, arguments=("-o", str(folder))).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["api.kube", "api.yaml", "shop.network"]


@pytest.mark.parametrize("name", ["web.kube", "other.kube"])
def test_a_file_of_another_origin_is_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("[Kube]\n")
    done = run(DEPLOYMENT, arguments=("-o", str(tmp_path)))
    assert (tmp_path / name).read_text() == "[Kube]\n"
    assert (done.exit_code, (tmp_path / "web.yaml").exists()) == ((1, False) if name == "web.kube" else (0, True))


def test_an_object_that_podman_does_not_have_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    done = run(DEPLOYMENT, UNKNOWN, arguments=("-o", str(tmp_path)))
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert 'Queue orders (instance "web")' in done.stderr


@pytest.mark.parametrize("text", ["a: [", "a: b"])
def test_input_of_another_origin_is_an_error(text: str) -> None:
    assert CliRunner().invoke(command, input=text).exit_code == 1
