"""What is said about properties that do not fit their schema, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py import catalog
from rudr_py.api import Trait
from rudr_py.catalog import Offer
from rudr_py.errors import PluginCallError
from rudr_py.model import paths
from rudr_py.plugins import guard
from rudr_py.render.types import properties as check


class Rule(msgspec.Struct, forbid_unknown_fields=True):
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=20, pattern="^[a-z.]*$", description="Whom to answer.")]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None


class Properties(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    replica_count: Annotated[int, msgspec.Meta(ge=0, le=9)] = 1
    mode: Literal["fast", "slow"] = "fast"
    ratio: float = 1.0
    on: bool = False
    hosts: str | tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    labels: dict[str, str] = {}


class Ambiguous(msgspec.Struct):
    """Patterns that Python's engine matches in exponential time: one by failure, one before it succeeds."""

    failing: Annotated[str, msgspec.Meta(pattern=r"^(a+)+$")] = "a"
    matching: Annotated[str, msgspec.Meta(pattern=r"^((a+)+b|a+)$")] = "a"


class Example(Trait[Any]):
    name = "example"
    properties = Properties
    renamed_properties: ClassVar[dict[str, str]] = {"replica_count": "replicaCount", "count": "replicaCount"}


def _where(*steps: str | int) -> str:
    return paths.child("$.p", *steps)


def _offer(schema: Any) -> Offer[Any]:
    class Declared(Trait[Any]):
        name = "declared"
        properties = schema

    return catalog.offer(Declared(), package="acme 1")


EXAMPLE: Offer[Any] = catalog.offer(Example(), package="acme 1")


def _told(offer: Offer[Any], properties: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problems.path, problems.message) for problems in check.check(offer, properties, _where, "TR-17")]


@pytest.mark.parametrize(
    ("properties", "path", "message"),
    [
        ({"replicaCount": "3"}, "$.p.replicaCount", 'is "3", must be a whole number; remove the quotes'),
        ({"replicaCount": 10}, "$.p.replicaCount", "is 10, must be at most 9"),
        ({"replicaCount": -1}, "$.p.replicaCount", "is -1, must be at least 0"),
        ({"replicaCount": None}, "$.p.replicaCount", "is null, must be a whole number"),
        ({"mode": "quick"}, "$.p.mode", 'is "quick", must be one of fast, slow'),
        ({"ratio": "half"}, "$.p.ratio", 'is "half", must be a number'),
        ({"on": "yes"}, "$.p.on", 'is "yes", must be true or false; write true'),
        ({"hosts": 3}, "$.p.hosts", "is 3, must be text or a list; put it in quotes"),
        ({"hosts": ["a", 3]}, "$.p.hosts[1]", "is 3, must be text; put it in quotes"),
        ({"rules": {}}, "$.p.rules", "is {}, must be a list"),
        ({"rules": [7]}, "$.p.rules[0]", "is 7, must be a map"),
        ({"rules": [{}]}, "$.p.rules[0]", 'example requires the property "host": Whom to answer.'),
        ({"rules": [{"host": ""}]}, "$.p.rules[0].host", 'is "", must have at least 1 characters'),
        ({"rules": [{"host": "A"}]}, "$.p.rules[0].host", 'is "A", must match ^[a-z.]*$'),
        (
            {"rules": [{"host": "a", "port": "80"}]},
            "$.p.rules[0].port",
            'is "80", must be a whole number; remove the quotes',
        ),
        ({"rules": [{"host": "a", "port": 0}]}, "$.p.rules[0].port", "is 0, must be at least 1"),
        (
            {"replicaCont": 3},
            "$.p.replicaCont",
            'example has no property "replicaCont". Did you mean "replicaCount"?',
        ),
        (
            {"zzz": 3},
            "$.p.zzz",
            'example has no property "zzz". Its properties are: replicaCount, mode, ratio, on, hosts, rules, labels.',
        ),
        ({"labels": {"a.b/c": 1}}, '$.p.labels["a.b/c"]', "is 1, must be text; put it in quotes"),
        ({"mode": "x" * 100}, "$.p.mode", f'is "{"x" * 32}...{"x" * 23}", must be one of fast, slow'),
    ],
)
def test_an_invalid_property_is_reported_with_message_and_path(
    properties: dict[str, Any], path: str, message: str
) -> None:
    assert _told(EXAMPLE, properties) == [(path, message)]


@pytest.mark.parametrize(
    ("schema", "value", "message"),
    [
        ({"exclusiveMinimum": 1}, 1, "is 1, must be more than 1"),
        ({"exclusiveMaximum": 1}, 1, "is 1, must be less than 1"),
        ({"multipleOf": 2}, 3, "is 3, must be a multiple of 2"),
        ({"maxLength": 2}, "abc", 'is "abc", must have at most 2 characters'),
        ({"minItems": 1}, [], "is [], must have at least 1 entries"),
        ({"maxItems": 1}, [1, 2], "is [1, 2], must have at most 1 entries"),
        ({"const": True}, 1, "is 1, must be true"),
        ({"enum": [1, None, "a"]}, 2, "is 2, must be one of 1, null, a"),
        ({"type": ["string", "null"]}, 2, "is 2, must be text; put it in quotes"),
        ({"type": "null"}, 2, "is 2, must be nothing"),
        ({"oneOf": [{"type": "integer", "minimum": 5}, {"type": "string"}]}, 2, "is 2, must be at least 5"),
        ({"oneOf": [{"minimum": 5}, {"multipleOf": 2}]}, 3, "is 3, which matches none of the allowed forms"),
    ],
)
def test_every_schema_keyword_has_a_message(schema: dict[str, Any], value: Any, message: str) -> None:
    offer = _offer({"type": "object", "properties": {"x": schema}})
    assert _told(offer, {"x": value}) == [("$.p.x", message)]


def test_a_property_of_a_type_without_properties_is_reported() -> None:
    offer = _offer({"type": "object", "additionalProperties": False})
    assert _told(offer, {"x": 1}) == [("$.p.x", 'declared has no property "x". It has none.')]


def test_properties_that_match_a_pattern_are_not_unknown() -> None:
    schema = {"type": "object", "patternProperties": {"^x-": {}}, "additionalProperties": False}
    assert _told(_offer(schema), {"x-a": 1, "y": 1}) == [("$.p.y", 'declared has no property "y". It has none.')]


def test_each_problem_is_reported_once_in_the_order_of_paths() -> None:
    rules = [{"host": "a"} for _ in range(12)]
    rules[2], rules[11] = {}, {"host": "B"}
    reported = _told(EXAMPLE, {"zzz": 1, "rules": rules, "mode": "x", "yyy": 2})
    assert [path for path, _ in reported] == ["$.p.yyy", "$.p.zzz", "$.p.mode", "$.p.rules[2]", "$.p.rules[11].host"]


def test_two_missing_properties_are_two_problems() -> None:
    offer = _offer({"type": "object", "required": ["a", "b"]})
    assert [message for _, message in _told(offer, {})] == [
        'declared requires the property "a"',
        'declared requires the property "b"',
    ]


def _too_slow(call: Callable[[], Any]) -> Any:
    del call
    raise TimeoutError("no result within 0.25 s")


def test_a_schema_that_takes_too_long_is_reported_as_an_error_of_the_plugin() -> None:
    offer: Offer[Any] = catalog.offer(Example(), package="acme 1", guard=_too_slow)
    ((path, message),) = _told(offer, {"mode": "fast"})
    assert path == "$.p"
    assert "example of acme 1 cannot be used" in message
    assert "no result within" in message


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["replicaCount", "mode", "hosts", "rules", "labels", "on", "ratio"]) | st.text(max_size=5)


@given(st.dictionaries(NAMES, JSON, max_size=4))
def test_any_properties_are_either_loaded_or_reported(properties: dict[str, Any]) -> None:
    problems = check.check(EXAMPLE, properties, _where, "TR-17")
    if not problems:
        try:
            EXAMPLE.load(properties)
        except ValueError as error:
            problems = check.model_problems(EXAMPLE, error, _where, "TR-17")
    assert all(problem.path.startswith("$.p") and problem.message for problem in problems)


def test_deprecated_names_are_accepted_with_a_warning_and_keep_their_paths() -> None:
    given, warnings, where = check.renamed(EXAMPLE, {"replica_count": "x", "mode": "fast"}, _where)
    assert given == {"replicaCount": "x", "mode": "fast"}
    assert [(warning.path, warning.message) for warning in warnings] == [
        ("$.p.replica_count", '"replica_count" is an outdated spelling; write "replicaCount"')
    ]
    assert [warning.path for warning in check.check(EXAMPLE, given, where, "TR-17")] == ["$.p.replica_count"]
    assert where() == "$.p"


def test_a_deprecated_name_next_to_the_current_one_has_no_effect() -> None:
    given, warnings, _ = check.renamed(EXAMPLE, {"replica_count": 1, "replicaCount": 2}, _where)
    assert given == {"replicaCount": 2}
    assert warnings[0].message == '"replica_count" is a deprecated name of "replicaCount" and has no effect'


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", "$.p"),
        ("$.a", "$.p.a"),
        ("$.rules[3].host-name", "$.p.rules[3].host-name"),
        ('$.labels["a.b/c"]', '$.p.labels["a.b/c"]'),
        (r'$["say \"x\""].y', r'$.p["say \"x\""].y'),
        ("", "$.p"),
        ("nonsense", "$.p"),
    ],
)
def test_a_path_inside_the_properties_is_converted_to_one_in_the_document(path: str, expected: str) -> None:
    assert check.document_path(_where, path) == expected


def test_an_error_of_a_model_is_reported_at_its_path() -> None:
    with pytest.raises(ValueError, match=r"rules\[0\]\.port") as caught:
        EXAMPLE.load({"rules": [{"host": "a", "port": 80.5}]})
    (problems,) = check.model_problems(EXAMPLE, caught.value, _where, "TR-17")
    assert (problems.path, problems.rule) == ("$.p.rules[0].port", "TR-17")
    assert problems.message == f"example: {str(caught.value).partition(' - at')[0]}"


class _ModelError(ValueError):
    def errors(self) -> list[dict[str, Any]]:
        return [{"loc": ("a", 0), "msg": "too odd"}, {"loc": (), "msg": "does not add up"}]


def test_all_errors_of_a_model_are_reported() -> None:
    problems = check.model_problems(EXAMPLE, _ModelError(), _where, "TR-17")
    assert [(item.path, item.message) for item in problems] == [
        ("$.p.a[0]", "example: too odd"),
        ("$.p", "example: does not add up"),
    ]


def test_a_text_that_does_not_match_an_ambiguous_pattern_is_a_problem_at_once() -> None:
    offer = _offer(Ambiguous)
    assert _told(offer, {"failing": "a" * 50_000 + "b"})[0][0] == "$.p.failing"


def test_a_text_that_matches_an_ambiguous_pattern_is_a_fault_of_the_plugin() -> None:
    offer = msgspec.structs.replace(_offer(Ambiguous), guard=guard.within(0.05))
    assert not _told(offer, {"matching": "a" * 60})
    with pytest.raises(PluginCallError, match="fault of the plugin"):
        offer.load({"matching": "a" * 60})
