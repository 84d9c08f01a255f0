"""Amounts in the spellings of OAM, Rudr and Kubernetes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.model import quantity


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, "0.5"), (1, "1"), (1.0, "1"), ("0.1", "0.1"), (" 2 ", "2"), ("500m", "500m"), (0, "0"),
        (0.0001, "0.001"), (1e-9, "0.001"), (0.1 + 0.2, "0.301"), (10, "10"), (1e3, "1000"),
    ],
)  # fmt: skip
def test_cpu(value: Any, expected: str) -> None:
    assert quantity.cpu(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("128", "128Mi"), (128, "128Mi"), (128.0, "128Mi"), (0.5, "512Ki"), ("1.5", "1536Ki"),
        ("100M", "100M"), ("100MB", "100M"), ("100mb", "100M"), ("100m", "100M"), ("5k", "5k"), ("5K", "5k"),
        ("5KB", "5k"), ("64Mi", "64Mi"), ("64mib", "64Mi"), ("1Ki", "1Ki"), ("1.5G", "1.5G"), ("2T", "2T"),
        ("3P", "3P"), ("3PiB", "3Pi"), ("007", "7Mi"), ("10 GB", "10G"), ("512B", "512"), (1000, "1000Mi"),
    ],
)  # fmt: skip
def test_memory(value: Any, expected: str) -> None:
    assert quantity.memory(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [("50M", "50M"), ("50", "50"), (1024, "1024"), (0.5, "1"), ("1gib", "1Gi")]
)
def test_disk_counts_bytes(value: Any, expected: str) -> None:
    assert quantity.disk(value) == expected


@pytest.mark.parametrize(("value", "expected"), [(1, "1"), (0.5, "1"), ("1.2", "2"), (0, "")])
def test_gpus_are_whole(value: Any, expected: str) -> None:
    assert quantity.gpu(value) == expected


@pytest.mark.parametrize(
    "value", [True, None, [], {}, "", "x", "-1", -1, "1e3", "128MMi", "1,5", "٣", "5.5.5", "1" * 99]
)
def test_values_that_are_not_amounts_give_none(value: Any) -> None:
    for read in (quantity.cpu, quantity.memory, quantity.disk, quantity.gpu):
        assert read(value) is None


def test_huge_and_infinite_numbers_give_none() -> None:
    for value in (1e300, float("inf"), float("nan"), 10**400):
        assert quantity.memory(value) is None
        assert quantity.cpu(value) is None


@given(st.floats(min_value=0, max_value=1e6))
def test_cpu_is_never_rounded_down(value: float) -> None:
    result = quantity.cpu(value)
    assert result is not None
    assert 0 <= Decimal(result) - Decimal(repr(value)) <= Decimal("0.001")


@given(st.text(max_size=30))
def test_any_text_gives_an_amount_or_none(value: str) -> None:
    for read in (quantity.cpu, quantity.memory, quantity.disk, quantity.gpu):
        result = read(value)
        assert result is None or result.isascii()


@pytest.mark.parametrize("text", ["1gİ", "1\u212a", "1G\u017f"])
def test_letters_that_only_resemble_a_suffix_give_none(text: str) -> None:
    assert quantity.disk(text) is None


@pytest.mark.parametrize(
    ("quantity_text", "number"),
    [
        ("500m", "0.5"), ("1", "1"), (2, "2"), (0.1, "0.1"), ("64Mi", "67108864"), ("1P", "1e15"), ("1Ei", 2**60),
        ("1e3", "1000"), ("2E", "2e18"), ("5k", "5000"), (".5", "0.5"), ("100u", "0.0001"), ("0", "0"),
    ],
)  # fmt: skip
def test_a_quantity_of_kubernetes_stands_for_a_number(quantity_text: Any, number: Any) -> None:
    assert quantity.amount(quantity_text) == Decimal(number)


@pytest.mark.parametrize("value", [None, True, "", "many", "1Kb", "-1", "1e", [], {}, "9" * 40])
def test_other_values_are_no_quantities(value: Any) -> None:
    assert quantity.amount(value) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1P", "1P"), ("64Gi", "64Gi"), ("1024Mi", "1Gi"), ("1.5", "1.5"), ("100", "100"), ("2000G", "2T"), ("3", "3")],
)
def test_a_number_is_printed_with_the_largest_suffix(text: str, expected: str) -> None:
    number = quantity.amount(text)
    assert number is not None
    assert quantity.text_of(number) == expected
