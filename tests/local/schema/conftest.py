"""The schemas of the newest tested release."""

from __future__ import annotations

import pytest

from rudr_py.local.schema import builtin


@pytest.fixture(scope="session")
def schemas() -> builtin.BuiltinSchemas:
    return builtin.builtin_schema("1.36")
