"""The prediction of what the chart's author policy refuses."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.cli.commands.doctor import author_policy
from rudr_py.cli.commands.doctor.author_policy import AuthorPolicy
from rudr_py.plugins import loading
from tests.charts import rendering

CATALOG = loading.installed(only=()).catalog
Document = dict[str, Any]


def bindings(**values: Any) -> list[Document]:
    return [each for each in rendering.rendered(values) if each["kind"] == author_policy.BINDING.kind]


def predicted(*denied: str, **policy: Any) -> list[str]:
    """The messages if reviews such as `create ingresses` are denied."""
    reviews = author_policy.reviews(CATALOG, "shop")
    missing = tuple(review for review in reviews if f"{review.verb} {review.resource}" in denied)
    assert len(missing) == len(denied)
    policy = {"name": "rudr-py-authors", "namespace": "shop", **policy}
    return [finding.message for finding in author_policy.check(AuthorPolicy(**policy, denied=missing), CATALOG)]


USE = ("use applicationconfigurations", "use componentschematics")


def test_an_author_without_rights_is_refused_each_kind_of_object() -> None:
    [message] = predicted(*USE, "create deployments", "create ingresses")
    assert message == (
        "the author policy rudr-py-authors refuses applicationconfigurations and componentschematics that you write in "
        "namespace shop: you may not create deployments.apps, which every application needs; you may not create "
        "ingresses.networking.k8s.io, which ingress creates"
    )


@pytest.mark.parametrize(
    "denied",
    [
        (),
        USE,
        ("create deployments",),
        (*USE, "create deployments", "create applicationconfigurations", "create componentschematics"),
    ],
)
def test_nothing_is_predicted_for_who_may_create_or_use_or_not_write(denied: tuple[str, ...]) -> None:
    assert predicted(*denied) == []


def test_a_verb_on_one_kind_permits_that_kind() -> None:
    [message] = predicted(USE[0], "create deployments")
    assert "refuses applicationconfigurations that" in message


def test_an_unreadable_policy_and_one_that_warns_are_named_as_such() -> None:
    assert "if it is installed, refuses" in predicted(*USE, "create deployments", name="")[0]
    assert " warns about " in predicted(*USE, "create deployments", denies=False)[0]


def test_the_policy_of_the_chart_is_recognized_with_its_namespaces() -> None:
    everywhere = bindings(authorPolicy={"create": True})
    assert author_policy.in_effect(everywhere, "any") is not None
    assert author_policy.in_effect([], "any") is None
    some = bindings(authorPolicy={"create": True}, watchNamespaces=["a", "b"])
    assert [author_policy.in_effect(some, name) is not None for name in ("a", "b", "c")] == [True, True, False]
    warning = bindings(authorPolicy={"create": True, "actions": ["Warn"]})
    policy = author_policy.in_effect(warning, "any")
    assert policy is not None
    assert not policy.denies
