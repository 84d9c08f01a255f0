"""The public face: sorted, complete, and without anything that a plugin must not reach."""

from __future__ import annotations

import inspect
import types

import pytest

from rudr_py import api, hookspecs


def test_all_is_sorted_and_equals_the_public_names() -> None:
    public = {
        name
        for name, value in vars(api).items()
        if not name.startswith("_") and name != "annotations" and not isinstance(value, types.ModuleType)
    }
    assert list(api.__all__) == sorted(public)


def test_every_public_class_has_a_docstring() -> None:
    classes = [value for name in api.__all__ if isinstance(value := getattr(api, name), type)]
    assert len(classes) > 10
    assert [value.__name__ for value in classes if not value.__doc__] == []


EXCEPTIONS = {"InstanceContext", "Problem", "ScopeContext", "TraitContext", "WorkloadContext"}
"""Subclasses share the contract of Context; Problem is a class of `rudr_py.errors`."""


@pytest.mark.parametrize("name", [name for name in api.__all__ if isinstance(getattr(api, name), type)])
def test_every_public_class_documents_guarantees_assumptions_and_errors(name: str) -> None:
    text = inspect.getdoc(getattr(api, name)) or ""
    words = ("Guarantees:", "Assumptions:", "Errors:")
    assert name in EXCEPTIONS or [word for word in words if word not in text] == []


def test_the_hook_documents_guarantees_assumptions_and_errors() -> None:
    text = inspect.getdoc(hookspecs.rudr_register_types) or ""
    assert all(word in text for word in ("When:", "Guarantees:", "Assumptions:", "Errors:"))
