"""The values that messages must not contain are read once for each version of the documents."""

from __future__ import annotations

import msgspec

from rudr_py.controller.inputs.document_values import SMALL, DocumentValues
from rudr_py.controller.state.cluster_state import ClusterState, new_cache
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.render.values.plan import Plan
from tests.controller import caches
from tests.limits import work

KEY = ObjectKey("default", "shop")


def _live(kind: str, name: str, spec: object, generation: int = 1, version: str = "1") -> LiveObject:
    metadata = {"name": name, "namespace": "default", "uid": name, "resourceVersion": version, "generation": generation}
    document = {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
    return live_object.decode(msgspec.json.encode(document))


def _application(value: str, generation: int = 1) -> LiveObject:
    values = [{"name": "greeting", "value": value}]
    binding = {"componentName": "web", "instanceName": "web", "parameterValues": values}
    return _live("ApplicationConfiguration", "shop", {"components": [binding]}, generation)


def _state(*components: LiveObject) -> ClusterState:
    state = ClusterState()
    for kind, lives in ((APPLICATION, ()), (COMPONENT, components)):
        state.add(kind, "", caches.listed(new_cache(kind), lives))
    state.applications.components.set(KEY, [ObjectKey("default", "web")])
    return state


def _component(size: int, value: str = "component-secret") -> LiveObject:
    env = [{"name": f"E{index}", "value": f"{value}-{index}"} for index in range(size)]
    return _live("ComponentSchematic", "web", {"containers": [{"name": "main", "env": env}]})


def test_a_further_reconcile_of_the_same_documents_reads_them_not_again() -> None:
    state, application = _state(_component(200)), _application("application-secret")
    first = work.instructions(lambda: DocumentValues(state, application).hidden())
    again = work.instructions(lambda: DocumentValues(state, application).hidden())
    assert again < first / 2
    text = "application-secret and component-secret-7"
    assert DocumentValues(state, application).hidden().text(text) == "(hidden) and (hidden)"


def test_a_changed_document_is_read_again() -> None:
    state = _state(_component(1))
    DocumentValues(state, _application("former-secret")).hidden()
    hidden = DocumentValues(state, _application("current-secret", generation=2)).hidden()
    assert hidden.text("current-secret former-secret") == "(hidden) former-secret"


def test_a_value_that_becomes_the_name_of_an_object_is_visible_from_then_on() -> None:
    state, application = _state(_component(1)), _application("billing")
    assert DocumentValues(state, application).hidden().text("uses billing") == "uses (hidden)"
    cache = state.cache(COMPONENT, "default")
    assert cache is not None
    cache.wrote(_live("ComponentSchematic", "billing", {}, version="2"))
    assert DocumentValues(state, application).hidden().text("uses billing") == "uses billing"


def test_the_name_of_an_awaited_instance_is_visible_unless_it_is_a_sensitive_value() -> None:
    application, plan = _application("migrat"), Plan(awaited=frozenset({"migrat", "hunter2"}))
    assert DocumentValues(_state(_component(1)), application, plan).hidden().text("no migrat") == "no migrat"
    values = [{"name": "dbPassword", "value": "hunter2"}]
    binding = {"componentName": "web", "instanceName": "web", "parameterValues": values}
    application = _live("ApplicationConfiguration", "shop", {"components": [binding]})
    assert DocumentValues(_state(_component(1)), application, plan).hidden().text("no hunter2") == "no (hidden)"


def test_large_documents_take_no_memory_between_reconciles() -> None:
    state, application = _state(_component(SMALL // 20)), _application("application-secret")
    assert DocumentValues(state, application).hidden().text("application-secret") == "(hidden)"
    assert state.applications.get(KEY).values is None
