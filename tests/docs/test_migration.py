"""The example of an extended workload on the migration page renders, and its permission is the one that is needed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from rudr_py.catalog import Catalog
from rudr_py.cli.program import program
from rudr_py.model.parse import documents
from rudr_py.plugins import loading
from rudr_py.render import render
from rudr_py.render.types import definition_documents, definition_faults
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan
from tests import own_packages
from tests.docs.pages import FOLDER, Page
from tests.render.test_applicability import NOW

PAGE = Page(FOLDER / "migrating-from-rudr.md")
FILES = {block.argument: block.text for block in PAGE.blocks if block.argument}
WORKLOAD_TYPE, COMPONENT = (yaml.safe_load(FILES[name]) for name in ("workloadtype.yaml", "component.yaml"))


@pytest.fixture(name="catalog", scope="module")
def _catalog() -> Catalog:
    return loading.installed(only=()).catalog


def planned(catalog: Catalog, *definitions: dict[str, Any]) -> Plan:
    binding = {"componentName": "scrape", "instanceName": "scraping"}
    application = {**COMPONENT, "kind": "ApplicationConfiguration", "spec": {"components": [binding]}}
    parsed: Any = documents.parse(application)
    component: Any = documents.parse(COMPONENT)
    inputs = Inputs(
        application=parsed.value,
        parsed=parsed,
        components={"scrape": component},
        now=NOW,
        definitions=definition_documents.read(definitions),
    )
    return render.render(inputs, catalog)


def test_the_kind_is_rejected_until_the_object_admits_it(catalog: Catalog) -> None:
    assert [problem.rule for problem in planned(catalog).problems] == ["CO-13"]
    plan = planned(catalog, WORKLOAD_TYPE)
    assert plan.problems == ()
    (monitor,) = (planned_.body for planned_ in plan.manifests if planned_.ref.kind.kind == "ServiceMonitor")
    assert monitor["spec"] == {"selector": {}, "endpoints": [{"port": "http"}]}
    assert definition_faults.all_faults(definition_documents.read([WORKLOAD_TYPE]), catalog) == ()


def test_the_permission_of_the_kind_is_printed(tmp_path: Any) -> None:
    path = tmp_path / "workloadtype.yaml"
    path.write_text(FILES["workloadtype.yaml"])
    printed = CliRunner().invoke(program, ["rbac", "-f", str(path), "--aggregate"])
    assert printed.exit_code == 0, printed.output
    rules = [rule for role in yaml.safe_load_all(printed.stdout) for rule in role["rules"]]
    assert any("servicemonitors" in rule["resources"] and "create" in rule["verbs"] for rule in rules)


def test_a_manual_scaler_on_a_function_sets_the_minimum_and_the_maximum() -> None:
    catalog = own_packages.everything().catalog
    settings = [{"name": "image", "value": "registry.example/hello:1.0.0"}]
    spec = {"workloadType": "openfaas.com/v1alpha2.Function", "workloadSettings": settings}
    component: Any = documents.parse({**COMPONENT, "spec": spec})
    trait = {"name": "manual-scaler", "properties": {"replicaCount": 3}}
    binding = {"componentName": "scrape", "instanceName": "hello", "traits": [trait]}
    application: Any = documents.parse(
        {**COMPONENT, "kind": "ApplicationConfiguration", "spec": {"components": [binding]}}
    )
    inputs = Inputs(application=application.value, parsed=application, components={"scrape": component}, now=NOW)
    plan = render.render(inputs, catalog)
    (function,) = (planned_.body for planned_ in plan.manifests if planned_.ref.kind.kind == "Function")
    labels = function["spec"]["labels"]
    assert {name: labels[f"com.openfaas.scale.{name}"] for name in ("min", "max")} == {"min": "3", "max": "3"}
