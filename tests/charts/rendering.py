"""Renders charts/rudr-py with Helm's own engine, offline, and parses the objects. Needs helm-python-sdk.

Tests that only read files of the chart do not need it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.charts import values_file

helm: Any = pytest.importorskip("helm_python", reason="no helm-python-sdk for this platform")

Document = dict[str, Any]
NAME, NAMESPACE = "rudr-py", "rudr-system"
NOTES = "rudr-py/templates/NOTES.txt"


@functools.cache
def chart() -> Any:
    """The chart, loaded once."""
    return helm.Chart.load(str(values_file.FOLDER))


def rendered(values: Mapping[str, Any], name: str = NAME, namespace: str = NAMESPACE) -> list[Document]:
    """The objects of a release, including hooks. They are cached and must not be modified. Raises HelmError."""
    templates = texts(values, name, namespace)
    return [document for text in templates.values() for document in _documents(text)]


def texts(values: Mapping[str, Any], name: str = NAME, namespace: str = NAMESPACE) -> dict[str, str]:
    """The rendered text of each template. Raises HelmError."""
    templates = _templates(json.dumps(values), name, namespace)
    return {path: text for path, text in templates.items() if path != NOTES}


def notes(values: Mapping[str, Any]) -> str:
    """The notes that Helm prints after an installation."""
    return _templates(json.dumps(values), NAME, NAMESPACE)[NOTES]


def refused(values: Mapping[str, Any]) -> str:
    """The error of rendering these values. Fails the test if they render."""
    with pytest.raises(helm.HelmError) as caught:
        rendered(values)
    return str(caught.value)


def single(documents: list[Document], kind: str, name: str = "") -> Document:
    """The only object of a kind, or of a kind and name."""
    matching = [d for d in documents if d["kind"] == kind and (not name or d["metadata"]["name"] == name)]
    assert len(matching) == 1, [d["metadata"]["name"] for d in matching]
    return matching[0]


def pods(documents: list[Document]) -> Iterator[tuple[str, Document]]:
    """Every pod spec, with the kind and the name of its object."""
    for document in documents:
        title = f"{document['kind']} {document['metadata']['name']}"
        if document["kind"] == "Pod":
            yield title, document["spec"]
        elif "template" in document.get("spec", {}):
            yield title, document["spec"]["template"]["spec"]


@functools.cache
def _templates(values: str, name: str, namespace: str) -> dict[str, str]:
    """The text of each template by its path. `values` is JSON."""
    templates: dict[str, str] = chart().render(json.loads(values), name=name, namespace=namespace)
    return templates


@functools.cache
def _documents(text: str) -> list[Document]:
    """Cached, because the CRDs are long and equal for most values."""
    return [document for document in yaml.load_all(text, Loader=_Strict) if document]


class _Strict(yaml.CSafeLoader):
    """Refuses duplicate keys of a map. Kubernetes uses the last one, and refuses them in strict validation."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"a key twice: {keys} at {node.start_mark}"
        return super().construct_mapping(node, deep)
