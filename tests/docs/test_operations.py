"""Reasons, metrics and chart values on the operations page exist, and every reason is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
import yaml

from tests.docs.pages import FOLDER, ROOT, Page, pages

OPERATIONS = Page(FOLDER / "operations.md")
CHART = ROOT / "charts" / "rudr-py"

FIXTURES = {"rudr_api", "rudr_controller", "rudr_golden", "rudr_register_types"}
"""Of pytest, and the hook of a plugin."""

EXPLAINED_ELSEWHERE = {"Ready", "Valid", "Synced", "Complete", "Succeeded", "Unknown"}
"""Reasons of conditions that are True, and of unobserved state."""

OF_THE_SERVER = {"Forbidden", "ErrImageNeverPull", "Error", "Lost", "InvalidImageName"}
"""Reasons of the API server and the kubelet; the sources do not contain them."""


def _reasons() -> Iterator[str]:
    """Every reason in the sources: constants that are used as a reason."""
    folders = ("controller", "render", "api")
    for path in (path for folder in folders for path in (ROOT / "rudr_py" / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                expressions = [keyword.value for keyword in node.keywords if keyword.arg in ("reason", "otherwise")]
                called = node.func.id if isinstance(node.func, ast.Name) else ""
                if called in ("Health", "_failed", "_progressing", "_trouble") and len(node.args) > 1:
                    expressions.append(node.args[1])
                texts = (str(expression.value) for expression in expressions if isinstance(expression, ast.Constant))
                yield from (text for text in texts if text[:1].isupper())
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                yield from (
                    str(node.value.value)
                    for target in node.targets
                    if isinstance(target, ast.Name) and target.id in _NAMES and str(node.value.value)[:1].isupper()
                )


_NAMES = {
    *("INVALID", "COMPONENT_NOT_FOUND", "PLUGIN_FAILED", "TOO_LARGE"),
    *("MISSING_RIGHT", "FAILED", "QUOTA_EXCEEDED"),
}


def test_every_reason_is_explained() -> None:
    explained = set(OPERATIONS.codes)
    assert sorted(set(_reasons()) - explained - EXPLAINED_ELSEWHERE) == []


def test_every_explained_reason_exists() -> None:
    (table,) = re.findall(r"\| reason \| in .*?\n\n", OPERATIONS.text, re.DOTALL)
    explained = {
        reason for row in table.splitlines()[2:] if row for reason in re.findall(r"`(\w+)`", row.split(" | ")[0])
    }
    assert len(explained) > 30
    sources = "".join(path.read_text() for path in (ROOT / "rudr_py").rglob("*.py"))
    assert sorted(reason for reason in explained - OF_THE_SERVER if f'"{reason}"' not in sources) == []


# the page of decisions names metrics that do not exist
@pytest.mark.parametrize(
    "page", [page for page in pages() if page.path.stem != "decisions"], ids=lambda page: page.name
)
def test_metrics_on_a_page_are_served(page: Page) -> None:
    served = Page(FOLDER / "metrics.md").text
    prefixes = "rudr_(?!py)|controller_runtime_|workqueue_|rest_client_|leader_election_"
    named = {name for code in page.codes for name in re.findall(rf"\b(?:{prefixes})\w+", code)}
    assert sorted(name for name in named - FIXTURES if f"`{name}`" not in served) == []


# the page of types names properties, of which some have the name of a chart value
@pytest.mark.parametrize("page", [page for page in pages() if page.path.stem != "types"], ids=lambda page: page.name)
def test_chart_values_on_a_page_exist(page: Page) -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    named = re.findall(r"--set ([\w.]+)=", page.text)
    named += [
        code for code in page.codes if re.fullmatch(r"[a-z]\w+(\.[a-z]\w+)+", code) and code.split(".")[0] in values
    ]
    assert [path for path in named if not _has(values, path.split("."))] == []


def _has(values: object, path: list[str]) -> bool:
    if not path:
        return True
    return isinstance(values, dict) and path[0] in values and _has(values[path[0]], path[1:])
