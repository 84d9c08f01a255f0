"""The root scopes: a document without fault, made only where there is none, that admits everyone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py.api.component import Port
from rudr_py.catalog import Catalog
from rudr_py.model.application import Application
from rudr_py.model.parse import documents
from rudr_py.render import render
from rudr_py.render.scopes import membership, root_scopes
from rudr_py.render.values.inputs import Inputs


def _application() -> Application:
    parsed = documents.parse(root_scopes.document("team"))
    assert (parsed.problems, parsed.warnings) == ((), ())
    assert isinstance(parsed.value, Application)
    return parsed.value


def test_root_scopes_are_missing_until_an_application_is_named_root() -> None:
    assert root_scopes.missing({"shop"})
    assert not root_scopes.missing({"shop", "root"})
    assert not root_scopes.missing(set())


def test_instances_without_scopes_are_in_both_root_scopes_and_declared_ports_are_open(
    application: Callable[..., str], web: Callable[..., Any], inputs: Callable[..., Inputs], catalog: Catalog
) -> None:
    declared = membership.declared((_application(),))
    shop = render.render(inputs(application(web()), scopes_of=declared, root=root_scopes.NAME), catalog)
    reported = [membership.members(shop, ())]
    text = msgspec.json.encode(root_scopes.document("default")).decode()
    rendered = render.render(
        inputs(text, scopes_of=declared, root=root_scopes.NAME, members=membership.gather(root_scopes.NAME, reported)),
        catalog,
    )
    assert not rendered.problems
    assert [len(scope.bound_type.context.members) for scope in rendered.scopes] == [1, 1]
    assert rendered.scopes[0].bound_type.context.members[0].ports == (Port(name="http", container_port=80),)
    policies = [manifest.body["spec"] for manifest in rendered.manifests if manifest.ref.kind.kind == "NetworkPolicy"]
    assert {"ports": [{"protocol": "TCP", "port": 80}]} in [rule for spec in policies for rule in spec["ingress"]]
    assert policies[0]["egress"] == [{}]


def test_the_root_application_is_valid_without_members(inputs: Callable[..., Inputs], catalog: Catalog) -> None:
    rendered = render.render(inputs(msgspec.json.encode(root_scopes.document("default")).decode()), catalog)
    assert not rendered.problems
    assert [str(manifest.ref) for manifest in rendered.manifests] == ["healthscope.core.oam.dev/root"]
