"""The inputs of property tests are the same in each run, unless a run asks for random ones."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

CONSTANTS = "\n".join(f"NAME_{number} = 'constant {number}', {number**5}" for number in range(200))


def _inputs() -> list[str | int]:
    inputs: list[str | int] = []

    @settings(max_examples=300)
    @given(st.text() | st.integers())
    def collect(value: str | int) -> None:
        inputs.append(value)

    collect()
    return inputs


@pytest.mark.skipif(not settings().derandomize, reason="a run with random inputs")
def test_inputs_do_not_depend_on_time_or_on_the_modules_that_are_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _inputs()
    (tmp_path / "module_with_constants.py").write_text(CONSTANTS)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("module_with_constants")
    after = _inputs()
    del sys.modules["module_with_constants"]
    assert after == before
