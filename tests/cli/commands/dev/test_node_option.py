"""`rudr dev --node`: the capacity of the nodes."""

from __future__ import annotations

from typing import cast

import click
import pytest

from rudr_py.cli.commands.dev import node_option
from rudr_py.local.scheduling.nodes import NodeSettings


def parse(*values: str) -> tuple[NodeSettings, ...]:
    nothing = cast("click.Context", None), cast("click.Parameter", None)
    return node_option.parse(*nothing, values)


def test_without_the_option_there_is_one_default_node() -> None:
    assert parse() == (NodeSettings(),)


def test_resources_of_a_node_are_separated_by_commas() -> None:
    (node,) = parse("cpu=2,memory=8Gi,pods=20,ephemeral-storage=5Gi,os=windows,arch=arm64,nvidia.com/gpu=1")
    assert node == NodeSettings(
        cpu="2",
        memory="8Gi",
        pods=20,
        ephemeral_storage="5Gi",
        os="windows",
        arch="arm64",
        extended={"nvidia.com/gpu": "1"},
    )


def test_several_nodes_have_different_names() -> None:
    assert [node.name for node in parse("cpu=1", "cpu=2", "name=big,cpu=64")] == ["local", "local-2", "big"]


@pytest.mark.parametrize("value", ["cpu", "cpu=", "cpu=x", "cpu=-1", "pods=many", "gpu=1"])
def test_an_invalid_resource_is_rejected(value: str) -> None:
    with pytest.raises(click.BadParameter):
        parse(value)


def test_two_nodes_with_one_name_are_rejected() -> None:
    with pytest.raises(click.BadParameter, match="declared twice"):
        parse("name=a", "name=a")
