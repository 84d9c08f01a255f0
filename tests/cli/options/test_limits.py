"""The option `--limits`."""

from __future__ import annotations

from collections.abc import Callable

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from rudr_py.cli.options import limits as limits_option
from rudr_py.settings import DEFAULT_LIMITS, Limits

Invoke = Callable[..., Result]
Make = Callable[..., str]


def read(value: str) -> Limits:
    """The limits that a command gets; raises BadParameter."""
    values: list[Limits] = []

    @click.command()
    @limits_option.option()
    def command(limits: Limits) -> None:
        values.append(limits)

    result = CliRunner().invoke(command, ["--limits", value], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return values[0]


def test_limits_that_are_not_named_have_their_default() -> None:
    assert read("") == DEFAULT_LIMITS
    assert read("traits=200, objects=5000") == msgspec.structs.replace(DEFAULT_LIMITS, traits=200, objects=5000)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("trait=1", 'Did you mean "traits"?'),
        ("x=1", "the limits are values, components"),
        ("traits", "must be a whole number"),
        ("traits=0", "must be a whole number"),
        ("traits=-1", "must be a whole number"),
        ("traits=" + "9" * 5000, "must be a whole number"),
    ],
)
def test_invalid_limits_are_rejected(value: str, message: str) -> None:
    with pytest.raises(click.BadParameter, match=message.replace("?", r"\?")):
        read(value)


@pytest.mark.parametrize("command", ["validate", "render"])
def test_a_document_beyond_a_limit_is_an_error_with_its_line(
    command: str, component: Make, application: Make, write: Make, invoke: Invoke
) -> None:
    filename = write(
        "app.yaml", component(), application().replace("traits:", "applicationScopes: [a, b]\n    traits:")
    )
    result = invoke(command, "-f", filename, "--limits", "scopes=1")
    assert result.exit_code == 1
    (line,) = (line for line in result.output.splitlines() if "the limit is 1" in line)
    assert line.startswith(f"{filename}:19:24: error: $.spec.components[0].applicationScopes: 2 scopes")
    assert "--limits scopes=NUMBER" in line


def test_further_problems_are_counted_once(component: Make, application: Make, write: Make, invoke: Invoke) -> None:
    fields = "".join(f"\n  unknown{index}: 1" for index in range(30))
    filename = write("app.yaml", component(), application().rstrip() + fields)
    result = invoke("validate", "-f", filename, "--limits", "problems=10")
    assert result.output.count("further problems are not listed") == 1
