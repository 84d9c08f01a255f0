"""`rudr validate`: all problems, once, with locations."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from rudr_py.catalog import Catalog, PluginState
from rudr_py.plugins.loading import LoadedPlugins

Make = Callable[..., str]
Invoke = Callable[..., Result]


def test_valid_documents_exit_with_0(component: Make, application: Make, write: Make, invoke: Invoke) -> None:
    done = invoke("validate", "-f", write("x.yaml", component(), application()))
    assert done.stdout == "2 documents in 1 file: no problems\n"
    assert done.exit_code == 0


def test_all_problems_of_all_files_are_printed_with_locations(
    component: Make, application: Make, write: Make, invoke: Invoke, tmp_path: Path
) -> None:
    write("a.yaml", component(workload="Servr"))
    write("b.yaml", component("two"), application(component="two", trait="emty"))
    write("c.yaml", "kind: HealthScope\na: [\n")
    done = invoke("validate", "-f", str(tmp_path))
    lines = done.stdout.splitlines()
    assert [line.split(str(tmp_path))[-1].split(": error: ")[0] for line in lines[:-1]] == [
        "/a.yaml:6:17",
        "/b.yaml:20:7",
        "/c.yaml:3:1",
    ]
    assert '"core.oam.dev/v1alpha1.Server"' in lines[0]
    assert '"empty"' in lines[1]
    assert lines[-1] == "3 documents in 3 files: 3 errors, 0 warnings"
    assert done.exit_code == 1


def test_a_problem_of_a_shared_component_is_printed_once(
    component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    name = write("x.yaml", component(workload="Servr"), application("one"), application("two"))
    done = invoke("validate", "-f", name)
    assert done.stdout.splitlines()[-1] == "3 documents in 1 file: 1 error, 0 warnings"


def test_warnings_are_marked_and_do_not_fail(component: Make, application: Make, write: Make, invoke: Invoke) -> None:
    unknown = "    parameterValues:\n    - name: absent\n      value: 1\n"
    done = invoke("validate", "-f", write("x.yaml", component(), application() + unknown))
    assert ": warning: $.spec.components[0].parameterValues" in done.stdout
    assert "0 errors, 1 warning" in done.stdout
    assert done.exit_code == 0


def test_missing_components_print_a_hint(component: Make, application: Make, write: Make, invoke: Invoke) -> None:
    alone = write("app.yaml", application())
    for command in ("validate", "render"):
        assert "only from these files" in invoke(command, "-f", alone).stderr
    assert "only from these files" not in invoke("validate", "-f", alone, "-f", write("c.yaml", component())).stderr


def test_standard_input_is_read(component: Make, application: Make, invoke: Invoke) -> None:
    done = invoke("validate", "-f", "-", input=component() + "---\n" + application(trait="emty"))
    assert "<stdin>:" in done.stdout
    assert done.exit_code == 1


def test_a_document_of_another_api_is_skipped_with_a_message(write: Make, invoke: Invoke) -> None:
    done = invoke("validate", "-f", write("x.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"))
    assert "skipped" in done.stderr
    assert done.stdout == "0 documents in 1 file: nothing to check\n"
    assert done.exit_code == 0


def test_a_broken_plugin_is_reported_and_validation_continues(write: Make, component: Make, invoke: Invoke) -> None:
    broken = PluginState(name="x", package="rudr-py-x", version="1", state="failed", error="rudr-py-x 1 is broken")
    loaded = LoadedPlugins(catalog=Catalog(plugins=(broken,)))
    done = invoke("validate", "-f", write("x.yaml", component()), obj=loaded)
    assert "warning: rudr-py-x 1 is broken" in done.stderr
    assert "none is installed" in done.stdout


def test_a_call_without_files_is_wrong_usage(invoke: Invoke) -> None:
    assert invoke("validate").exit_code == 2


def test_a_missing_file_is_an_error(tmp_path: Path, invoke: Invoke) -> None:
    done = invoke("validate", "-f", str(tmp_path / "absent.yaml"))
    assert "absent.yaml: error: cannot be read" in done.stdout
    assert done.exit_code == 1


def test_files_of_other_programs_in_a_directory_are_skipped_with_a_count(
    component: Make, write: Make, invoke: Invoke, tmp_path: Path
) -> None:
    package = write("web/package.json", '{"name": "notes", "version": "1.0.0"}')
    bundles = write("web/bundleconfig.json", '// bundles\n[{"in": ["a.js"]}]\n')
    write("docker-compose.yaml", 'version: "3"\nservices:\n  web: {image: notes}\n')
    write("deploy/notes.yaml", component())
    done = invoke("validate", "-R", "-f", str(tmp_path))
    assert done.stderr == "skipped: 3 files without documents of Kubernetes\n"
    assert done.stdout == "1 document in 1 file: no problems\n"
    assert done.exit_code == 0
    for named in (package, bundles):
        assert invoke("validate", "-f", str(tmp_path / "deploy"), "-f", named).exit_code == 1
