"""`rudr validate`: all problems, once, with locations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml
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


def test_strict_makes_warnings_errors_of_every_command(
    component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    unknown = "    parameterValues:\n    - name: absent\n      value: 1\n"
    name = write("x.yaml", component(), application("one") + unknown, application("two"))
    for command in ("validate", "render"):
        assert invoke(command, "-f", name).exit_code == 0
        done = invoke(command, "-f", name, "--strict")
        assert done.exit_code == 1
        assert ": error: $.spec.components[0].parameterValues" in done.output
        assert ": warning: " not in done.output
    rendered = invoke("render", "-f", name, "--strict", "-o", "name").stdout
    assert "two-instance" in rendered
    assert "one-instance" not in rendered


def test_a_format_is_the_only_output(component: Make, write: Make, invoke: Invoke) -> None:
    name = write("x.yaml", component(workload="Servr"))
    data = json.loads(invoke("validate", "-f", name, "-o", "json").stdout)
    assert [(problem["line"], problem["rule"]) for problem in data["problems"]] == [(6, "CO-13")]
    assert yaml.safe_load(invoke("validate", "-f", name, "-o", "yaml").stdout) == data
    assert json.loads(invoke("validate", "-f", name, "-o", "sarif").stdout)["version"] == "2.1.0"
    github = invoke("validate", "-f", name, "-o", "github")
    assert github.stdout.startswith(f"::error file={name},line=6,col=17,title=rudr CO-13::")
    assert github.exit_code == 1


def test_sensitive_values_are_masked_in_every_format(component: Make, write: Make, invoke: Invoke) -> None:
    secret = '  - {name: password, image: nginx, env: [{name: PASSWORD, value: "hunter22"}], hunter22: 1}\n'
    name = write("x.yaml", component() + secret)
    for output_format in ("yaml", "json", "github", "sarif"):
        assert "hunter22" not in invoke("validate", "-f", name, "-o", output_format).output


def test_valid_documents_give_an_empty_report(component: Make, write: Make, invoke: Invoke) -> None:
    name = write("x.yaml", component())
    assert invoke("validate", "-f", name, "-o", "github").stdout == ""
    assert json.loads(invoke("validate", "-f", name, "-o", "json").stdout)["problems"] == []
    assert json.loads(invoke("validate", "-f", name, "-o", "sarif").stdout)["runs"][0]["results"] == []


def test_validate_and_render_fail_for_the_same_documents(
    component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    valid = component(), application()
    inputs = {
        "valid": valid,
        "unused component": (*valid, component("two", "Servr")),
        "metadata": (component().replace("metadata:", "metadata:\n  lables: {}"), application()),
        "syntax": (*valid, "kind: HealthScope\na: ["),
        "duplicate": (*valid, component()),
    }
    for number, (case, documents) in enumerate(inputs.items()):
        name = write(f"{number}.yaml", *documents)
        codes = {command: invoke(command, "-f", name).exit_code for command in ("validate", "render")}
        assert codes == dict.fromkeys(codes, 0 if case == "valid" else 1), case
