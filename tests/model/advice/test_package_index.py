"""Suggestions for unknown types, and the index of packages."""

from __future__ import annotations

import pytest

from rudr_py.model.advice import package_index
from rudr_py.model.advice.package_index import Category
from rudr_py.model.identity import TypeName
from rudr_py.plugins.loading import LoadedPlugins
from tests import own_packages

TRAITS = ("auto-scaler", "empty", "ingress", "manual-scaler", "volume-mounter")
WORKLOADS = tuple(f"core.oam.dev/v1alpha1.{kind}" for kind in ("Server", "SingletonServer", "Task", "Worker"))
SCOPES = ("core.oam.dev/v1alpha1.HealthScope", "core.oam.dev/v1alpha1.NetworkScope")
INSTALLED: dict[Category, tuple[str, ...]] = {"traits": TRAITS, "workloads": WORKLOADS, "scopes": SCOPES}


@pytest.fixture(scope="module")
def everything() -> LoadedPlugins:
    return own_packages.everything()


@pytest.mark.parametrize(
    ("category", "name", "meant"),
    [
        ("traits", "ingres", "ingress"),
        ("traits", "autoscaller", "auto-scaler"),
        ("traits", "AUTO_SCALER", "auto-scaler"),
        ("traits", "hpa", "auto-scaler"),
        ("traits", "scaler", "manual-scaler"),
        ("traits", "core.oam.dev/v1alpha2.ManualScalerTrait", "manual-scaler"),
        ("traits", "gateway", "ingress"),
        ("traits", "HTTPRoute", "http-route"),
        ("traits", "gateway.networking.k8s.io/v1.GRPCRoute", "grpc-route"),
        ("traits", "ingress.core.oam.dev/v1alpha1", "ingress"),
        ("traits", "pvc", "volume-mounter"),
        ("workloads", "Server", "core.oam.dev/v1alpha1.Server"),
        ("workloads", "core.oam.dev/v1.Server", "core.oam.dev/v1alpha1.Server"),
        ("workloads", "core.oam.dev/v1alpha1.wroker", "core.oam.dev/v1alpha1.Worker"),
        ("workloads", "apps/v1.Deployment", "core.oam.dev/v1alpha1.Server"),
        ("workloads", "webservice", "core.oam.dev/v1alpha1.Server"),
        ("workloads", "batch/v1.CronJob", "batch.rudr.dev/v1alpha1.CronTask"),
        ("workloads", "cron-task", "batch.rudr.dev/v1alpha1.CronTask"),
        ("workloads", "core.oam.dev/v1alpha1.CronTask", "batch.rudr.dev/v1alpha1.CronTask"),
        ("workloads", "batch/v1.Job", "core.oam.dev/v1alpha1.Task"),
        ("workloads", "StatefulSet", "core.oam.dev/v1alpha1.SingletonServer"),
        ("workloads", "serving.knative.dev/v1alpha1.Service", "serving.knative.dev/v1.Service"),
        ("scopes", "HealthScop", "core.oam.dev/v1alpha1.HealthScope"),
        ("scopes", "core.oam.dev/v1alpha2.HealthScope", "core.oam.dev/v1alpha1.HealthScope"),
    ],
)
def test_a_misspelling_a_synonym_or_a_version_leads_to_the_type(category: Category, name: str, meant: str) -> None:
    assert f'Did you mean "{meant}"?' in package_index.nearest_type(category, name, INSTALLED[category])


@pytest.mark.parametrize(
    "name",
    [
        "zzz",
        "redis",
        "rate-limiter",
        "canary",
        "",
        "x",
        "core.oam.dev/v1alpha1.Kafka",
        "monitoring.coreos.com/v1.Thanos",
        "serving.knative.dev/v1.Revision",
    ],
)
def test_nothing_is_suggested_for_a_name_that_is_near_to_none(name: str) -> None:
    for category, names in INSTALLED.items():
        assert package_index.nearest_type(category, name, names) == ""


@pytest.mark.parametrize("name", ["service-monitor", "ServiceMonitor", "service-monitr"])
def test_a_type_of_a_package_that_is_not_installed_leads_to_the_package(name: str) -> None:
    hint = package_index.nearest_type("traits", name, TRAITS)
    assert '"service-monitor" is provided by rudr-py-prometheus: pip install rudr-py-prometheus' in hint


@pytest.mark.parametrize("name", ["cronjob", "cron-job", "schedule"])
def test_a_trait_with_the_name_of_a_workload_type_leads_to_that_and_to_its_package(name: str) -> None:
    hint = package_index.nearest_type("traits", name, TRAITS)
    assert "Did you mean the workload type batch.rudr.dev/v1alpha1.CronTask?" in hint
    assert "pip install rudr-py-batch" in hint
    assert "workload type core.oam.dev/v1alpha1.Task?" in package_index.nearest_type("traits", "job", TRAITS)


def test_an_installed_type_is_suggested_without_its_package() -> None:
    hint = package_index.nearest_type("traits", "servicemonitor", (*TRAITS, "service-monitor"))
    assert hint == ' Did you mean "service-monitor"?'


def test_a_synonym_of_two_types_leads_to_both() -> None:
    hint = package_index.nearest_type("traits", "gateway", TRAITS)
    assert hint.startswith(' Did you mean "ingress"? Or "http-route"? "http-route" is provided by rudr-py-gateway: ')
    hint = package_index.nearest_type("traits", "route", (*TRAITS, "http-route"))
    assert hint == ' Did you mean "ingress"? Or "http-route"?'


def test_the_index_has_all_types_of_the_packages_of_this_project(everything: LoadedPlugins) -> None:
    indexed = {package.name: package for package in package_index.load().package}
    assert set(indexed) == {f"{own_packages.PREFIX}{name}" for name in own_packages.NAMES}
    for package in indexed.values():
        for category in INSTALLED:
            offers = getattr(everything.catalog, category).values()
            provided = {offer.name for offer in offers if offer.package.partition(" ")[0] == package.name}
            assert set(package.types(category)) == provided


def test_each_synonym_is_of_a_type_that_exists_and_is_no_name_of_another(everything: LoadedPlugins) -> None:
    for category, synonyms in package_index.load().synonyms.items():
        offers = getattr(everything.catalog, category)
        assert set(synonyms) <= set(offers)
        assert all(len(names) == len(set(names)) for names in synonyms.values())
        listed = [synonym for names in synonyms.values() for synonym in names]
        assert all(synonym == synonym.casefold() and "-" not in synonym for synonym in listed)
        folded = {name.casefold().replace("-", ""): offer.name for name, offer in offers.items()}
        for name, others in synonyms.items():
            assert all(folded.get(synonym, name) == name for synonym in others)


def test_each_installed_type_is_suggested_for_its_kind_alone(everything: LoadedPlugins) -> None:
    for category in INSTALLED:
        names = {offer.name for offer in getattr(everything.catalog, category).values()}
        for name in names:
            parsed = TypeName.parse(name)
            if parsed is not None and parsed.kind != "Service":  # a Service without its group is that of Kubernetes
                assert f'"{name}"' in package_index.nearest_type(category, parsed.kind, names)


def test_each_type_that_sets_a_field_is_of_its_package() -> None:
    for package in package_index.load().package:
        assert set(package.fields.values()) <= {*package.traits, *package.workloads}
