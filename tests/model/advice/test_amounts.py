"""Amounts outside of any sensible range, and texts that are no amounts."""

from __future__ import annotations

import pytest

from rudr_py.model import quantity
from rudr_py.model.advice import amounts
from rudr_py.model.document import Json


@pytest.mark.parametrize(
    ("value", "right"),
    [("128B", "128Mi"), ("64k", "64Mi"), (134217728, "128Mi"), ("536870912", "512Mi"), ("1P", "1G"), (1, "4Mi")],
)
def test_memory_in_a_wrong_unit_leads_to_the_right_one(value: Json, right: str) -> None:
    message = amounts.memory(value, quantity.memory(value) or "")
    assert message.endswith(right)
    assert amounts.memory(right, quantity.memory(right) or "") == "" or value == "1P"


@pytest.mark.parametrize("value", [128, "128", "64M", "64Mi", "1G", "2Ti", 0, 4, 16384, "0.5G"])
def test_usual_memory_has_no_message(value: Json) -> None:
    assert amounts.memory(value, quantity.memory(value) or "") == ""


@pytest.mark.parametrize(("value", "right"), [(5, "5G"), ("10", "10G"), ("5k", "5G"), ("1P", "1G"), ("2E", "2G")])
def test_disk_in_a_wrong_unit_leads_to_the_right_one(value: Json, right: str) -> None:
    assert amounts.disk(value, quantity.disk(value) or "").endswith(right)


@pytest.mark.parametrize(("value", "right"), [(1000, "1"), (750, "0.75"), ("2000", "2"), (0.0001, "0.001")])
def test_cpu_in_a_wrong_unit_leads_to_cores(value: Json, right: str) -> None:
    assert amounts.cpu(value, quantity.cpu(value) or "").endswith(f"write {right}")


@pytest.mark.parametrize("value", [0, 0.001, 0.1, 1, "500m", 64, "0.25"])
def test_usual_cpu_has_no_message(value: Json) -> None:
    assert amounts.cpu(value, quantity.cpu(value) or "") == ""


@pytest.mark.parametrize(
    ("value", "unit", "right"),
    [(-1, "", "1"), ("1,5", "", "1.5"), ("half", "", "1"), ("512 megabytes", "Mi", "512Mi"), ("64MBit", "Mi", "64Mi")],
)
def test_a_text_that_is_no_amount_leads_to_one(value: Json, unit: str, right: str) -> None:
    assert right in amounts.wrong(value, unit)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("8080", "8080"),
        ("10s", "10"),
        ("500ms", "1"),
        ("2m", "120"),
        ("80:8080", "8080"),
        ("53/udp", "53"),
        ("5.0", "5"),
    ],
)
def test_a_text_where_a_number_belongs_leads_to_the_number(text: str, right: str) -> None:
    assert f" {right}" in amounts.whole_number(text)


def test_a_text_without_a_number_has_no_advice() -> None:
    assert amounts.whole_number("http") == ""


def test_seconds_that_are_milliseconds_lead_to_seconds() -> None:
    assert amounts.seconds(10_000).endswith("write 10")
    assert amounts.seconds(300) == ""
