"""`rudr cron preview`: the changes to come, in local time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rudr_py_cronhpa.command import command

EXAMPLE = Path(__file__).parents[1] / "examples" / "office-hours.yaml"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["preview", *arguments])


def test_future_changes_are_listed_in_local_time() -> None:
    # a Friday before the night in which the clock changes
    done = _run(str(EXAMPLE), "--days", "4", "--from", "2026-03-27T12:00Z")
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "office/web",
        "  Fri 2026-03-27 13:00:00 +0100 Europe/Berlin  now: 6 (morning)",
        "  Fri 2026-03-27 20:00:00 +0100 Europe/Berlin  6 -> 2 (evening)",
        "  Mon 2026-03-30 08:00:00 +0200 Europe/Berlin  2 -> 6 (morning)",
        "  Mon 2026-03-30 20:00:00 +0200 Europe/Berlin  6 -> 2 (evening)",
        "  Tue 2026-03-31 08:00:00 +0200 Europe/Berlin  2 -> 6 (morning)",
    ]


def test_problems_are_reported_with_their_paths(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text(EXAMPLE.read_text().replace("Europe/Berlin", "Europe/Atlantis").replace("0 20 *", "later *"))
    done = _run(str(file))
    assert done.exit_code == 1
    assert 'office/web: $.timezone: unknown time zone "Europe/Atlantis"' in done.output
    assert "office/web: $.jobs[1].schedule:" in done.output


def test_a_file_without_the_trait_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("kind: Service\n---\n" + EXAMPLE.read_text().replace("cron-hpa", "empty"))
    done = _run(str(file))
    assert done.exit_code == 1
    assert "no instance has the trait cron-hpa" in done.output


MAP = """
        - name: cron-hpa
          properties:
            timezone: "[fromVariable(zone)]"
            jobs: [{name: night, schedule: "0 20 * * *", targetSize: 2}]
"""
LIST = """
        - name: CronHPA
          properties:
          - {name: timezone, value: Europe/Berlin}
          - {name: jobs, value: [{name: night, schedule: "0 20 * * *", targetSize: 2}]}
"""
BEFORE_2020 = """
        - name: cronhpa
          parameterValues:
          - {name: timezone, value: Europe/Berlin}
          - {name: jobs, value: [{name: night, schedule: "0 20 * * *", targetSize: 2}]}
"""
BESIDE = """
        - name: cron-hpa
          timezone: Europe/Berlin
          jobs: [{name: night, schedule: "0 20 * * *", targetSize: 2}]
"""
WITH_GROUP = """
        - name: core.oam.dev/v1alpha1.CronHPA
          properties: {timezone: Europe/Berlin, jobs: [{name: night, schedule: "0 20 * * *", targetSize: 2}]}
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("trait", [MAP, LIST, BEFORE_2020, BESIDE, WITH_GROUP])
def test_the_trait_is_read_in_every_form_that_the_controller_reads(trait: str, encoding: str, tmp_path: Path) -> None:
    head, _, _ = EXAMPLE.read_text().partition("\n        - name: cron-hpa")
    file = tmp_path / "app.yaml"
    text = head + trait
    file.write_text(
        text.replace("  components:", "  variables: [{name: zone, value: Europe/Berlin}]\n  components:"), encoding
    )
    done = _run(str(file), "--days", "1", "--from", "2026-03-27T12:00Z")
    assert (done.exit_code, done.output) == (
        0,
        "office/web\n  Fri 2026-03-27 13:00:00 +0100 Europe/Berlin  now: 2 (night)\n  no change in 1 days\n",
    )


def test_the_items_of_a_list_in_json_are_read(tmp_path: Path) -> None:
    properties = {"jobs": [{"name": "night", "schedule": "0 20 * * *", "targetSize": 2}]}
    component = {"componentName": "a", "instanceName": "b", "traits": [{"name": "cron-hpa", "properties": properties}]}
    application = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "a"},
        "spec": {"components": [component]},
    }
    file = tmp_path / "app.json"
    file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [application]}))
    assert _run(str(file)).output.startswith("a/b\n")


def test_errors_of_an_application_are_reported_as_by_rudr_validate(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    text = EXAMPLE.read_text().replace("Europe/Berlin", '"[fromVariable(zone)]"')
    file.write_text(text.replace("instanceName: web", "instanceName: [web]"))
    done = _run(str(file))
    assert done.exit_code == 1
    assert "$.spec.components[0].instanceName" in done.output
    assert "$.spec.components[0].traits[0].properties.timezone" in done.output


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("a: [")
    assert _run(str(file)).exit_code == 1
