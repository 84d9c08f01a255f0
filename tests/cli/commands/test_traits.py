"""`rudr traits`: the installed traits, those that fit a workload type, and reasons."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
import yaml
from click.testing import Result

from rudr_py.catalog import Catalog
from rudr_py.plugins.loading import LoadedPlugins

Invoke = Callable[..., Result]


@pytest.fixture(name="traits")
def _traits(invoke: Invoke, everything: Catalog) -> Invoke:
    """The command, when the packages of this repository are installed."""

    def traits(*arguments: str) -> Result:
        return invoke("traits", *arguments, obj=LoadedPlugins(catalog=everything))

    return traits


def test_the_table_lists_applicability_and_requirements(traits: Invoke) -> None:
    heading, *rows = (line.split() for line in traits().stdout.splitlines())
    assert heading == ["NAME", "APPLIES", "TO", "REQUIRES", "PACKAGE"]
    assert ["ingress", "Server,SingletonServer", "service", "rudr-py"] in [row[:4] for row in rows]
    assert ["cron-hpa", "*", "scale", "rudr-py-cronhpa"] in [row[:4] for row in rows]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


@pytest.mark.parametrize("spelling", ["Task", "task", "core.oam.dev/v1alpha1.Task"])
def test_with_workload_only_fitting_traits_are_listed(traits: Invoke, spelling: str) -> None:
    done = traits("--workload", spelling)
    names = [line.split()[0] for line in done.stdout.splitlines()[1:]]
    assert {"cron-hpa", "empty", "manual-scaler", "secret-env", "volume-mounter"} <= set(names)
    others = {"auto-scaler", "ingress", "service", "service-monitor"}
    assert not others & set(names)
    listed = done.stderr.partition("cannot have ")[2].partition(";")[0]
    assert others <= set(listed.split(", "))
    assert traits("--workload", spelling, "-o", "name").stdout.split() == names


def test_wide_adds_the_reasons_for_other_traits(traits: Invoke) -> None:
    rows = {line.split()[0]: line for line in traits("--workload", "Task", "-o", "wide").stdout.splitlines()}
    assert "no     core.oam.dev/v1alpha1.Task does not accept the scale" in rows["auto-scaler"]
    assert 'no     the trait "ingress" does not apply to core.oam.dev/v1alpha1.Task' in rows["ingress"]
    assert "yes    Runs a fixed number" in rows["manual-scaler"]
    assert "Runs a fixed number" in traits("-o", "wide").stdout


def test_json_lists_all_traits(traits: Invoke) -> None:
    items = {item["name"]: item for item in json.loads(traits("--workload", "Task", "-o", "json").stdout)["items"]}
    assert items["empty"]["misfit"] == ""
    assert "range; it accepts exact" in items["auto-scaler"]["misfit"]
    assert "core.oam.dev/v1alpha1.Server" in items["auto-scaler"]["fits"]
    assert yaml.safe_load(traits("--workload", "Task", "-o", "yaml").stdout)["items"] == list(items.values())
    assert "misfit" not in json.loads(traits("-o", "json").stdout)["items"][0]


def test_the_error_for_an_unknown_workload_type_suggests_the_nearest_one(traits: Invoke) -> None:
    done = traits("--workload", "core.oam.dev/v1alpha1.Servr")
    assert done.exit_code == 1
    assert 'Did you mean "core.oam.dev/v1alpha1.Server"?' in done.output
