"""The commands of podman for exported files, and the states that it reports."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rudr_py.api.targets import Project
from rudr_py_podman.engine import Podman

UNIT = "[Unit]\n{unit}\n[Kube]\nYaml={name}.yaml\nNetwork=shop.network:alias=other\nNetwork=inner.network\n"
POD = (
    "kind: ConfigMap\n---\nkind: Pod\nspec: {{restartPolicy: {policy}, containers: [{{name: main}}, {{name: side}}]}}\n"
)


def files(name: str, *, policy: str = "Always", unit: str = "") -> dict[str, str]:
    return {f"{name}.kube": UNIT.format(name=name, unit=unit), f"{name}.yaml": POD.format(policy=policy)}


PROJECT = Project(
    name="shop",
    files={
        **files("api", unit="After=migration.service"),
        **files("migration", policy="Never"),
        **files("nightly", policy="Never"),
        "timers/nightly.timer": "",
        "shop.network": "",
        "inner.network": "",
    },
)


def ps(name: str, state: str = "running", status: str = "Up", code: int = 0) -> dict[str, Any]:
    return {"Names": [name], "State": state, "Status": status, "ExitCode": code}


def test_networks_come_first_and_a_pod_after_the_end_of_the_task_that_it_follows() -> None:
    commands = [argv[1:] for argv in Podman().up(PROJECT)]
    options = ("--network", "systemd-shop:alias=other", "--network", "systemd-inner")
    assert commands == [
        ("network", "create", "--ignore", "--opt", "isolate=true", "systemd-inner"),
        ("network", "create", "--ignore", "--opt", "isolate=true", "systemd-shop"),
        ("kube", "play", "--replace", *options, "migration.yaml"),
        ("wait", "migration-main", "migration-side"),
        ("kube", "play", "--replace", *options, "api.yaml"),
    ]


def test_pods_of_timers_are_neither_started_nor_awaited() -> None:
    assert not any("nightly" in " ".join(argv) for argv in Podman().up(PROJECT))
    assert "nightly" not in Podman().states(PROJECT, "[]")


def test_pods_are_deleted_in_reverse_and_before_their_networks() -> None:
    commands = [argv[1:] for argv in Podman().down(PROJECT)]
    assert commands[:2] == [("kube", "down", "api.yaml"), ("kube", "down", "migration.yaml")]
    assert [argv[:2] for argv in commands[2:]] == [("network", "rm")] * 2


def test_logs_are_those_of_all_containers_with_their_names() -> None:
    (argv,) = Podman().logs(PROJECT, follow=True)
    assert argv[:4] == ("podman", "logs", "--names", "--follow")
    assert set(argv[4:]) == {"api-main", "api-side", "migration-main", "migration-side"}


@pytest.mark.parametrize(
    ("api", "migration", "states"),
    [
        ([], [], ("starting", "starting")),
        ([ps("api-main")], [], ("starting", "starting")),
        ([ps("api-main"), ps("api-side")], [ps("migration-main")], ("ready", "starting")),
        (
            [ps("api-main", status="Up 2 seconds (starting)"), ps("api-side")],
            [ps("migration-main", "exited"), ps("migration-side", "exited")],
            ("starting", "complete"),
        ),
        (
            [ps("api-main", status="Up 2 seconds (unhealthy)"), ps("api-side")],
            [ps("migration-main", "exited"), ps("migration-side", "exited", code=1)],
            ("failed", "failed"),
        ),
        ([ps("api-main", "exited", code=1), ps("api-side")], [], ("starting", "starting")),
    ],
)
def test_the_state_of_a_pod_follows_from_its_containers(
    api: list[dict[str, Any]], migration: list[dict[str, Any]], states: tuple[str, str]
) -> None:
    reported = Podman().states(PROJECT, json.dumps([*api, *migration, ps("foreign")]))
    assert (reported["api"], reported["migration"]) == states


def test_an_output_that_is_no_list_is_refused() -> None:
    with pytest.raises(ValueError, match=r"."):
        Podman().states(PROJECT, '{"a": 1}')
