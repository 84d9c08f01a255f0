"""Traits are short, because the plugin API does what all of them need."""

from __future__ import annotations

from tests.docs import trait_sizes_page

AIM = 35
"""The median of the lines of logic of a trait."""

SOURCE = '''\
"""A module."""

import msgspec  # for the properties

LIMIT = 3
"""The limit."""


class Properties(msgspec.Struct):
    """The properties."""

    size: int = (
        3
    )


class Scaler:
    """A trait."""

    def render(self) -> str:
        """The objects."""
        # a comment
        return """one
two"""
'''


def test_the_median_of_the_lines_of_a_trait_is_at_most_the_aim() -> None:
    assert trait_sizes_page.median() <= AIM


def test_only_lines_with_code_are_counted() -> None:
    assert trait_sizes_page.count(SOURCE) == trait_sizes_page.Lines(imports=1, properties=4, logic=5)
