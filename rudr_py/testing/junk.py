"""Objects as no cluster should have them, and a few as clusters do: what `health` must live through. Pure."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from rudr_py.testing.typed import Document

EXAMPLES = 25
"""How many situations hypothesis makes up, when it is installed."""

ODD: tuple[Any, ...] = (None, {}, [], "", "x", 0, -1, 1.5, True, [None], [{}], ["x"], [1], {"": None}, {"x": {}})
KEYS = (
    *("conditions", "observedGeneration", "replicas", "readyReplicas", "updatedReplicas", "availableReplicas"),
    *("phase", "succeeded", "failed", "active", "loadBalancer", "currentMetrics", "desiredReplicas", "url", "message"),
)
"""What controllers write into status."""

CONDITIONS: tuple[Any, ...] = (
    {"type": "Ready", "status": "True"},
    {"type": "Ready", "status": "False", "reason": "Broken", "message": "it is"},
    {"type": "Ready"},
    {"status": "True"},
    {"type": None, "status": None},
    {"type": "Failed", "status": "True", "lastTransitionTime": "yesterday"},
    {"type": "Complete", "status": "Unknown"},
)


def documents(kinds: Sequence[tuple[str, str, str]]) -> Iterator[tuple[Document, ...]]:
    """Situations: what the cluster has of the objects (apiVersion, kind, name), each junk of another sort."""
    yield ()
    for status in statuses():
        yield tuple(_object(place, {"status": status}) for place in kinds)
    for odd in ODD:
        yield tuple(_object(place, {"spec": odd, "status": {"conditions": odd}}) for place in kinds)
        yield tuple(_object(place, {"data": odd}) for place in kinds)


def statuses() -> Iterator[Any]:
    """Values of a status field."""
    yield from ODD
    for odd in ODD:
        yield from ({key: odd} for key in KEYS)
    for condition in CONDITIONS:
        yield {"conditions": [condition], "observedGeneration": 1}
    yield {"conditions": list(CONDITIONS)}


def each(kinds: Sequence[tuple[str, str, str]], check: Callable[[tuple[Document, ...]], None]) -> None:
    """Call `check` with every situation, and with made up ones when hypothesis is installed."""
    for situation in documents(kinds):
        check(situation)
    if importlib.util.find_spec("hypothesis") is not None and kinds:
        _made_up(kinds, check)


def _made_up(kinds: Sequence[tuple[str, str, str]], check: Callable[[tuple[Document, ...]], None]) -> None:
    hypothesis = importlib.import_module("hypothesis")
    st = importlib.import_module("hypothesis.strategies")
    scalars = st.none() | st.booleans() | st.integers(-9, 10**12) | st.floats(allow_nan=False) | st.text(max_size=8)
    anything = st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(), inner),
        max_leaves=8,
    )
    bodies = st.dictionaries(st.sampled_from(("spec", "status", "data")), anything)
    settings = hypothesis.settings(max_examples=EXAMPLES, deadline=None, database=None)

    def made_up(found: tuple[Document, ...]) -> None:
        check(tuple(_object(place, body) for place, body in zip(kinds, found, strict=True)))

    settings(hypothesis.given(st.tuples(*(bodies for _ in kinds)))(made_up))()


def _object(place: tuple[str, str, str], body: Document) -> Document:
    api_version, kind, name = place
    metadata = {"name": name, "namespace": "default", "uid": "u-1", "generation": 2, "resourceVersion": "7"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}
