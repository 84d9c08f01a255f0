"""Pictures in the docs show what the commands print."""

from __future__ import annotations

import click

from tests.docs import pictures


def test_the_image_of_status_equals_the_output_of_the_command() -> None:
    shown = pictures.text((pictures.IMAGES / "status.svg").read_text())
    wanted = ["".join(line.split()) for line in click.unstyle(pictures.status()).splitlines() if line]
    assert shown == wanted, "stale: python -m tests.docs.pictures"


def test_the_image_has_colours_and_loads_no_external_resource() -> None:
    picture = (pictures.IMAGES / "status.svg").read_text()
    assert pictures.text(pictures.svg(pictures.status(), "x")) == pictures.text(picture)
    assert "url(http" not in picture
    assert "@font-face" not in picture
