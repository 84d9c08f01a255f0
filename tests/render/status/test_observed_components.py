"""The status names the versions of the components that it was computed from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.render import render
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import NOTHING, ComponentVersion, Inputs

Make = Callable[..., dict[str, Any]]

SYNCED = SyncState(state="True", reason="Synced")
PAUSED = SyncState(state="Unknown", reason="Paused", paused=True)


@pytest.fixture(name="make")
def _make(
    inputs: Callable[..., Inputs], catalog: Any, application: Callable[..., str], web: Callable[..., dict[str, Any]]
) -> Make:
    """The status for a version of the component, a generation of the application, and the status before."""

    def make(version: str, generation: int = 1, sync: SyncState = SYNCED, before: Any = None) -> dict[str, Any]:
        read = inputs(application(web()), component_versions={"web": ComponentVersion(int(version), version)})
        metadata = msgspec.structs.replace(read.application.metadata, generation=generation)
        read = msgspec.structs.replace(read, application=msgspec.structs.replace(read.application, metadata=metadata))
        return status.status(render.render(read, catalog), read, NOTHING, sync, status.read_previous(before))

    return make


def _described(built: dict[str, Any]) -> int:
    return next(int(entry["observedGeneration"]) for entry in built["conditions"] if entry["type"] == "Ready")


def test_each_component_is_listed_with_generation_and_resource_version(make: Make) -> None:
    assert make("3")["observedComponents"] == {"web": {"generation": 3, "resourceVersion": "3"}}


def test_ready_of_a_paused_application_describes_the_documents_before_the_pause(make: Make) -> None:
    before = make("3", 1)
    paused = make("4", 2, PAUSED, before)
    assert paused["observedGeneration"] == 2
    assert (_described(paused), paused["observedComponents"]) == (1, before["observedComponents"])
    resumed = make("4", 2, SYNCED, paused)
    assert (_described(resumed), resumed["observedComponents"]["web"]["resourceVersion"]) == (2, "4")


def test_an_application_that_is_paused_from_its_beginning_describes_no_documents(make: Make) -> None:
    paused = make("3", 1, PAUSED)
    assert _described(paused) == 0
    assert "observedComponents" not in paused


@pytest.mark.parametrize("stored", [[], {"web": 3}, {"web": {"generation": "3", "resourceVersion": "3"}}, {"web": {}}])
def test_invalid_entries_of_a_stored_status_are_ignored(stored: Any, make: Make) -> None:
    paused = make("4", 2, PAUSED, {"observedComponents": stored})
    assert "observedComponents" not in paused
