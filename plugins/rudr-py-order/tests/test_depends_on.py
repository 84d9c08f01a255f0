"""The trait depends-on: its dependencies, and the properties that it rejects."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_order.depends_on import DependsOn


def test_it_depends_on_all_instances_that_it_lists(render_one: RenderOne) -> None:
    properties = {"instances": [{"name": "migrate"}, {"name": "db"}]}
    rendering = render_one(DependsOn(), properties=properties, siblings=["db", "migrate"])
    assert rendering.depends_on == ("migrate", "db")


@pytest.mark.parametrize("timeout", ["", "0s", "0h0m0s"])
def test_a_timeout_without_a_length_is_rejected_at_its_place(timeout: str, render_one: RenderOne) -> None:
    instances = [{"name": "db"}, {"name": "cache", "timeout": timeout}, {"name": "queue", "timeout": timeout}]
    with pytest.raises(RenderError) as caught:
        render_one(DependsOn(), properties={"instances": instances}, siblings=["db", "cache", "queue"])
    places = [path for _, path in caught.value.problems]
    assert [place.rpartition(".instances")[2] for place in places] == ["[1].timeout", "[2].timeout"]


@pytest.mark.parametrize(
    ("other", "place"),
    [
        ({"name": "dbs"}, "[0].name"),
        ({"name": "db", "condition": "healthy"}, "[0].condition"),
        ({"name": "db", "condition": "complete"}, "[0].name"),
        ({"name": "db", "timeout": "10 min"}, "[0].timeout"),
        ({"name": "db", "timeout": 60}, "[0].timeout"),
        ({"name": "app-web"}, "[0].name"),
        ({"condition": "ready"}, "[0]"),
        ({"name": "db", "wait": True}, "[0].wait"),
    ],
)
def test_a_wrong_entry_is_rejected_at_its_place(other: dict[str, Any], place: str, render_one: RenderOne) -> None:
    with pytest.raises(RenderError) as caught:
        render_one(DependsOn(), properties={"instances": [other]}, siblings=["db"])
    assert [path.rpartition(".instances")[2] for _, path in caught.value.problems] == [place]


def test_an_empty_list_is_rejected(render_one: RenderOne) -> None:
    with pytest.raises(RenderError):
        render_one(DependsOn(), properties={"instances": []})
