"""The public face: sorted, complete, and without anything that a plugin must not reach."""

from __future__ import annotations

import types

from rudr_py import api


def test_all_is_sorted_and_equals_the_public_names() -> None:
    public = {
        name
        for name, value in vars(api).items()
        if not name.startswith("_") and name != "annotations" and not isinstance(value, types.ModuleType)
    }
    assert list(api.__all__) == sorted(public)


def test_every_public_class_says_what_it_is() -> None:
    classes = [value for name in api.__all__ if isinstance(value := getattr(api, name), type)]
    assert len(classes) > 10
    assert [value.__name__ for value in classes if not value.__doc__] == []
