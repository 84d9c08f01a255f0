"""Pages that are made from the code are what the code says now, and every public name of the plugin API is told."""

from __future__ import annotations

import pytest

from rudr_py import api
from rudr_py.api import component
from tests.docs import plugin_api, reference
from tests.docs.pages import FOLDER


@pytest.mark.parametrize("file", reference.GENERATED)
def test_a_page_is_what_the_code_says(file: str) -> None:
    assert (FOLDER / file).read_text() == reference.GENERATED[file](), "print it anew: make reference"


def test_every_public_name_is_on_the_page_once() -> None:
    listed = [name for names in plugin_api.GROUPS.values() for name in names]
    assert sorted(listed) == sorted([*api.__all__, *component.__all__])


def test_every_public_name_with_its_fields_and_methods_is_documented() -> None:
    assert plugin_api.undocumented() == []
