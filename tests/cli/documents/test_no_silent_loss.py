"""Nothing that a document contains is lost silently: an insertion at any place causes a problem at this place."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.errors import Problem
from rudr_py.model import paths
from tests.cli.documents.example_documents import DOCUMENTS, Place, problems_of, value_at


def _places(kind: type) -> Iterator[Place]:
    for number, document in enumerate(DOCUMENTS):
        stack: list[tuple[tuple[str | int, ...], Any]] = [(("spec",), document["spec"])]
        while stack:
            steps, value = stack.pop()
            if isinstance(value, kind):
                yield number, steps
            inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            stack += (((*steps, step), item) for step, item in inner)


MAPS = sorted(_places(dict), key=str)
TEXTS = sorted(_places(str), key=str)
LITERALS = ["[fromVaraible(domain)]", "[fromVariable domain]", "$(fromVariable)", "[fromParam(who)]", "{{ .Values.x }}"]


def _is_reported(problems: list[Problem], path: str) -> bool:
    return any(paths.below(problem.path, path) or paths.below(path, problem.path) for problem in problems)


def test_the_unchanged_documents_have_no_problem() -> None:
    assert problems_of([*copy.deepcopy(DOCUMENTS)]) == []


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(MAPS), key=st.from_regex(re.compile(r"[a-z]{2,10}[A-Z][a-z]{2,6}"), fullmatch=True))
def test_an_unknown_field_at_any_place_is_reported_there(place: Place, key: str) -> None:
    documents = [*copy.deepcopy(DOCUMENTS)]
    holder = value_at(documents, place)
    if key in holder:
        return
    holder[key] = "x"
    path = paths.child(paths.ROOT, *place[1], key)
    assert any(problem.path == path or key in problem.message for problem in problems_of(documents))


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(MAPS), data=st.data())
def test_a_misspelled_field_at_any_place_is_reported(place: Place, data: st.DataObject) -> None:
    documents = [*copy.deepcopy(DOCUMENTS)]
    holder = value_at(documents, place)
    key = data.draw(st.sampled_from(sorted(holder)))
    index = data.draw(st.integers(0, len(key) - 1))
    misspelled = f"{key[:index]}{key[index + 1 :]}" or "x"
    if misspelled in holder:
        return
    holder[misspelled] = holder.pop(key)
    path = paths.child(paths.ROOT, *place[1], misspelled)
    assert any(problem.path == path or misspelled in problem.message for problem in problems_of(documents))


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(TEXTS), literal=st.sampled_from(LITERALS))
def test_a_misspelled_reference_at_any_place_is_reported_there(place: Place, literal: str) -> None:
    documents = [*copy.deepcopy(DOCUMENTS)]
    outer = value_at(documents, (place[0], place[1][:-1]))
    outer[place[1][-1]] = literal
    assert _is_reported(problems_of(documents), paths.child(paths.ROOT, *place[1]))
