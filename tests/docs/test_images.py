"""Images in the docs equal the output of the commands."""

from __future__ import annotations

import click

from tests.docs import images


def test_the_image_of_status_equals_the_output_of_the_command() -> None:
    drawn = images.text((images.IMAGES / "status.svg").read_text())
    printed = ["".join(line.split()) for line in click.unstyle(images.status()).splitlines() if line]
    assert drawn == printed, "stale: python -m tests.docs.images"


def test_the_image_has_colours_and_loads_no_external_resource() -> None:
    picture = (images.IMAGES / "status.svg").read_text()
    assert images.text(images.svg(images.status(), "x")) == images.text(picture)
    assert "url(http" not in picture
    assert "@font-face" not in picture
