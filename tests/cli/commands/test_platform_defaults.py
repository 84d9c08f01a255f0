"""`--defaults` of commands that render documents: the examples of all packages, and the labels of namespaces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result

from rudr_py.local.strategies import pod_security
from tests import own_packages
from tests.cli.conftest import Invoke

ROOT = Path(__file__).parents[3]
FOLDERS = (ROOT / "examples", *(folder / "examples" for folder in own_packages.FOLDERS))
KNATIVE = "serving.knative.dev/v1"
UNTOUCHED = {"Function", "Prometheus"}
"""The kinds of workload types that provide no pod template."""

Make = Callable[..., str]


def templates(document: Any) -> Iterator[dict[str, Any]]:
    """The pod templates in a document, at any depth."""
    if isinstance(document, dict):
        if "containers" in (document.get("spec") or {}):
            yield document
        for value in document.values():
            yield from templates(value)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_every_pod_of_the_examples_is_restricted_and_has_limits(folder: Path, invoke: Invoke) -> None:
    defaults = "podSecurity=restricted,limits.cpu=1,limits.memory=1Gi,imagePullPolicy=Always"
    done = invoke("render", "-f", str(folder), "--defaults", defaults, obj=own_packages.everything())
    assert done.exit_code == 0, done.stderr
    documents = [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] not in UNTOUCHED]
    pods = [(document, template) for document in documents for template in templates(document)]
    for document, template in pods:
        pod = pod_security.pod_of(template)
        assert pod_security.violations("restricted", pod) == (), document["metadata"]["name"]
        for container in pod.containers:
            assert {"cpu", "memory"} <= container["resources"]["limits"].keys()
            assert "imagePullPolicy" in container
        if document["apiVersion"] == KNATIVE:
            assert "securityContext" not in template["spec"]


@pytest.fixture(name="render")
def _render(component: Make, application: Make, write: Make, invoke: Invoke) -> Callable[..., Result]:
    """Render an application with a profile by namespace, beside further documents."""

    def render(*documents: str, command: str = "render") -> Result:
        name = write("x.yaml", component(), application(), *documents)
        return invoke(command, "-n", "shop", "-f", name, "--defaults", "podSecurity=namespace")

    return render


def namespace(level: str, name: str = "shop") -> str:
    labels = {"pod-security.kubernetes.io/enforce": level}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})


@pytest.mark.parametrize(("level", "expected"), [("restricted", True), ("baseline", False)])
def test_a_namespace_in_the_files_decides_the_profile(
    render: Callable[..., Result], level: str, expected: bool
) -> None:
    done = render(namespace(level))
    assert done.exit_code == 0
    assert ("runAsNonRoot: true" in done.stdout) == expected
    assert "unknown" not in done.stderr


@pytest.mark.parametrize("command", ["render", "validate"])
def test_an_unknown_namespace_is_a_warning(render: Callable[..., Result], command: str) -> None:
    done = render(namespace("restricted", "elsewhere"), command=command)
    assert "warning: the Pod Security Standard of namespace shop is unknown" in done.output
    assert done.exit_code == 0
    assert "runAsNonRoot" not in done.stdout


TRAITS = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers: [{name: web, image: "registry.example/web:1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: shop}
spec:
  components:
  - componentName: web
    instanceName: web
    traits:
    - {name: pod-security, properties: %s}
    - {name: sidecar, properties: {name: proxy, image: "registry.example/proxy:1"}}
    - {name: image, properties: {pullPolicy: Never}}
    - {name: resources, properties: {limits: {memory: 256Mi}}}
"""


@pytest.mark.parametrize("properties", ["{profile: baseline}", "{profile: baseline, user: 0}", "{user: 1000}"])
def test_traits_of_the_operator_take_precedence(write: Make, invoke: Invoke, properties: str) -> None:
    def pod(*options: str) -> dict[str, Any]:
        done = invoke("render", "-f", write("x.yaml", TRAITS % properties), *options, obj=own_packages.everything())
        assert done.exit_code == 0, done.stderr
        documents = yaml.safe_load_all(done.stdout)
        (spec,) = (one["spec"]["template"]["spec"] for one in documents if one["kind"] == "Deployment")
        return dict(spec)

    plain = pod()
    changed = pod("--defaults", "podSecurity=restricted,imagePullPolicy=Always,limits.memory=1Gi")
    assert changed["securityContext"] == plain["securityContext"]
    contexts = [[one.get("securityContext") for one in spec["containers"]] for spec in (plain, changed)]
    assert contexts[0] == contexts[1]
    assert [one["imagePullPolicy"] for one in changed["containers"]] == ["Never", "Always"]
    assert [one["resources"]["limits"]["memory"] for one in changed["containers"]] == ["256Mi", "1Gi"]


LOW = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers: [{name: web, image: "registry.example/web:1"%s}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: shop}
spec:
  components:
  - {componentName: web, instanceName: web, traits: [{name: resources, properties: {limits: {memory: 64Mi}}}]}
"""


@pytest.mark.parametrize("defaults", ["requests.memory=96Mi", "limits.memory=256Mi"])
def test_a_limit_of_a_trait_lowers_a_default_request(write: Make, invoke: Invoke, defaults: str) -> None:
    """Without these defaults, the limit is below the request of Rudr and rejected."""
    name = write("x.yaml", LOW % "")
    plugins = own_packages.everything()
    assert invoke("render", "-f", name, obj=plugins).exit_code == 1
    done = invoke("render", "-f", name, "--defaults", defaults, obj=plugins)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("memory: 64Mi\n") == 2


def test_a_limit_of_a_trait_below_the_request_of_the_component_is_rejected(write: Make, invoke: Invoke) -> None:
    name = write("x.yaml", LOW % ", resources: {memory: {required: 96Mi}}")
    done = invoke("render", "-f", name, "--defaults", "requests.memory=32Mi", obj=own_packages.everything())
    assert done.exit_code == 1
