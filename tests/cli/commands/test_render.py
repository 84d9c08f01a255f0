"""`rudr render`: objects on standard output, problems on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result

from rudr_py.api import Rendered, Trait, hookimpl
from rudr_py.model.parse import yaml_file
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import LoadedPlugins
from tests import own_packages

Make = Callable[..., str]
Invoke = Callable[..., Result]


def test_the_objects_of_an_application_are_printed(
    component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    done = invoke("render", "-f", write("x.yaml", component(), application()))
    documents = [document.value for document in yaml_file.load(done.stdout, "out")]
    assert {"ComponentInstance", "Deployment"} <= {value["kind"] for value in documents}
    assert done.stderr == ""
    assert done.exit_code == 0


def test_the_output_format_can_be_selected(component: Make, application: Make, write: Make, invoke: Invoke) -> None:
    name = write("x.yaml", component(), application())
    assert "deployment.apps/app-instance" in invoke("render", "-f", name, "-o", "name").stdout.splitlines()
    assert json.loads(invoke("render", "-f", name, "-o", "json").stdout)["kind"] == "List"
    assert invoke("render", "-f", name, "-o", "toml").exit_code == 2


def test_the_image_pull_policy_of_the_controller_is_an_option(
    component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    done = invoke("render", "-f", write("x.yaml", component(), application()), "--image-pull-policy", "Always")
    assert "imagePullPolicy: Always\n" in done.stdout


@pytest.mark.parametrize(("release", "field"), [("v1.29.1", "initContainers"), ("1.28", "containers")])
def test_documents_are_rendered_for_a_release_of_kubernetes(
    release: str, field: str, component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    text = application(trait="sidecar").replace("{}", "{name: helper, image: helper:1}")
    name = write("x.yaml", component(), text)
    obj = own_packages.everything()
    done = invoke("render", "-f", name, "-o", "json", "--kubernetes-version", release, obj=obj)
    pod = next(
        item["spec"]["template"]["spec"] for item in json.loads(done.stdout)["items"] if "template" in item["spec"]
    )
    assert "helper" in {container["name"] for container in pod[field]}
    assert invoke("validate", "-f", name, "--kubernetes-version", release, obj=obj).exit_code == 0


@pytest.mark.parametrize("release", ["newest", "", "1", "1.x", "-1.2"])
def test_a_release_that_is_none_is_an_error_of_usage(
    release: str, component: Make, write: Make, invoke: Invoke
) -> None:
    done = invoke("render", "-f", write("x.yaml", component()), "--kubernetes-version", release)
    assert done.exit_code == 2
    assert "use a release such as 1.29" in done.stderr


def test_a_valid_application_is_printed_among_invalid_ones(
    component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    bad = [application("bad", trait="emty"), application("worse", component="absent")]
    name = write("x.yaml", component(), bad[0], application("good"), bad[1])
    done = invoke("render", "-f", name, "-f", write("broken.yaml", "a: [\n"), "-o", "name")
    assert "deployment.apps/good-instance" in done.stdout
    assert "bad" not in done.stdout
    assert [word for word in ("emty", "absent", "broken.yaml:2:1") if word not in done.stderr] == []
    assert done.exit_code == 1


def test_the_option_sets_the_namespace(component: Make, application: Make, write: Make, invoke: Invoke) -> None:
    done = invoke("render", "-n", "shop", "-f", write("x.yaml", component(), application()))
    assert {document.value["metadata"]["namespace"] for document in yaml_file.load(done.stdout, "out")} == {"shop"}


def test_documents_without_an_application_print_a_warning(component: Make, write: Make, invoke: Invoke) -> None:
    done = invoke("render", "-f", write("x.yaml", component()))
    assert done.stdout == ""
    assert "no ApplicationConfiguration" in done.stderr
    assert done.exit_code == 0


class _Endless(Trait[Any]):
    name = "endless"

    def render(self, ctx: object) -> Rendered:
        while True:
            pass


class _Quitter(Trait[Any]):
    name = "quitter"

    def render(self, ctx: object) -> Rendered:
        sys.exit("I am off")


def _with(*types: Trait[Any]) -> LoadedPlugins:
    module = ModuleType("plugin")
    vars(module)["rudr_register_types"] = hookimpl(lambda: list(types))
    plugin = InstalledPlugin(name="bad", package="rudr-py-bad", version="0.1", load=lambda: module)
    return loading.load([plugin], entry_points.standard())


def test_a_type_that_hangs_or_exits_affects_only_its_application(
    component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    bad = [application("one", trait="endless"), application("two", trait="quitter")]
    name = write("x.yaml", component(), *bad, application("good"))
    done = invoke("render", "-f", name, "-o", "name", obj=_with(_Endless(), _Quitter()))
    assert "deployment.apps/good-instance" in done.stdout
    assert "-one" not in done.stdout
    assert "endless of rudr-py-bad 0.1" in done.stderr
    assert "I am off" in done.stderr
    assert done.exit_code == 1
