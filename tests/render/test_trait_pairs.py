"""All pairs of traits of all packages, on a Server and on a CronTask: the order has no effect, no edit is lost."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.api import Trait
from rudr_py.catalog import Catalog
from rudr_py.render.types import constraints
from rudr_py.render.types import schema_example as example
from rudr_py.render.values.plan import Plan
from rudr_py.testing import rendering
from rudr_py.testing.rendering import RenderSetup
from tests import own_packages, schema_values

SERVER = "core.oam.dev/v1alpha1.Server"
CRON_TASK = "batch.rudr.dev/v1alpha1.CronTask"
SETTINGS: dict[str, dict[str, Any]] = {SERVER: {}, CRON_TASK: {"schedule": "@daily"}}
EXTRA = {"name": "helper", "image": "registry.example/helper:1.0.0"}
DISK = {"name": "data", "mountPath": "/data", "disk": {"required": "1G"}, "sharingPolicy": "Shared"}
COMPONENT: dict[str, Any] = {
    "containers": [
        {
            "name": "web",
            "image": "registry.example/web:1.0.0",
            "env": [{"name": "MODE", "value": "fast"}],
            "ports": [{"name": "http", "containerPort": 80}],
            "resources": {"volumes": [DISK]},
        }
    ]
}

PROPERTIES: dict[str, list[dict[str, Any]]] = {
    "disruption-budget": [{"minAvailable": 1}],
    "init-container": [EXTRA],
    "job-policy": [{"retries": 2, "deadline": 600, "completions": 3, "indexed": True}],
    "lifecycle": [{"preStop": {"command": ["drain"]}, "gracePeriod": 60}],
    "metadata": [{"labels": {"team": "a"}, "workloadLabels": {"tier": "1"}}, {"annotations": {"example.com/a": "b"}}],
    "placement": [{"nodeSelector": {"disk": "ssd"}, "spread": [{"topologyKey": "zone"}], "priorityClass": "high"}],
    "pod-monitor": [{"port": 9090}, {"port": "http"}],
    "pod-security": [{}, {"profile": "baseline", "user": 1000, "readOnlyRootFilesystem": True}],
    "probes": [{"startup": {"tcpPort": 80}, "readiness": {"command": ["true"]}}],
    "resources": [{"limits": {"cpu": 1, "memory": "256Mi"}}],
    "rollout": [{"maxSurge": 1, "minReady": 5}, {"strategy": "Recreate"}],
    "secret-env": [
        {
            "env": [{"name": "MODE", "secretName": "settings"}],
            "envFrom": [{"configMapName": "more"}],
            "files": [{"secretName": "tls", "mountPath": "/etc/tls"}],
        }
    ],
    "sidecar": [{**EXTRA, "name": "proxy", "native": False}, {**EXTRA, "native": True}],
    "volume-mounter": [{"volumeName": "data", "storageClass": "standard"}],
}
"""Properties of traits whose example is not enough: of each field that edits the pods at least one."""

TEMPLATES = {
    SERVER: "deployment.apps/app-web/spec/template",
    CRON_TASK: "cronjob.batch/app-web/spec/jobTemplate/spec/template",
}

REFUSED: dict[str, set[str]] = {SERVER: set(), CRON_TASK: {"auto-scaler", "event-scaler", "rollout"}}
"""Traits that a workload type cannot have although it provides what they require."""

WORKLOAD_LABEL = "oam.dev/workload-type"

WITHOUT_EFFECT = frozenset({"empty"})

DEFAULTS = frozenset({("event-scaler", "minReplicaCount"), ("pod-monitor", "port"), ("sidecar", "native")})
"""Properties whose value in the cases is the default."""

MERGED = frozenset({"replicas", "parallelism", "minReplicas", "maxReplicas", "metrics", "behavior"})
"""Fields of the merged scale, which is the result of all traits."""

KEYS = ("name", "mountPath", "key", "topologyKey", "hostname", "host", "port")
"""The keys of entries in lists."""

_Case = tuple[str, dict[str, Any]]


@functools.cache
def _loaded() -> Catalog:
    return own_packages.everything().catalog


@pytest.fixture(name="catalog")
def _catalog() -> Catalog:
    return _loaded()


def _cases(catalog: Catalog, workload: str) -> list[_Case]:
    """Each trait that applies to a workload type by its declaration, with its properties."""
    offered = catalog.workloads[workload]
    offers = [offer for offer in catalog.offers() if isinstance(offer.type, Trait)]
    return [
        (offer.name, properties)
        for offer in sorted(offers, key=lambda offer: offer.name)
        if not constraints.declared_misfit(offer, offered)
        for properties in PROPERTIES.get(offer.name, [example.sample(offer.schema)])
    ]


def _plan(catalog: Catalog, workload: str, *cases: _Case) -> Plan:
    traits = tuple({"name": name, "properties": properties} for name, properties in cases)
    type_ = catalog.workloads[workload].type
    setup = RenderSetup(
        type_=type_, properties=SETTINGS[workload], component=COMPONENT, traits=traits, siblings=("migrate",)
    )
    return rendering.plan(setup, catalog)


def _bytes(plan: Plan) -> bytes:
    # the order in which objects are applied is that of the traits (TR-3)
    return msgspec.json.encode(sorted(msgspec.json.encode(one.body, order="deterministic") for one in plan.manifests))


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value with its path; entries of lists by their keys."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            keys = inner if isinstance(inner, Mapping) else {}
            entry = next((f"{key}={keys[key]}" for key in KEYS if key in keys), str(index))
            yield from _leaves(inner, f"{path}[{entry}]")
    else:
        yield path, value


def _fields(plan: Plan) -> dict[str, object]:
    return {
        f"{planned.ref}{path}": value
        for planned in plan.manifests
        for path, value in _leaves(planned.body)
        if "/metadata/annotations/rudr.oam.dev" not in path and not MERGED & set(path.replace("[", "/").split("/"))
    }


@pytest.mark.parametrize("workload", SETTINGS)
def test_every_trait_alone_has_an_effect_or_is_rejected(catalog: Catalog, workload: str) -> None:
    base = _bytes(_plan(catalog, workload))
    plans = {case[0]: _plan(catalog, workload, case) for case in _cases(catalog, workload)}
    assert {name for name, plan in plans.items() if plan.problems} == REFUSED[workload]
    without_effect = {name for name, plan in plans.items() if not plan.problems and _bytes(plan) == base}
    assert without_effect <= WITHOUT_EFFECT


@pytest.mark.parametrize("workload", SETTINGS)
def test_every_property_of_a_trait_has_an_effect_or_is_required(catalog: Catalog, workload: str) -> None:
    without_effect = set()
    for name, properties in _cases(catalog, workload):
        plan = _plan(catalog, workload, (name, properties))
        for key in properties if not plan.problems else ():
            fewer = {other: value for other, value in properties.items() if other != key}
            reduced = _plan(catalog, workload, (name, fewer))
            if not reduced.problems and _bytes(reduced) == _bytes(plan):
                without_effect.add((name, key))
    assert without_effect <= DEFAULTS


def test_traits_edit_the_same_fields_of_the_pods_of_a_server_and_of_a_cron_task(catalog: Catalog) -> None:
    def edited(workload: str, case: _Case) -> set[str]:
        base = _fields(_plan(catalog, workload))
        fields = _fields(_plan(catalog, workload, case)).items()
        changed = (path for path, value in fields if base.get(path) != value and WORKLOAD_LABEL not in path)
        return {path.removeprefix(TEMPLATES[workload]) for path in changed if path.startswith(TEMPLATES[workload])}

    # pods that end must have a native sidecar; other pods have one that the property requests
    cases = [case for case in _cases(catalog, SERVER) if case[0] != "sidecar" or "native" in case[1]]
    cases = [case for case in cases if not _plan(catalog, CRON_TASK, case).problems]
    by_server = [edited(SERVER, case) for case in cases]
    assert by_server == [edited(CRON_TASK, case) for case in cases]
    assert sum(map(bool, by_server)) > 10


@pytest.mark.parametrize("workload", SETTINGS)
def test_a_pair_of_traits_gives_the_same_objects_in_both_orders_and_loses_no_field(
    catalog: Catalog, workload: str
) -> None:
    base = _fields(_plan(catalog, workload))
    cases = [case for case in _cases(catalog, workload) if not _plan(catalog, workload, case).problems]
    changed = [
        {path: value for path, value in _fields(_plan(catalog, workload, case)).items() if base.get(path) != value}
        for case in cases
    ]
    lost = []
    for (first, of_first), (second, of_second) in itertools.combinations(zip(cases, changed, strict=True), 2):
        if first[0] != second[0]:
            plan = _either_order(catalog, workload, first, second)
            lost += [(first[0], second[0], path) for path in _lost(plan, of_first, of_second)]
    assert lost == []


def _either_order(catalog: Catalog, workload: str, first: _Case, second: _Case) -> Plan:
    """The plan of both traits, which is the same in both orders, or refused in both."""
    plan, reverse = _plan(catalog, workload, first, second), _plan(catalog, workload, second, first)
    assert bool(plan.problems) == bool(reverse.problems), (first, second)
    assert _bytes(plan) == _bytes(reverse), (first, second)
    return plan


def _lost(plan: Plan, *changed: Mapping[str, object]) -> list[str]:
    """The paths of fields that a trait changes alone and that have another value in the plan of both."""
    fields = {} if plan.problems else _fields(plan)
    expected = [item for one in changed for item in one.items()]
    return [] if plan.problems else [path for path, value in expected if fields.get(path) != value]


def _check_any_pair(data: st.DataObject, workload: str) -> None:
    """Two traits with any properties that each of them accepts alone."""
    catalog = _loaded()
    pairs = [pair for pair in itertools.combinations(_cases(catalog, workload), 2) if pair[0][0] != pair[1][0]]
    base = _fields(_plan(catalog, workload))
    cases: list[_Case] = []
    changed: list[dict[str, object]] = []
    for name, usual in data.draw(st.sampled_from(pairs)):
        schema = catalog.traits[name].schema
        case = (name, data.draw(schema_values.changed(schema, usual)))
        plan = _plan(catalog, workload, case)
        if plan.problems:
            return
        cases.append(case)
        changed.append({path: value for path, value in _fields(plan).items() if base.get(path) != value})
    both = _either_order(catalog, workload, cases[0], cases[1])
    assert _lost(both, *changed) == [], cases


@pytest.mark.parametrize("workload", SETTINGS)
@settings(max_examples=100, suppress_health_check=schema_values.SUPPRESSED)
@given(data=st.data())
def test_a_pair_of_traits_with_any_properties_loses_no_field(workload: str, data: st.DataObject) -> None:
    _check_any_pair(data, workload)


@pytest.mark.slow
@pytest.mark.parametrize("workload", SETTINGS)
@settings(max_examples=3000, suppress_health_check=schema_values.SUPPRESSED)
@given(data=st.data())
def test_many_pairs_of_traits_with_any_properties_lose_no_field(workload: str, data: st.DataObject) -> None:
    _check_any_pair(data, workload)
