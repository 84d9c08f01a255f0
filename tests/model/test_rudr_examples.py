"""Rudr's published examples: all are read, those that deviate with a warning at the right place."""

from __future__ import annotations

from pathlib import Path

import pytest

from rudr_py.model.parse import documents, yaml_file

EXAMPLES = Path(__file__).parents[2] / ".." / "shared" / "rudr-examples"
FILES = sorted(EXAMPLES.rglob("*.yaml"))

WARNINGS = {
    "components.yaml": [f"{line}:14 PR-1" for line in (9, 28, 47, 67, 83, 99, 115)],
    "env-vars.yaml": ["29:14 PR-1", "28:5 CO-9"],
    "image-pull-secret.yaml": ["16:14 PR-1", "20:21 UN-2"],
    "multi-component.yaml": ["16:11 "],
    "multi-server.yaml": ["11:11 "],
    "nginx-component.yaml": ["11:14 PR-1"],
    "singleton-nginx-config.yaml": ["11:11 "],
    "volumes.yaml": ["10:14 PR-1", "9:5 CO-9"],
    "voting/components.yaml": ["80:14 CN-2", "79:5 CO-9"],
    "voting/configuration.yaml": ["18:11 ", "25:11 "],
}
"""line:column and rule of each warning; other files have none."""


def test_the_examples_exist() -> None:
    if not EXAMPLES.is_dir():
        pytest.skip("the shared folder with Rudr's examples is absent")
    assert len(FILES) == 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_an_example_is_parsed(path: Path) -> None:
    name = str(path.relative_to(EXAMPLES))
    result = []
    for document in yaml_file.load(path.read_bytes(), name):
        parsed = documents.parse(document.value, document.positions)
        assert parsed.problems == ()
        assert parsed.value is not None
        result += [f"{warning.location} {warning.rule}" for warning in parsed.warnings]
    assert result == [f"{name}:{warning}" for warning in WARNINGS.get(name, [])]
