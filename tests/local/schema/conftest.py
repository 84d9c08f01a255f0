"""The schemas of the newest tested release."""

from __future__ import annotations

import pytest

from rudr_py.local.schema import builtin
from rudr_py.local.schema.builtin import BuiltinSchemas


@pytest.fixture(scope="session")
def schemas() -> BuiltinSchemas:
    return builtin.builtin_schema("1.36")
