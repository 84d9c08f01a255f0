"""Pages, comments, docstrings and templates are in plain technical English, without the phrases of tests/words.py."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import words
from tests.docs import prose
from tests.docs.pages import ROOT
from tests.words import PHRASES, Phrase

FILES = prose.files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_file_contains_no_phrase_to_avoid(path: Path) -> None:
    text = FILES[path](path.read_text(encoding="utf-8"))
    name = path.relative_to(ROOT).as_posix()
    assert [f"{name}:{violation}" for violation in words.violations(text)] == []


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase.example)
def test_a_phrase_matches_its_example(phrase: Phrase) -> None:
    assert re.search(phrase.regex, phrase.example)


def test_a_violation_has_the_line_of_the_text() -> None:
    page = "# Title\n\n```sh\nsomebody\n```\n\nThe field, `set back`, is set\nback.\n"
    (violation,) = words.violations(prose.markdown(page))
    assert (violation.line, violation.text) == (7, "set back")


def test_code_is_not_prose() -> None:
    page = "Run it:\n\n    rudr tell somebody\n\nSee [the page](known.md) and `--wanted`.\n"
    assert list(words.violations(prose.markdown(page))) == []


def test_comments_are_read_and_values_are_not() -> None:
    text = "key: somebody # how it is told\n# A plain comment.\nurl: a#wanted\n"
    assert [violation.line for violation in words.violations(prose.comments(text))] == [1]


def test_docstrings_and_comments_of_python_are_prose() -> None:
    module = '"""A module.\n\nIt is told."""\n\nknown = "wanted"  # `given` is found\n'
    assert [(violation.line, violation.text) for violation in words.violations(prose.python(module))] == [
        (3, "told"),
        (5, "found"),
    ]


def test_a_question_may_begin_with_what() -> None:
    assert list(words.violations("## What is Rudr?\n")) == []
