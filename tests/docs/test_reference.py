"""Generated pages are current, and every public name of the plugin API is documented."""

from __future__ import annotations

import pytest

from rudr_py import api
from rudr_py.api import component
from tests.docs import plugin_api_page, reference
from tests.docs.pages import FOLDER


@pytest.mark.parametrize("file", reference.GENERATED)
def test_a_generated_page_is_current(file: str) -> None:
    assert (FOLDER / file).read_text() == reference.GENERATED[file](), "run: make reference"


def test_every_public_name_is_on_the_page_once() -> None:
    listed = [name for names in plugin_api_page.GROUPS.values() for name in names]
    assert sorted(listed) == sorted([*api.__all__, *component.__all__])


def test_every_public_name_with_its_fields_and_methods_is_documented() -> None:
    assert plugin_api_page.undocumented() == []
