"""Draws the images in docs/images from the golden files of the commands.

`python -m tests.docs.images` writes them; a test fails if an image differs from the output of its command.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

import msgspec
from rich.console import Console
from rich.text import Text

from rudr_py.cli.commands.status import text as report_text
from rudr_py.cli.commands.status.report import ApplicationReport

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "cli" / "golden"
IMAGES = ROOT / "docs" / "images"
WIDTH = 80


class Golden(msgspec.Struct):
    """The output of `rudr status -o json`."""

    items: list[ApplicationReport]


def status() -> str:
    """The output of `kubectl rudr status shop` on a terminal of 80 columns, with escape sequences for colours."""
    golden = msgspec.json.decode((GOLDEN / "status.json").read_bytes(), type=Golden)
    return "".join(f"{line.rstrip()}\n" for line in report_text.lines(golden.items, WIDTH, colours=True))


def svg(output: str, title: str) -> str:
    """An SVG image of a terminal with the output. It uses local fonts only and loads no external resource."""
    with Path("/dev/null").open("w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.from_ansi(output), soft_wrap=True)
    drawn = re.sub(r"@font-face \{.*?\}", "", console.export_svg(title=title, unique_id="status"), flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())


def text(picture: str) -> list[str]:
    """The text of an image by line, without spaces."""
    lines: dict[str, str] = {}
    for place, words in re.findall(r'<text class="status-r\d+" x="[^"]*" y="([^"]*)"[^>]*>(.*?)</text>', picture):
        lines[place] = lines.get(place, "") + html.unescape(words).replace("\xa0", " ")
    return [words for line in lines.values() if (words := "".join(line.split()))]


def main() -> None:
    """Write all images."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    (IMAGES / "status.svg").write_text(svg(status(), "kubectl rudr status shop"))


if __name__ == "__main__":
    main()
