"""The annotations that decide whether an application takes changes of its components."""

from __future__ import annotations

import pytest

from rudr_py.model.parse import component_updates
from rudr_py.model.parse.application import parse_application

DIGEST, OTHER = "0123456789abcdef01234567", "89abcdef0123456789abcdef"
UPDATES, PROMOTED = "rudr.oam.dev/component-updates", "rudr.oam.dev/promoted"


def problems(**annotations: str) -> list[tuple[str, str]]:
    """The problems of an application with these annotations, by path."""
    document = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {
            "name": "shop",
            "annotations": {f"rudr.oam.dev/{k.replace('_', '-')}": v for k, v in annotations.items()},
        },
        "spec": {"components": [{"componentName": "web", "instanceName": "web"}]},
    }
    parsed = parse_application(document)
    return [(problem.path, problem.message) for problem in (*parsed.problems, *parsed.warnings)]


@pytest.mark.parametrize("value", ["automatic", "manual", ""])
def test_the_two_kinds_of_updates_are_valid(value: str) -> None:
    assert problems(component_updates=value) == []


def test_another_kind_of_updates_is_an_error_with_place_and_suggestion() -> None:
    ((path, message),) = problems(component_updates="manaul")
    assert path == f'$.metadata.annotations["{UPDATES}"]'
    assert 'Did you mean "manual"' in message


@pytest.mark.parametrize("value", ["web", f"@{DIGEST}", "web@4", f"web@{DIGEST}0", f"web={DIGEST}"])
def test_a_promotion_without_component_or_digest_is_an_error_with_place(value: str) -> None:
    ((path, message),) = problems(promoted=f"api@{OTHER}, {value}")
    assert path == f'$.metadata.annotations["{PROMOTED}"]'
    assert value in message
    assert component_updates.promotions({PROMOTED: f"api@{OTHER}, {value}"}) == {"api": OTHER}


def test_promotions_are_separated_by_commas_or_spaces_and_written_with_commas() -> None:
    promoted = component_updates.promotions({PROMOTED: f" web@{DIGEST},api@{OTHER}\n"})
    assert promoted == {"web": DIGEST, "api": OTHER}
    assert component_updates.promoted_text(promoted) == f"api@{OTHER},web@{DIGEST}"


@pytest.mark.parametrize(
    ("value", "default", "manual"),
    [
        ("manual", "automatic", True),
        ("automatic", "manual", False),
        (None, "manual", True),
        ("", "automatic", False),
        ("manaul", "automatic", True),
    ],
)
def test_the_annotation_takes_precedence_over_the_setting(value: str | None, default: str, manual: bool) -> None:
    annotations = {} if value is None else {UPDATES: value}
    assert component_updates.is_manual(annotations, default) is manual  # type: ignore[arg-type] # a value of the setting
