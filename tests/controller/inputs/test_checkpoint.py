"""A checkpoint differs after each change of what the status of an application was computed from, and only then."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog, PluginState
from rudr_py.controller.inputs.checkpoint import FIELD, Checkpoints, StoredCheckpoint, source_files
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import live_object
from rudr_py.kube.cache import Change
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage.body import BodyBudget
from rudr_py.kube.watch import Applied, Deleted
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, NAMESPACE, POD, TRAIT_DEFINITION
from rudr_py.render.values import labels
from rudr_py.settings import PlatformDefaults, Settings

SHOP = ObjectKey("shop", "shop")
SERVER = "core.oam.dev/v1alpha1.Server"
DEPLOYMENT, AUTOSCALER = Kind("apps/v1", "Deployment"), Kind("autoscaling/v2", "HorizontalPodAutoscaler")
CLASS = Kind("networking.k8s.io/v1", "IngressClass")
KINDS = (APPLICATION, COMPONENT, COMPONENT_INSTANCE, DEPLOYMENT, AUTOSCALER, POD, NAMESPACE, TRAIT_DEFINITION, CLASS)
DEFAULT_SETTINGS = Settings()
OF_INSTANCE = {labels.INSTANCE: "shop-web", labels.APPLICATION: "shop"}
STATUS: dict[str, Any] = {
    "observedGeneration": 1,
    "phase": "synced",
    "conditions": [{"type": name, "status": "True", "reason": name} for name in ("Valid", "Synced", "Ready")],
    "instances": [
        {
            "name": "shop-web",
            "workload": SERVER,
            "state": "ready",
            "traits": [{"name": "ingress", "state": "ready", "attachedAt": "2026-12-01T00:00:00Z"}],
        }
    ],
    "resources": [
        {"apiVersion": "core.oam.dev/v1alpha1", "kind": "ComponentInstance", "name": "web-shop-web", "uid": "i"},
        {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-web", "uid": "d"},
    ],
}


class Caches:
    """The caches of a process."""

    def __init__(self) -> None:
        self.state = ClusterState(cluster_kinds=frozenset({CLASS}))
        self.state.release = lambda: (1, 36)
        for kind in KINDS:
            self.state.add(kind, "", cluster_state.new_cache(kind, BodyBudget(2**20)))

    def put(self, kind: Kind, name: str, uid: str, version: int = 1, **fields: Any) -> None:
        namespace = "" if kind in (NAMESPACE, CLASS) else "shop"
        metadata = {"name": name, "namespace": namespace, "uid": uid, "resourceVersion": str(version)}
        head = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata | fields.pop("metadata", {})}
        live = live_object.decode(msgspec.json.encode(head | fields))
        (cache,) = self.state.caches(kind)
        for change in cache.feed(Applied(live)):
            self.note(kind, change)

    def delete(self, kind: Kind, name: str) -> None:
        (cache,) = self.state.caches(kind)
        live = self.state.get(kind, "shop", name)
        assert live is not None
        cache.feed(Deleted(live))

    def note(self, kind: Kind, change: Change) -> None:
        self.state.note(kind, change)
        if kind == TRAIT_DEFINITION:
            self.state.definitions.update(kind, change)

    @property
    def application(self) -> LiveObject:
        live = self.state.get(APPLICATION, "shop", "shop")
        assert live is not None
        return live


def owner(uid: str) -> dict[str, Any]:
    return {"ownerReferences": [{"uid": uid, "kind": "ComponentInstance", "name": "web-shop-web", "controller": True}]}


def component_instance() -> dict[str, Any]:
    """The metadata of the ComponentInstance."""
    of_application = [{"uid": "a", "kind": APPLICATION.kind, "name": "shop", "controller": True}]
    return {"ownerReferences": of_application, "labels": OF_INSTANCE, "generation": 1}


def filled() -> Caches:
    """The caches over an application of one instance, without its checkpoint."""
    caches = Caches()
    caches.state.applications.components.set(SHOP, (ObjectKey("shop", "web"),))
    caches.put(COMPONENT, "web", "c", spec={})
    caches.put(NAMESPACE, "shop", "n")
    caches.put(CLASS, "public", "k")
    caches.put(APPLICATION, "shop", "a", 1, status=STATUS, metadata={"generation": 1})
    caches.put(COMPONENT_INSTANCE, "web-shop-web", "i", metadata=component_instance())
    caches.put(DEPLOYMENT, "shop-web", "d", metadata=owner("i") | {"labels": OF_INSTANCE})
    caches.put(POD, "shop-web-1", "p", metadata={"labels": OF_INSTANCE})
    return caches


class Rested:
    """An application at rest, whose status contains its checkpoint."""

    def __init__(
        self,
        catalog: Catalog,
        prepare: Callable[[Caches], None] = lambda _caches: None,
        settings: Settings = DEFAULT_SETTINGS,
    ) -> None:
        self.catalog, self.caches, self.settings = catalog, filled(), settings
        prepare(self.caches)
        checkpoint = Checkpoints(self.caches.state, catalog, settings).of(self.caches.application, STATUS)
        assert checkpoint
        self.status = {**STATUS, FIELD: checkpoint}
        self.caches.put(APPLICATION, "shop", "a", 2, status=self.status, metadata={"generation": 1})
        self.caches.put(COMPONENT_INSTANCE, "web-shop-web", "i", 9, status="healthy", metadata=component_instance())

    def stored(self, settings: Settings | None = None) -> StoredCheckpoint | None:
        return self._started(settings).read(SHOP, self.caches.application)

    def is_confirmed(self, settings: Settings | None = None) -> bool:
        """Whether a process that starts now has nothing to do."""
        checkpoints = self._started(settings)
        stored = checkpoints.read(SHOP, self.caches.application)
        return stored is not None and checkpoints.confirms(stored)

    def _started(self, settings: Settings | None) -> Checkpoints:
        return Checkpoints(self.caches.state, self.catalog, settings or self.settings)


@pytest.fixture
def rested(catalog: Catalog) -> Rested:
    return Rested(catalog)


def test_a_checkpoint_is_confirmed_where_nothing_has_changed_but_the_own_writes_of_statuses(rested: Rested) -> None:
    assert rested.is_confirmed()
    assert rested.is_confirmed(Settings(identity="another", workers=3, metrics_address=":1"))


@pytest.mark.parametrize(("status", "is_confirmed"), [({"currentMetrics": [1]}, True), ({"desiredReplicas": 2}, False)])
def test_of_the_status_of_an_autoscaler_only_the_measured_usage_may_change(
    catalog: Catalog, status: dict[str, Any], is_confirmed: bool
) -> None:
    rested = Rested(catalog, lambda caches: caches.put(AUTOSCALER, "auto", "s", metadata=owner("i"), status={}))
    rested.caches.put(AUTOSCALER, "auto", "s", 3, metadata=owner("i"), status=status)
    assert rested.is_confirmed() == is_confirmed


def test_a_checkpoint_names_the_kinds_that_it_depends_on_and_the_types_in_use(rested: Rested) -> None:
    stored = rested.stored()
    assert stored is not None
    assert {DEPLOYMENT, COMPONENT_INSTANCE, POD, CLASS} <= stored.kinds
    assert ("trait", "ingress") in stored.subjects


CHANGES: dict[str, Callable[[Caches], None]] = {
    "an object was changed": lambda caches: caches.put(DEPLOYMENT, "shop-web", "d", 3, metadata=owner("i")),
    "an object was deleted": lambda caches: caches.delete(DEPLOYMENT, "shop-web"),
    "an object was replaced": lambda caches: caches.put(DEPLOYMENT, "shop-web", "d2", 3, metadata=owner("i")),
    "an object of the instance was added": lambda caches: caches.put(DEPLOYMENT, "x", "x", metadata=owner("i")),
    "a pod was changed": lambda caches: caches.put(POD, "shop-web-1", "p", 3, metadata={"labels": OF_INSTANCE}),
    "a pod was added": lambda caches: caches.put(POD, "shop-web-2", "q", metadata={"labels": OF_INSTANCE}),
    "the component was edited": lambda caches: caches.put(COMPONENT, "web", "c", 3),
    "the component was deleted": lambda caches: caches.delete(COMPONENT, "web"),
    "the namespace was labelled": lambda caches: caches.put(NAMESPACE, "shop", "n", 3),
    "a definition was added": lambda caches: caches.put(TRAIT_DEFINITION, "x", "x", spec={"appliesTo": ["*"]}),
    "an object of the cluster was added": lambda caches: caches.put(CLASS, "other", "o"),
    "another autoscaler scales the workload": lambda caches: caches.put(
        AUTOSCALER, "x", "x", spec={"scaleTargetRef": {"kind": "Deployment", "name": "shop-web"}}
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_checkpoint_is_not_confirmed_if(rested: Rested, change: Callable[[Caches], None]) -> None:
    change(rested.caches)
    assert not rested.is_confirmed()


@pytest.mark.parametrize(
    "metadata",
    [
        {"generation": 2},
        {"annotations": {"a": "b"}},
        {"labels": {"a": "b"}},
        {"finalizers": ["example.com/hold"]},
        {"uid": "another"},
        {"deletionTimestamp": "2026-12-01T00:00:00Z"},
    ],
    ids=str,
)
def test_a_checkpoint_is_not_confirmed_if_the_application_has_other_metadata(
    rested: Rested, metadata: dict[str, Any]
) -> None:
    rested.caches.put(APPLICATION, "shop", "a", 3, status=rested.status, metadata={"generation": 1} | metadata)
    assert not rested.is_confirmed()


def test_a_checkpoint_is_not_confirmed_if_a_status_has_changed(rested: Rested) -> None:
    rested.caches.put(APPLICATION, "shop", "a", 3, status=rested.status | {"x": 1}, metadata={"generation": 1})
    assert not rested.is_confirmed()


@pytest.mark.parametrize(
    ("instance_statuses", "word", "is_confirmed"),
    [
        (True, None, False),
        (True, "unhealthy", False),
        (True, "healthy", True),
        (False, None, True),
        (False, "unhealthy", False),
        (False, "healthy", True),
    ],
)
def test_a_checkpoint_is_not_confirmed_if_a_status_of_an_instance_is_to_be_written(
    catalog: Catalog, instance_statuses: bool, word: str | None, is_confirmed: bool
) -> None:
    rested = Rested(catalog, settings=Settings(instance_statuses=instance_statuses))
    status = {"status": word} if word else {}
    rested.caches.put(COMPONENT_INSTANCE, "web-shop-web", "i", 10, metadata=component_instance(), **status)
    assert rested.is_confirmed() == is_confirmed


@pytest.mark.parametrize(
    "settings",
    [
        Settings(defaults=PlatformDefaults(image_pull_policy="Always")),
        Settings(removal_policy="first"),
        Settings(sensitive_words=("pin",)),
    ],
    ids=["defaults", "removal policy", "sensitive words"],
)
def test_a_checkpoint_is_not_confirmed_with_other_settings(rested: Rested, settings: Settings) -> None:
    assert not rested.is_confirmed(settings)


def test_a_checkpoint_is_not_confirmed_with_another_release_of_kubernetes(rested: Rested) -> None:
    rested.caches.state.release = lambda: (1, 37)
    assert not rested.is_confirmed()


def test_a_checkpoint_is_not_confirmed_with_other_packages(rested: Rested) -> None:
    plugin = PluginState(name="acme", package="acme", version="1", state="failed")
    rested.catalog = msgspec.structs.replace(rested.catalog, plugins=(*rested.catalog.plugins, plugin))
    assert not rested.is_confirmed()


def test_the_source_files_of_a_module_and_of_a_package_are_in_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "acme_package").mkdir()
    for file in ("acme_module.py", "acme_package/__init__.py", "acme_package/traits.py"):
        (tmp_path / file).write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("acme_module", "acme_package"):
        importlib.import_module(name)
    assert [name for name, _, _ in source_files("acme_module")] == ["acme_module.py"]
    assert [name for name, _, _ in source_files("acme_package")] == ["__init__.py", "traits.py"]


def test_a_checkpoint_is_not_read_once_the_application_was_reconciled(rested: Rested) -> None:
    rested.caches.state.applications.records(rested.caches.application, ())
    assert rested.stored() is None


NOT_AT_REST: dict[str, dict[str, Any]] = {
    "a condition is not True": {"conditions": [{"type": "Ready", "status": "False"}]},
    "it is paused": {"conditions": [{"type": "Paused", "status": "True"}]},
    "it has a warning": {"warnings": ["a warning"]},
    "it has a scope": {"scopes": [{"name": "x"}]},
    "an instance is replaced": {"replacements": [{}]},
    "a component waits for a promotion": {"pendingComponents": [{}]},
    "an instance is not ready": {"instances": [{"name": "shop-web", "workload": SERVER, "state": "progressing"}]},
    "an object runs once": {"instances": [{"name": "w", "workload": SERVER, "state": "ready", "runs": {}}]},
    "a type is not installed": {"instances": [{"name": "shop-web", "workload": "unknown", "state": "ready"}]},
    "an object is absent": {"resources": [{"apiVersion": "v1", "kind": "Service", "name": "absent"}]},
}


@pytest.mark.parametrize("fields", NOT_AT_REST.values(), ids=NOT_AT_REST)
def test_a_status_has_no_checkpoint_if(catalog: Catalog, fields: dict[str, Any]) -> None:
    caches = filled()
    assert Checkpoints(caches.state, catalog, Settings()).of(caches.application, STATUS | fields) == ""
