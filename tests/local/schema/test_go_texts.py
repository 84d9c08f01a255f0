"""Texts that are no quantities, wherever a built-in kind has one."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.schema import go_texts
from rudr_py.local.schema.builtin import builtin_schema

NODE = builtin_schema("1.36").node("v1", "Pod")


def _paths(spec: dict[str, Any]) -> list[str]:
    assert NODE is not None
    return [cause.field for cause in go_texts.invalid({"spec": spec}, NODE)]


@pytest.mark.parametrize("amount", ["text", "", "1 Gi", "--1", True])
def test_a_text_that_is_no_quantity_is_refused(amount: Any) -> None:
    container = {"resources": {"limits": {"cpu": "1", "memory": amount}}}
    volume = {"name": "a", "emptyDir": {"sizeLimit": amount}}
    assert _paths({"containers": [container], "volumes": [volume]}) == [
        "spec.containers[0].resources.limits.memory",
        "spec.volumes[0].emptyDir.sizeLimit",
    ]


@pytest.mark.parametrize("amount", ["1", "1.5Gi", "-1", 5, 0.5, "1e3", None])
def test_a_quantity_is_accepted(amount: Any) -> None:
    assert _paths({"containers": [{"resources": {"limits": {"cpu": amount}}}]}) == []
