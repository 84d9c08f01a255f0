"""The reference is what the docstrings say now, and every public name has one."""

from __future__ import annotations

from rudr_py import api
from tests.docs import reference


def test_the_page_is_what_the_docstrings_say() -> None:
    assert reference.PAGE.read_text() == reference.page(), "print it anew: python -m tests.docs.reference"


def test_every_public_name_is_on_the_page_once() -> None:
    listed = [name for names in reference.GROUPS.values() for name in names]
    assert sorted(listed) == list(api.__all__)


def test_every_public_name_with_its_fields_and_methods_is_documented() -> None:
    assert reference.undocumented() == []
