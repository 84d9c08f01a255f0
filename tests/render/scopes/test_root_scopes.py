"""The root scopes: a document without fault, made only where there is none, that admits everyone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from rudr_py.api import Port
from rudr_py.catalog import Catalog
from rudr_py.model import parse
from rudr_py.model.application import Application
from rudr_py.render import membership, rendering, root
from rudr_py.render.inputs import Inputs


def _application() -> Application:
    parsed = parse.parse(root.document("team"))
    assert (parsed.problems, parsed.warnings) == ((), ())
    assert isinstance(parsed.value, Application)
    return parsed.value


def test_a_namespace_with_applications_lacks_them_until_one_is_called_root() -> None:
    assert root.missing({"shop"})
    assert not root.missing({"shop", "root"})
    assert not root.missing(set())


def test_everyone_without_a_scope_is_in_both_and_every_declared_port_is_open(
    application: Callable[..., str], web: Callable[..., Any], inputs: Callable[..., Inputs], catalog: Catalog
) -> None:
    declared = membership.declared((_application(),))
    shop = rendering.render(inputs(application(web()), scopes_of=declared, root=root.NAME), catalog)
    told = [membership.members(shop, ())]
    text = msgspec.json.encode(root.document("default")).decode()
    found = rendering.render(
        inputs(text, scopes_of=declared, root=root.NAME, members=membership.gather(root.NAME, told)), catalog
    )
    assert not found.problems
    assert [len(scope.part.context.members) for scope in found.scopes] == [1, 1]
    assert found.scopes[0].part.context.members[0].ports == (Port(name="http", container_port=80),)
    policies = [one.body["spec"] for one in found.manifests if one.ref.kind.kind == "NetworkPolicy"]
    assert {"ports": [{"protocol": "TCP", "port": 80}]} in [rule for spec in policies for rule in spec["ingress"]]
    assert policies[0]["egress"] == [{}]


def test_the_root_application_itself_needs_nobody(inputs: Callable[..., Inputs], catalog: Catalog) -> None:
    found = rendering.render(inputs(msgspec.json.encode(root.document("default")).decode()), catalog)
    assert not found.problems
    assert [str(one.ref) for one in found.manifests] == ["healthscope.core.oam.dev/root"]
