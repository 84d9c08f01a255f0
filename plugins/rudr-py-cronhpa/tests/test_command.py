"""`rudr cron preview`: the changes to come, in local time."""

from __future__ import annotations

from pathlib import Path

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
    file.write_text("kind: Service\n---\n[]\n---\nkind: ApplicationConfiguration\nspec: {components: [{traits: 1}]}\n")
    done = _run(str(file))
    assert done.exit_code == 1
    assert "no instance has the trait cron-hpa" in done.output


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "app.yaml"
    file.write_text("a: [")
    assert _run(str(file)).exit_code == 1
