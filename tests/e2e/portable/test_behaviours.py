"""One application on every platform: the local API, and podman with the files of Quadlet."""

from __future__ import annotations

from tests.e2e.portable import application
from tests.e2e.portable.platform import Platform


def test_an_instance_answers_on_its_port(platform: Platform) -> None:
    assert platform.answers("front", application.PORT)


def test_a_container_contains_its_configuration(platform: Platform) -> None:
    assert platform.read("front", application.PAGE) == application.GREETING


def test_a_volume_keeps_its_files_over_a_restart(platform: Platform) -> None:
    platform.write("store", f"{application.DATA}/kept", "still here")
    platform.restart("store")
    assert platform.read("store", f"{application.DATA}/kept") == "still here"


def test_a_task_runs_once(platform: Platform) -> None:
    assert platform.completed_runs("once") == 1


def test_members_of_a_scope_reach_each_other(platform: Platform) -> None:
    assert platform.reaches("inside", "front", application.PORT)


def test_an_instance_outside_of_a_scope_does_not_reach_its_members(platform: Platform) -> None:
    assert not platform.reaches("outside", "front", application.PORT)
