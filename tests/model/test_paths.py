"""The notation of JSON paths."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rudr_py.model import paths

steps = st.text(max_size=6) | st.integers(0, 50)


def test_a_path_is_written_in_the_usual_notation() -> None:
    assert paths.child("$", "spec", "components", 0, "traits", 1, "name") == "$.spec.components[0].traits[1].name"


def test_a_key_that_is_not_a_plain_word_is_quoted() -> None:
    assert paths.child("$", 'a.b/"c"\\') == r'$["a.b/\"c\"\\"]'


@given(st.lists(steps, max_size=4), steps)
def test_the_parent_of_a_child_is_the_original_path(above: list[str | int], step: str | int) -> None:
    path = paths.child("$", *above)
    assert paths.parent(paths.child(path, step)) == path


def test_the_root_is_its_own_parent() -> None:
    assert paths.parent("$") == "$"


def test_below_includes_the_path_itself_and_everything_in_it() -> None:
    assert all(paths.below(path, "$.a") for path in ("$.a", "$.a.b", "$.a[0]", '$.a["b"]'))
    assert not any(paths.below(path, "$.a") for path in ("$.ab", "$", "$.b.a"))
