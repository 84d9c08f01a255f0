"""The page docs/command-line.md: the table of commands, with help, usage and options of each.

`reference` writes the page.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator

import click

from rudr_py.cli.commands import render
from rudr_py.cli.program import COMMANDS, program
from tests.docs.plugin_api_page import cell

HEAD = """\
# Command line

Generated from the commands by `make reference`; do not edit it by hand.

All commands are available as `rudr …` and as `kubectl rudr …`. They print data on standard output and messages on
standard error. Exit codes are 0 for success, 1 for failure, 2 for wrong usage and 130 for Ctrl-C; commands with other
meanings document them. An option with a variable is read from that environment variable if it is not set.

| command | |
|---|---|
"""

SHARED = ("plugins", "no_plugins", "strict_plugins", "state_dir")
"""Options of every command that loads plugins. They are printed once."""

PLUGINS = "Plugin options"


def page() -> str:
    """The text of the page."""
    rows = "".join(f"| [`rudr {name}`](#rudr-{name}) | {COMMANDS[name].help} |\n" for name in sorted(COMMANDS))
    parts = [HEAD + rows, f"## {PLUGINS}\n", "Commands that use the installed types have these options.\n"]
    parts += _table(option for option in render.command.params if option.name in SHARED)
    root = click.Context(program, info_name="rudr")
    for name in sorted(COMMANDS):
        command = program.get_command(root, name)
        assert command is not None
        parts += _command(command, click.Context(command, parent=root, info_name=name), depth=2)
    return "\n".join(parts).rstrip() + "\n"


def _command(command: click.Command, context: click.Context, *, depth: int) -> Iterator[str]:
    yield f"{'#' * depth} {context.command_path}\n"
    yield from _help(inspect.cleandoc(command.help or ""))
    yield f"```text\n{' '.join([context.command_path, *command.collect_usage_pieces(context)])}\n```\n"
    yield from _table(option for option in command.params if option.name not in SHARED)
    if any(option.name in SHARED for option in command.params):
        yield f"See also the [{PLUGINS.lower()}](#{PLUGINS.lower().replace(' ', '-')}).\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _command(inner, click.Context(inner, parent=context, info_name=name), depth=depth + 1)


def _table(parameters: Iterable[click.Parameter]) -> Iterator[str]:
    options = [parameter for parameter in parameters if isinstance(parameter, click.Option) and not parameter.hidden]
    if options:
        yield "| option | | variable |\n|---|---|---|\n" + "".join(map(_row, options))


def _row(option: click.Option) -> str:
    names, help_text = option.get_help_record(click.Context(click.Command(""))) or ("", "")
    variables = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    return f"| `{cell(names)}` | {cell(help_text)} | {', '.join(f'`{name}`' for name in variables)} |\n"


def _help(text: str) -> Iterator[str]:
    """The help as Markdown: its examples become blocks, and text that click must not wrap is kept."""
    for paragraph in re.split(r"\n{2,}", text.replace("\f", "")):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip(chr(10))}\n```\n"
            continue
        description, example, command = " ".join(paragraph.split()).partition("Example: ")
        if description:
            yield description.strip() + "\n"
        if example:
            yield f"```console example\n$ {command}\n```\n"
