"""Components that run as of the current revision."""

from __future__ import annotations

import pytest

from rudr_py.render.values import pins
from rudr_py.render.values.pins import Pin, ReleasedComponent, Version

RELEASED = {"web": ReleasedComponent(3, "a")}


@pytest.mark.parametrize(
    ("version", "promoted", "text"),
    [
        pytest.param(Version(4, "9", "b"), {}, "generation 4, running 3", id="changed"),
        pytest.param(Version(4, "9", "b"), {"web": "c"}, "generation 4, running 3", id="changed after a promotion"),
        pytest.param(Version(3, "9", "b"), {}, "generation 3 (with other content), running 3", id="annotations"),
        pytest.param(None, {"web": "a"}, "deleted, running generation 3", id="deleted"),
        pytest.param(Version(4, "9", "b"), {"web": "b"}, "", id="promoted"),
        pytest.param(Version(1, "9", "a"), {}, "", id="created again with the same content"),
    ],
)
def test_a_component_waits_while_its_content_is_neither_running_nor_promoted(
    version: Version | None, promoted: dict[str, str], text: str
) -> None:
    by_name = pins.pins(RELEASED, {"web": version}, promoted)
    assert [pin.text for pin in by_name.values()] == ([text] if text else [])


def test_a_component_that_the_revision_lacks_runs_as_it_is() -> None:
    assert pins.pins(RELEASED, {"api": Version(1, "5", "x"), "db": None}, {}) == {}


def test_a_generation_that_is_unknown_is_left_out() -> None:
    assert Pin(running=0, running_digest="a", generation=2, digest="b").text == "generation 2 waits"
    assert Pin(running=0, running_digest="a").text == "deleted, running on"


def test_an_entry_of_the_status_identifies_the_document_that_waits() -> None:
    waiting = pins.pins(RELEASED, {"web": Version(4, "9", "b")}, {})
    assert pins.entries(waiting) == [
        {"name": "web", "running": 3, "generation": 4, "resourceVersion": "9", "digest": "b"}
    ]
    assert pins.entries(pins.pins(RELEASED, {"web": None}, {})) == [{"name": "web", "running": 3, "deleted": True}]
