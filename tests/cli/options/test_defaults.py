"""The option `--defaults`: pairs, files, and the values of the chart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner, Result

from rudr_py.cli.options import defaults as defaults_option
from rudr_py.model import quantity
from rudr_py.settings import NO_DEFAULTS, PlatformDefaults
from tests.charts import rendering, values_file

Write = Callable[..., str]


def read(value: str) -> PlatformDefaults:
    """The defaults that a command gets; raises BadParameter."""
    values: list[PlatformDefaults] = []

    @click.command()
    @defaults_option.option()
    def command(defaults: PlatformDefaults) -> None:
        values.append(defaults)

    result = CliRunner().invoke(command, ["--defaults", value], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return values[0]


CHANGED = PlatformDefaults(
    pod_security="restricted",
    image_pull_policy="Always",
    requests={"cpu": "0.5"},
    limits={"ephemeral-storage": "1Gi", "memory": "256Mi"},
)


def test_without_a_value_pods_are_as_in_rudr() -> None:
    assert read("") == NO_DEFAULTS
    assert read("podSecurity=none,imagePullPolicy=,limits.memory=") == NO_DEFAULTS


def test_pairs_have_the_keys_of_the_chart() -> None:
    pairs = "podSecurity=restricted, imagePullPolicy=Always,requests.cpu=0.5,limits.memory=256Mi"
    assert read(f"{pairs},limits.ephemeral-storage=1Gi") == CHANGED


@pytest.mark.parametrize("key", ["", "applicationDefaults"], ids=["the defaults alone", "values of the chart"])
def test_a_file_has_the_defaults_alone_or_the_values_of_the_chart(write: Write, key: str) -> None:
    own = {
        "podSecurity": "restricted",
        "imagePullPolicy": "Always",
        "requests": {"cpu": 0.5},
        "limits": {"memory": "256Mi", "ephemeral-storage": "1Gi"},
    }
    document = {key: own, "replicaCount": 3} if key else own
    assert read(write("values.yaml", yaml.safe_dump(document))) == CHANGED


def test_the_values_of_the_chart_are_the_defaults_of_its_controller() -> None:
    values = {
        "applicationDefaults": {
            "podSecurity": "namespace",
            "requests": {"cpu": 2, "memory": 1e9},
            "limits": {"cpu": 2.5},
        }
    }
    arguments = rendering.single(rendering.rendered(values), "Deployment")["spec"]["template"]["spec"]["containers"][0]
    (argument,) = (text for text in arguments["args"] if text.startswith("--defaults="))
    defaults = read(argument.removeprefix("--defaults="))
    assert (defaults.pod_security, defaults.limits) == ("namespace", {"cpu": "2.5"})
    assert defaults.requests == {"cpu": "2", "memory": "1G"}


@pytest.mark.parametrize("written", ["268435456", "268435456.0", "2.68435456e+08"])
def test_large_numbers_are_exact_quantities(write: Write, written: str) -> None:
    for value in (f"limits.memory={written}", write("values.yaml", f"limits: {{memory: {written}}}")):
        text = read(value).limits["memory"]
        assert quantity.amount(text) == 2**28
        assert "e" not in text


def test_the_values_file_of_the_chart_has_the_usual_defaults() -> None:
    assert read(str(values_file.FOLDER / "values.yaml")) == NO_DEFAULTS


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("podsecurity=restricted", 'there is no default "podsecurity". Did you mean "podSecurity"?'),
        ("x=1", "The keys are podSecurity, imagePullPolicy, requests.cpu"),
        ("podSecurity=baseline", "podSecurity must be none, restricted or namespace, not baseline"),
        ("limits.memory=lots", "limits.memory must be a quantity above zero, such as 128Mi, not lots"),
        ("limits.memory=0", "must be a quantity above zero"),
        ("requests.cpu=2,limits.cpu=1500m", "requests.cpu is 2, which is more than limits.cpu, 1500m"),
        ("imagePullPolicy=Always,restricted", "restricted: write KEY=VALUE"),
        ("nowhere.yaml", "nowhere.yaml: No such file or directory; name a file, or write KEY=VALUE"),
        ("x=1,requests.memory=2G,limits.memory=1Gi", "requests.memory is 2G, which is more than limits.memory, 1Gi"),
    ],
)
def test_wrong_defaults_are_refused(value: str, message: str) -> None:
    with pytest.raises(click.BadParameter) as raised:
        read(value)
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("replicaCount: 3", "has no map applicationDefaults"),
        ("applicationDefaults: [1]", "has no map applicationDefaults"),
        ("applicationDefaults: {limits: 1Gi}", 'there is no default "limits"'),
        ("applicationDefaults: {podSecurity: true}", "podSecurity must be"),
        ("{", "values.yaml:"),
        ("podSecurity: none\n---\npodSecurity: none", "has 2 documents"),
    ],
)
def test_a_file_without_defaults_is_refused(write: Write, text: str, message: str) -> None:
    with pytest.raises(click.BadParameter) as raised:
        read(write("values.yaml", text))
    assert message in raised.value.message


def test_an_empty_file_has_the_usual_defaults(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("applicationDefaults:\n", encoding="utf-8")
    assert read(str(tmp_path / "values.yaml")) == NO_DEFAULTS


def test_the_controller_does_not_start_with_requests_above_the_limits(invoke: Callable[..., Result]) -> None:
    result = invoke("run", "--defaults", "requests.cpu=2,limits.cpu=1")
    assert result.exit_code == 2
    assert "requests.cpu is 2, which is more than limits.cpu, 1" in result.stderr
