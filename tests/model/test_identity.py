"""Keys and the textual form of types."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.model.identity import ObjectKey, TypeName


def test_a_key_is_hashable_and_prints_namespace_and_name() -> None:
    assert str(ObjectKey("team", "shop")) == "team/shop"
    assert {ObjectKey("team", "shop"), ObjectKey("team", "shop")} == {ObjectKey(namespace="team", name="shop")}


def test_a_type_name_is_parsed_and_printed() -> None:
    type_name = TypeName.parse("core.oam.dev/v1alpha1.Server")
    assert type_name == TypeName("core.oam.dev", "v1alpha1", "Server")
    assert type_name.api_version == "core.oam.dev/v1alpha1"
    assert str(type_name) == "core.oam.dev/v1alpha1.Server"


@pytest.mark.parametrize(
    "text",
    [
        "Server", "core.oam.dev.Server", "core.oam.dev/Server", "core.oam.dev/v1.server", "/v1.Server",
        "core.oam.dev/v1alpha1beta2.Server", "core.oam.dev/1.Server", "a/v1.S\n", "servers.core.oam.dev", "",
    ],
)  # fmt: skip
def test_any_other_form_is_rejected(text: str) -> None:
    assert TypeName.parse(text) is None


@given(st.text())
def test_a_parsed_type_name_prints_as_before(text: str) -> None:
    type_name = TypeName.parse(text)
    assert type_name is None or str(type_name) == text
