"""No message, help text or page advises to delete a volume claim: its data cannot be restored."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLAIM = r"(volume |existing |retained |old |former )*(claims?|PersistentVolumeClaims?|pvcs?|persistentvolumeclaims?)\b"
ADVICE = re.compile(
    rf"kubectl delete (pvc|persistentvolumeclaim)|(^|[.;:,(] |\b(or|and|then|to|must|should|please) )(delete|remove) "
    rf"(the |its |this |that |these |your |a |any |all )*{CLAIM}(?! (with|while|is)\b)",
    re.IGNORECASE,
)
"""An imperative to delete a claim; "may delete the claim" and "nothing deletes it" are descriptions."""

SOURCES = sorted(
    path
    for folder in ("rudr_py", "plugins", "charts", "chart", "docs", "examples")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".md", ".yaml", ".txt") and "tests" not in path.parts and ".venv" not in path.parts
)
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *(path for path in SOURCES if path.suffix != ".py")]


def texts(path: Path) -> Iterator[str]:
    """The texts of a file: of a module its strings, with a place for each value in an f-string."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield " ".join(content.split())
        return
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield " ".join(node.value.split())


@pytest.mark.parametrize("kind", ["modules", "pages"])
def test_no_text_suggests_the_deletion_of_a_claim(kind: str) -> None:
    paths = PAGES if kind == "pages" else [path for path in SOURCES if path.suffix == ".py"]
    assert len(paths) > 10
    advice = [
        f"{path.relative_to(ROOT)}: {text[max(0, match.start() - 40) : match.end() + 40]}"
        for path in paths
        for text in texts(path)
        if (match := ADVICE.search(text))
    ]
    assert advice == []


@pytest.mark.parametrize(
    ("text", "is_advice"),
    [
        ("rename the instance, or delete the claim", True),
        ("Delete the old claim.", True),
        ("run kubectl delete pvc data", True),
        ("remove the PersistentVolumeClaim, then apply again", True),
        ("Nothing deletes the claim later.", False),
        ("Removing the trait never deletes a claim.", False),
        ('remove the label "app" from the claim', False),
    ],
)
def test_an_advice_is_distinguished_from_a_description(text: str, is_advice: bool) -> None:
    assert bool(ADVICE.search(text)) is is_advice
