"""`rudr explain`: all installed types, in all output formats, with valid examples."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.testing import Result

from rudr_py import catalog
from rudr_py.api import Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.types import facts, names
from rudr_py.cli.types import text as describing
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.parse import documents
from rudr_py.plugins.loading import LoadedPlugins
from rudr_py.render import render
from rudr_py.render.scopes import membership
from rudr_py.render.values.inputs import Inputs
from rudr_py.testing.rendering import NOW
from tests import own_packages

Invoke = Callable[..., Result]

SERVER = "core.oam.dev/v1alpha1.Server"
NAMES = tuple(offer.name for offer in own_packages.everything().catalog.offers())


@pytest.fixture(name="explain")
def _explain(invoke: Invoke, everything: Catalog) -> Callable[..., str]:
    """The output of the command when the packages of this repository are installed."""

    def explain(*arguments: str) -> str:
        done = invoke("explain", *arguments, obj=LoadedPlugins(catalog=everything))
        assert done.exit_code == 0, done.output
        return done.stdout

    return explain


def offer_of(everything: Catalog, name: str) -> Offer[Any]:
    return next(offer for offer in everything.offers() if offer.name == name)


def component(workload: str, settings: Any = (), volumes: Any = ()) -> dict[str, Any]:
    ports = [{"name": "http", "containerPort": 80}] if workload.endswith(("Server", ".Service")) else []
    container = {"name": "web", "image": "nginx:1", "ports": ports, "resources": {"volumes": list(volumes)}}
    alone = not workload.startswith("core.oam.dev/") and not workload.endswith((".Service", ".CronTask"))
    spec = {"workloadType": workload, "containers": [] if alone else [container], "workloadSettings": list(settings)}
    return document("ComponentSchematic", "web", spec)


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_type_renders_without_a_problem(everything: Catalog, name: str) -> None:
    offer = offer_of(everything, name)
    example = facts.explain(offer, everything).example
    assert example is not None
    applies_to = getattr(offer.type, "applies_to", (SERVER,))
    fitting = SERVER if {SERVER, "*"} & set(applies_to) else applies_to[0]
    workload, settings = example.get("workloadType", fitting), example.get("workloadSettings", ())
    bindings = example.get("components", [{"componentName": "web", "instanceName": "web", **_traits(example)}])
    if name == "depends-on":
        bindings = [*bindings, {"componentName": "web", "instanceName": "migrate"}]
    spec = {"components": bindings, "scopes": example.get("scopes", [])}
    application: Parsed[Any] = documents.parse(document("ApplicationConfiguration", "app", spec))
    volumes = [{"name": "data", "mountPath": "/data"}] if name == "volume-mounter" else []
    used: Parsed[Any] = documents.parse(component(workload, settings, volumes))
    assert isinstance(application.value, Application)
    assert isinstance(used.value, Component)
    inputs = Inputs(
        application=application.value,
        parsed=application,
        components={"web": used},
        now=NOW,
        scopes_of=membership.declared([application.value]),
    )
    plan = render.render(inputs, everything)
    assert plan.problems == ()
    assert plan.warnings == ()


def _traits(part: dict[str, Any]) -> dict[str, Any]:
    return {"traits": part["traits"]} if "traits" in part else {}


@pytest.mark.parametrize("name", NAMES)
def test_a_type_is_described_within_80_columns(explain: Callable[..., str], everything: Catalog, name: str) -> None:
    offer = offer_of(everything, name)
    text = explain(names.category_of(offer), name)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert offer.package in text
    for field in facts.explain(offer, everything).fields:
        assert f"\n  {field.name} " in text


def test_a_trait_is_described_with_its_declaration(explain: Callable[..., str]) -> None:
    text = explain("trait", "ingress")
    for part in (
        "TRAIT:    ingress",
        "Makes a Server reachable",
        "Applies to     Server, SingletonServer",
        "Creates        Ingress (networking.k8s.io/v1)",
        "Permissions    list, watch: ingressclasses.networking.k8s.io; get, list",
        "watch, create, patch, delete: ingresses.networking.k8s.io",
        "service_port (now servicePort)",
        "1 to 65535.",
        "See: rudr explain trait ingress.rules",
        "    hostname: shop.example.com",
    ):
        assert part in text


def test_a_path_describes_one_property_and_its_nested_properties(explain: Callable[..., str]) -> None:
    text = explain("trait", "cron-hpa.jobs")
    assert "PROPERTY:  jobs" in text
    assert "targetSize" in text
    assert "5 or 6 fields" in explain("trait", "cron-hpa.jobs.schedule")
    assert explain("workload", "openfaas.com/v1alpha2.Function.requests.cpu").startswith(
        "WORKLOAD:     openfaas.com/v1alpha2.Function\nPROPERTY:  requests.cpu"
    )


def test_recursive_lists_all_properties_by_name_and_type(explain: Callable[..., str]) -> None:
    lines = explain("trait", "ingress", "--recursive").splitlines()
    assert "  rules  <[]Object>" in lines
    assert "      servicePort  <integer>" in lines
    assert "    name  <string> -required-" in explain("trait", "cron-hpa", "--recursive").splitlines()


@pytest.mark.parametrize("spelling", ["Server", "server", SERVER])
def test_a_type_can_be_named_by_its_kind(explain: Callable[..., str], spelling: str) -> None:
    assert explain("workload", spelling, "-o", "name") == f"{SERVER}\n"


def test_a_type_can_be_named_by_an_alias(explain: Callable[..., str]) -> None:
    assert explain("scope", "Health", "-o", "name") == "core.oam.dev/v1alpha1.HealthScope\n"
    assert explain("trait", "CronHPA", "-o", "name") == "cron-hpa\n"


def test_an_ambiguous_kind_needs_the_whole_name(invoke: Invoke, everything: Catalog) -> None:
    class Other(WorkloadType[Any]):
        name = "example.org/v1.Server"

    other: Offer[WorkloadType[Any]] = catalog.offer(Other(), package="other 1")
    both = Catalog(workloads={**everything.workloads, other.name: other})
    done = invoke("explain", "workload", "Server", obj=LoadedPlugins(catalog=both))
    assert done.exit_code == 1
    assert "example.org/v1.Server" in done.output


def test_the_error_for_an_unknown_name_suggests_the_nearest_one(invoke: Invoke) -> None:
    done = invoke("explain", "trait", "ingres")
    assert done.exit_code == 1
    assert 'Did you mean "ingress"?' in done.output
    assert 'Did you mean "hostname"?' in invoke("explain", "trait", "ingress.hostnam").output


def test_the_error_for_a_missing_category_has_an_example(invoke: Invoke) -> None:
    result = invoke("explain", "ingress")
    assert result.exit_code == 2
    assert "for example: rudr explain trait ingress" in result.stderr


def test_without_a_name_the_types_are_listed(explain: Callable[..., str]) -> None:
    assert explain("trait", "-o", "name").splitlines() == sorted(name for name in NAMES if "/" not in name)
    lines = explain().splitlines()
    assert lines[0].split() == ["NAME", "CATEGORY", "PACKAGE"]
    assert {line.split()[1] for line in lines[1:]} == {"trait", "workload", "scope"}
    assert "DESCRIPTION" in explain("scope", "-o", "wide")


def test_json_contains_the_schema_and_the_declaration(explain: Callable[..., str], everything: Catalog) -> None:
    document = json.loads(explain("trait", "ingress", "-o", "json"))
    assert document["schema"]["properties"]["servicePort"]["anyOf"][0]["maximum"] == 65535
    assert document["appliesTo"] == [SERVER, "core.oam.dev/v1alpha1.SingletonServer"]
    assert [right["resources"] for right in document["rights"]] == [["ingressclasses"], ["ingresses"]]
    assert document == yaml.safe_load(explain("trait", "ingress", "-o", "yaml"))
    assert {"category", "name", "requires", "repeatable", "fits", "schema"} <= document.keys()
    workload = json.loads(explain("workload", "Task", "-o", "json"))
    assert (workload["category"], workload["provides"]) == ("workload", ["completion", "pod-template", "pods", "scale"])
    assert set(workload["scaleForms"]) == {"exact"}
    inside = json.loads(explain("trait", "ingress.rules", "-o", "json"))
    assert inside["schema"]["type"] == "array"
    listed = json.loads(explain("-o", "json"))["items"]
    assert {item["name"] for item in listed} == {offer.name for offer in everything.offers()}


def test_a_page_of_documentation_has_every_nested_property(explain: Callable[..., str], everything: Catalog) -> None:
    page = explain("trait", "ingress", "-o", "md")
    assert page.startswith("### `ingress`\n")
    assert "**Inside `rules.paths`**" in page
    assert "| `pathType` | string |  | `Prefix` |" in page
    assert "```yaml\n# in spec.components[] of an ApplicationConfiguration\ntraits:" in page
    explained = facts.explain(everything.trait("ingress"), everything)
    assert describing.markdown(explained, level=2)[0] == "## `ingress`"
    assert "`jobs.schedule`" not in explain("trait", "cron-hpa.jobs", "-o", "md")
    assert "**Inside `jobs`**" in explain("trait", "cron-hpa.jobs", "-o", "md")


def test_a_type_without_a_valid_example_has_none() -> None:
    class Odd(Trait[Any]):
        """A trait whose example would need a pattern."""

        name = "odd"
        properties = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^z+$"}}, "required": ["a"]}  # noqa: RUF012 - a declaration is never changed

    offer: Offer[Trait[Any]] = catalog.offer(Odd(), package="odd 1")
    explained = facts.explain(offer, Catalog(traits={"odd": offer}))
    assert explained.example is None
    assert "EXAMPLE" not in describing.text(explained)


def test_headings_are_bold_with_colour(invoke: Invoke) -> None:
    coloured = invoke("explain", "trait", "ingress", "--color", "always", color=True).stdout
    assert "\x1b[1mPROPERTIES\x1b[0m" in coloured
    assert "\x1b[" not in invoke("explain", "trait", "ingress", color=True).stdout


@pytest.mark.parametrize("arguments", [["TR-17"], ["[tr-17]"], ["rule", "TR-17"]])
def test_a_rule_is_explained_with_its_correction_and_an_example(invoke: Invoke, arguments: list[str]) -> None:
    done = invoke("explain", *arguments)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["RULE:", "TR-17"]
    assert {"TO DO", "INSTEAD OF", "WRITE"} <= set(lines)


def test_a_rule_is_printed_as_data(invoke: Invoke) -> None:
    document = json.loads(invoke("explain", "AC-9", "-o", "json").stdout)
    assert document["id"] == "AC-9"
    assert {"rule", "fix", "wrong", "right"} <= set(document)


def test_all_rules_are_listed(invoke: Invoke) -> None:
    names = invoke("explain", "rule", "-o", "name").stdout.split()
    assert "TR-17" in names
    assert len(invoke("explain", "rule", "--no-headers").stdout.splitlines()) == len(names)
    assert len(json.loads(invoke("explain", "rule", "-o", "json").stdout)["items"]) == len(names)
    assert invoke("explain", "rule", "-o", "md").stdout.count("## ") == len(names)


def test_an_unknown_rule_is_an_error(invoke: Invoke) -> None:
    done = invoke("explain", "TR-99")
    assert done.exit_code != 0
    assert "TR-99" in done.stderr
