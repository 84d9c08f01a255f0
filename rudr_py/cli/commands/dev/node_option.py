"""The option `--node` of `rudr dev`: the capacity of a node of the local API. Pure."""

from __future__ import annotations

import click

from rudr_py.errors import LocalApiError
from rudr_py.local.scheduling.nodes import NodeSettings

_FIELDS = {name: name for name in ("name", "cpu", "memory", "os", "arch")} | {"ephemeral-storage": "ephemeral_storage"}

DEFAULT = f"cpu={NodeSettings().cpu},memory={NodeSettings().memory},pods={NodeSettings().pods}"


def parse(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> tuple[NodeSettings, ...]:
    """The nodes of the option, or one default node. The second and later ones are named local-2, local-3, ..."""
    nodes = tuple(_node(value, number) for number, value in enumerate(values, 1))
    names = [node.name for node in nodes]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise click.BadParameter(f'node "{repeated[0]}" is declared twice; add name=NAME to one of them')
    return nodes or (NodeSettings(),)


def _node(value: str, number: int) -> NodeSettings:
    default_name = NodeSettings().name
    fields: dict[str, str] = {"name": default_name if number == 1 else f"{default_name}-{number}"}
    extended: dict[str, str] = {}
    pods = NodeSettings().pods
    for part in value.split(","):
        name, separator, text = (each.strip() for each in part.partition("="))
        if not separator or not text:
            raise click.BadParameter(f'"{part}" is not RESOURCE=QUANTITY, such as cpu=4')
        if name == "pods":
            pods = _count(text)
        elif name in _FIELDS:
            fields[_FIELDS[name]] = text
        elif "/" in name:
            extended[name] = text
        else:
            choices = ", ".join([*_FIELDS, "pods"])
            raise click.BadParameter(
                f'unknown resource "{name}"; choose from {choices}, or an extended resource such as nvidia.com/gpu'
            )
    try:
        return NodeSettings(**fields, pods=pods, extended=extended)
    except LocalApiError as error:
        raise click.BadParameter(str(error)) from error


def _count(text: str) -> int:
    if not text.isdecimal():
        raise click.BadParameter(f'pods="{text}" is not a number')
    return int(text)
