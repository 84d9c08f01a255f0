"""`rudr validate`: messages lead to the correction, one for each mistake."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from click.testing import Result

Invoke = Callable[..., Result]

COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: notes
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - name: notes
    image: registry.example/notes:1.0.0
    ports:
    - name: http
      containerPort: 3000
"""
APPLICATION = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
  name: notes
spec:
  variables:
  - name: domain
    value: notes.example.com
  components:
  - componentName: notes
    instanceName: front
"""


@pytest.fixture
def messages(invoke: Invoke) -> Callable[..., list[str]]:
    """The messages about documents, without the name of the file."""

    def run(*documents: str) -> list[str]:
        done = invoke("validate", "-f", "-", input="---\n".join(documents))
        return [line.partition(": ")[2] for line in done.stdout.splitlines()[:-1]]

    return run


Messages = Callable[..., list[str]]


def test_a_property_without_a_value_is_one_error_with_the_form_of_a_variable(messages: Messages) -> None:
    traits = "    traits:\n    - name: ingress\n      properties:\n      - {name: hostname, from: domain}\n"
    warning, error = messages(COMPONENT, APPLICATION + traits)
    assert "a list of name and value is read as a map; write a map" in warning
    assert error.endswith('"hostname" has no value; write value: "[fromVariable(domain)]"')


@pytest.mark.parametrize(
    ("entry", "advice"),
    [
        ("valeu: 3", 'rename "valeu" to value'),
        ("type: string", "add value"),
        ("fromVariable: domain", 'write value: "[fromVariable(domain)]"'),
    ],
)
def test_a_parameter_without_a_value_is_one_error(messages: Messages, entry: str, advice: str) -> None:
    values = f"    parameterValues:\n    - name: who\n      {entry}\n"
    errors = [line for line in messages(COMPONENT, APPLICATION + values) if line.startswith("error")]
    assert len(errors) == 1
    assert errors[0].endswith(f'"who" has no value; {advice}')


def test_a_scope_without_a_type_is_one_error(messages: Messages) -> None:
    scoped = APPLICATION.replace("  components:", "  scopes:\n  - name: group\n  components:")
    joined = "    applicationScopes: [group]\n"
    (error,) = messages(COMPONENT, scoped + joined)
    assert error == 'error: $.spec.scopes[0]: "type" is missing [AC-12]'


@pytest.mark.parametrize("application", ["", APPLICATION])
def test_a_workload_type_without_its_group_is_one_error_with_its_name(messages: Messages, application: str) -> None:
    lines = messages(COMPONENT.replace("core.oam.dev/v1alpha1.Server", "Servr"), *filter(None, [application]))
    assert len(lines) == 1
    assert 'Did you mean "core.oam.dev/v1alpha1.Server"?' in lines[0]


def test_the_tag_of_a_long_image_is_printed(messages: Messages) -> None:
    image = f"registry.example/{'long/' * 20}notes:latest"
    (warning,) = messages(COMPONENT.replace("registry.example/notes:1.0.0", image))
    assert 'notes:latest" may change at any time' in warning


def test_an_undeclared_parameter_is_declared_in_the_component_and_set_by_the_application(messages: Messages) -> None:
    component = COMPONENT.replace("    ports:", "    env:\n    - {name: WHO, fromParam: who}\n    ports:")
    application = APPLICATION + "    parameterValues:\n    - {name: who, value: all}\n"
    errors = [line for line in messages(component, application) if line.startswith("error")]
    assert len(errors) == 1
    assert 'Declare it in spec.parameters (the application "notes" sets it)' in errors[0]


def test_an_instance_is_named(messages: Messages) -> None:
    (error,) = messages(COMPONENT, f"{APPLICATION}    traits:\n    - name: zzz\n")
    assert '(instance "front")' in error


def test_a_trait_of_a_package_that_is_not_installed_leads_to_the_package(messages: Messages) -> None:
    (error,) = messages(COMPONENT, f"{APPLICATION}    traits:\n    - name: service-monitor\n")
    assert "pip install rudr-py-prometheus" in error


@pytest.mark.parametrize(("written", "advice"), [("no", '"no" if it is text'), ("1.10", '"1.10" if it is text')])
def test_a_variable_that_yaml_reads_as_another_value_is_a_warning(
    messages: Messages, written: str, advice: str
) -> None:
    (warning,) = messages(COMPONENT, APPLICATION.replace("notes.example.com", written))
    assert warning.startswith("warning: $.spec.variables[0].value")
    assert advice in warning


def test_an_octal_port_is_a_warning(messages: Messages) -> None:
    (warning,) = messages(COMPONENT.replace("3000", "0100"))
    assert "0100 is read as the octal number 64" in warning


def test_an_octal_port_in_a_list_of_documents_is_a_warning(messages: Messages) -> None:
    item = "\n".join(f"  {line}" for line in COMPONENT.replace("3000", "0100").splitlines())
    listed = f"apiVersion: v1\nkind: List\nitems:\n-{item[1:]}\n"
    (warning,) = messages(listed)
    assert "warning: $.spec.containers[0].ports[0].containerPort: 0100 is read as the octal" in warning


def test_a_huge_number_of_replicas_is_a_warning(messages: Messages) -> None:
    traits = "    traits:\n    - name: manual-scaler\n      properties: {replicaCount: 1000000000}\n"
    (warning,) = messages(COMPONENT, APPLICATION + traits)
    assert "replicaCount: 1000000000 replicas are more than a usual cluster runs" in warning


def test_a_misspelled_annotation_of_rudr_is_a_warning(messages: Messages) -> None:
    annotated = APPLICATION.replace(
        "  name: notes\n", '  name: notes\n  annotations: {rudr.oam.dev/pused: "true"}\n', 1
    )
    (warning,) = messages(COMPONENT, annotated)
    assert 'unknown annotation "rudr.oam.dev/pused"' in warning
    assert 'Did you mean "rudr.oam.dev/paused"?' in warning


VOLUME = "    resources: {cpu: {required: 1}, memory: {required: 1G}, volumes: [{name: data, mountPath: /data}]}\n"
CLAIM = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec: {}\n"


@pytest.mark.parametrize(
    ("claim", "is_missing"),
    [
        ("", True),
        (CLAIM, False),
        (CLAIM.replace("name: data", "name: data, namespace: default"), False),
        (CLAIM.replace("name: data", "name: data, namespace: elsewhere"), True),
        (CLAIM.replace("name: data", "name: other"), True),
        (CLAIM.replace("PersistentVolumeClaim", "ConfigMap"), True),
        (f"apiVersion: v1\nkind: List\nitems:\n- {CLAIM.strip().replace(chr(10), chr(10) + '  ')}\n", False),
    ],
    ids=["none", "same namespace", "named namespace", "other namespace", "other name", "other kind", "in a list"],
)
def test_a_volume_has_a_claim_if_the_input_has_it(claim: str, is_missing: bool, messages: Messages) -> None:
    lines = messages(COMPONENT + VOLUME, APPLICATION, *filter(None, [claim]))
    assert [line for line in lines if line.startswith("error")] == []
    assert any("has no claim" in line for line in lines) == is_missing
