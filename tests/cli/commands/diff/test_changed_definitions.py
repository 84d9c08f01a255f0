"""`rudr diff` of definitions: the applications of the cluster that use their types are compared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import yaml

from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke

TASKS_ONLY = """\
apiVersion: core.oam.dev/v1alpha1
kind: Trait
metadata: {name: manual-scaler, namespace: rudr-system}
spec: {appliesTo: [core.oam.dev/v1alpha1.Task]}
"""
AT_MOST_ONE = """\
apiVersion: core.oam.dev/v1alpha1
kind: Trait
metadata: {name: manual-scaler, namespace: rudr-system}
spec:
  appliesTo: ["*"]
  properties: '{"type": "object", "properties": {"replicaCount": {"type": "integer", "maximum": 1}}}'
"""
UNUSED = """\
apiVersion: core.oam.dev/v1alpha1
kind: Trait
metadata: {name: auto-scaler, namespace: rudr-system}
spec: {appliesTo: [core.oam.dev/v1alpha1.Task]}
"""
KIND = """\
apiVersion: core.oam.dev/v1alpha1
kind: WorkloadType
metadata: {name: robots, namespace: rudr-system}
spec: {group: acme.example, version: v1, names: {kind: Robot}, settings: [{name: arms, type: number}]}
"""
WORKS_WITHOUT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationScope
metadata: {name: health, namespace: rudr-system}
spec: {type: core.oam.dev/v1alpha1.HealthScope, allowComponentOverlap: false}
"""


@pytest.fixture(name="elsewhere")
def _elsewhere(api: LocalHandle) -> Iterator[str]:
    """A second application with the trait manual-scaler, in another namespace."""
    namespace = "elsewhere"
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    documents = [{**item, "metadata": {**item["metadata"], "namespace": namespace}} for item in shop.documents()]
    api.apply(*documents)
    yield namespace
    api.delete("v1", "Namespace", namespace)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (TASKS_ONLY, 'the Trait object "manual-scaler" of this cluster allows the trait only for'),
        (AT_MOST_ONE, 'the Trait object "manual-scaler" of this cluster refuses this'),
        (TASKS_ONLY.replace(", namespace: rudr-system", ""), "allows the trait only for"),
        (TASKS_ONLY.replace("manual-scaler", "manualscaler"), "allows the trait only for"),
        (f"{UNUSED}---\n{TASKS_ONLY}", "allows the trait only for"),
    ],
    ids=["workload types", "schema", "without namespace", "other spelling", "second document"],
)
def test_an_application_that_a_definition_would_refuse_is_an_error(definition: str, message: str, diff: Invoke) -> None:
    done = diff(definition)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "(application" in done.stderr
    assert "/shop)" in done.stderr


@pytest.mark.parametrize("definition", [UNUSED, KIND, WORKS_WITHOUT], ids=["trait", "workload type", "scope type"])
def test_a_definition_of_a_type_that_no_application_uses_compares_none(definition: str, diff: Invoke) -> None:
    done = diff(definition)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 unchanged" in done.stdout


def test_a_definition_that_refuses_nothing_leaves_the_application_unchanged(diff: Invoke) -> None:
    done = diff(AT_MOST_ONE.replace('maximum": 1', 'maximum": 5'))
    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 unchanged" not in done.stdout


def test_applications_of_all_namespaces_are_compared(diff: Invoke, elsewhere: str, api: LocalHandle) -> None:
    done = diff(TASKS_ONLY)
    assert f"(application {elsewhere}/shop)" in done.stderr
    assert f"(application {api.namespace}/shop)" in done.stderr


def test_a_definition_that_is_in_the_cluster_compares_no_application(diff: Invoke, api: LocalHandle) -> None:
    harmless = AT_MOST_ONE.replace('maximum": 1', 'maximum": 5')
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rudr-system"}}, yaml.safe_load(harmless))
    done = diff(harmless)
    changed = diff(AT_MOST_ONE)
    api.delete("v1", "Namespace", "rudr-system")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "0 unchanged" in done.stdout
    assert changed.exit_code == 2
