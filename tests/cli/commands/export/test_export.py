"""`rudr export`: files, problems with their places, and the folder that it writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rudr_py.cli.program import program
from tests.cli import installed_targets

COMPONENTS = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  parameters: [{name: password, type: string, required: false}]
  containers:
    - name: main
      image: registry.example/web:1
      ports: [{name: http, containerPort: 80}]
      env: [{name: PASSWORD, fromParam: password}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: once}
spec:
  workloadType: core.oam.dev/v1alpha1.Task
  containers: [{name: main, image: "registry.example/once:1"}]
---
"""
APPLICATION = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: %s}
spec:
  components:
    - componentName: %s
      instanceName: front
      parameterValues: [{name: password, value: hunter22}]
      traits: [%s]
"""


@pytest.fixture(autouse=True)
def _installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    installed_targets.install_module(tmp_path_factory.mktemp("site"), monkeypatch, "plain")


def documents(folder: Path, *, name: str = "shop", component: str = "web", trait: str = "", further: str = "") -> Path:
    path = folder / "app.yaml"
    path.write_text(COMPONENTS + APPLICATION % (name, component, trait) + further)
    return path


def export(*arguments: str | Path) -> Result:
    return CliRunner().invoke(program, ["export", "--to", "plain", *map(str, arguments)])


def test_each_application_has_a_folder_with_its_files(tmp_path: Path) -> None:
    further = "---\n" + APPLICATION % ("forum", "web", "")
    further = further.replace("front", "posts")
    done = export("-f", documents(tmp_path, further=further), "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.txt")}
    assert {"shop/deployment/front.txt", "shop/service/front.txt", "forum/deployment/posts.txt"} <= files
    assert (tmp_path / "out/shop/deployment/front.txt").read_text() == "front $.spec.components[0]\n"


def test_a_second_export_changes_no_byte(tmp_path: Path) -> None:
    file = documents(tmp_path)
    contents = []
    for _ in range(2):
        assert export("-f", file, "-o", tmp_path / "out").exit_code == 0
        contents.append({path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()})
    assert contents[0] == contents[1]


def test_files_of_an_earlier_export_are_deleted_and_those_of_the_user_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    export("-f", documents(tmp_path), "-o", out)
    (out / "shop/service/mine.txt").write_text("mine")
    renamed = documents(tmp_path)
    renamed.write_text(renamed.read_text().replace("front", "back"))
    assert export("-f", renamed, "-o", out).exit_code == 0
    assert not (out / "shop/deployment/front.txt").exists()
    assert (out / "shop/service/mine.txt").read_text() == "mine"


def test_a_file_that_rudr_has_not_written_is_not_overwritten_and_nothing_is_written(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "shop/service").mkdir(parents=True)
    (out / "shop/service/front.txt").write_text("mine")
    done = export("-f", documents(tmp_path), "-o", out)
    assert done.exit_code == 1
    assert "service/front.txt" in done.output
    assert (out / "shop/service/front.txt").read_text() == "mine"
    assert not (out / "shop/deployment").exists()


def test_an_unmet_requirement_is_reported_at_its_place_in_the_file(tmp_path: Path) -> None:
    trait = "{name: auto-scaler, properties: {minimum: 1, maximum: 4}}"
    file = documents(tmp_path, trait=trait)
    done = export("-f", file, "-o", tmp_path / "out")
    assert done.exit_code == 0
    line = next(line for line in done.output.splitlines() if "no autoscaler" in line)
    assert line.startswith(f"{file}:")
    assert "warning" in line
    assert '$.spec.components[0] (instance "front")' in line


def test_strict_makes_a_warning_of_the_target_an_error(tmp_path: Path) -> None:
    trait = "{name: auto-scaler, properties: {minimum: 1, maximum: 4}}"
    done = export("--strict", "-f", documents(tmp_path, trait=trait), "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert not (tmp_path / "out").exists()


def test_an_object_that_a_target_ignores_is_an_error(tmp_path: Path) -> None:
    done = export("-f", documents(tmp_path, component="once"), "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "job.batch/front: the target does not support the kind Job" in done.output


def test_an_application_with_an_error_is_not_written_and_others_are(tmp_path: Path) -> None:
    trait = "{name: ingress, properties: {hostname: shop.example}}"
    further = ("---\n" + APPLICATION % ("forum", "web", "")).replace("front", "posts")
    done = export("-f", documents(tmp_path, trait=trait, further=further), "-o", tmp_path / "out")
    assert done.exit_code == 1
    line = next(line for line in done.output.splitlines() if "there is no proxy" in line)
    assert '$.spec.components[0].traits[0] (instance "front")' in line
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["forum"]


def test_objects_beside_the_documents_are_exported_or_reported(tmp_path: Path) -> None:
    further = (
        "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: texts}, data: {a: b}}\n"
        "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: elsewhere}}\n"
        "---\n{apiVersion: example.org/v1, kind: Robot, metadata: {name: r}}\n"
        "---\n{apiVersion: v1, kind: Namespace, metadata: {name: default}}\n"
    )
    done = export("-f", documents(tmp_path, further=further), "-o", tmp_path / "out")
    assert (tmp_path / "out/shop/configmap/texts.txt").exists()
    assert not (tmp_path / "out/shop/configmap/other.txt").exists()
    assert "the Robot is not exported" in done.output
    assert "the Namespace is not" not in done.output


def test_printed_files_hide_sensitive_values_and_written_ones_contain_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    code = installed_targets.PLAIN.replace("{rendered.instance} {rendered.path}\\n", "{rendered.body}\\n")
    installed_targets.install_module(tmp_path_factory.mktemp("site"), monkeypatch, "whole", code)
    file = documents(tmp_path)
    arguments = ["export", "--to", "whole", "-f", str(file)]
    printed = CliRunner().invoke(program, arguments)
    assert "deployment/front.txt" in printed.stdout
    assert "hunter22" not in printed.output
    assert CliRunner().invoke(program, [*arguments, "-o", str(tmp_path / "out")]).exit_code == 0
    assert "hunter22" in (tmp_path / "out/shop/deployment/front.txt").read_text()


def test_an_unknown_target_names_the_nearest_one(tmp_path: Path) -> None:
    done = CliRunner().invoke(program, ["export", "--to", "plan", "-f", str(documents(tmp_path))])
    assert done.exit_code == 1
    assert 'did you mean "plain"?' in done.output


def test_the_list_has_a_line_for_each_target_and_a_warning_for_a_broken_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed_targets.install_module(tmp_path, monkeypatch, "broken", "import no_such_module\n")
    done = CliRunner().invoke(program, ["export", "--list"])
    assert done.exit_code == 1
    assert "rudr-py-broken 1.2" in done.stderr
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("plain")]
    assert line.split()[:4] == ["plain", "scripted", "rudr-py-plain", "1.2"]
