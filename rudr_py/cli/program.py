"""The table of commands, and the program that runs one of them.

A command is a row: where it is and one line of help. Its module is imported when the command runs or explains
itself, and at no other time, because `rudr --help`, a typing mistake and shell completion must not pay for a
controller, a cluster client and JSON Schema: this module imports click and nothing heavier.
"""

from __future__ import annotations

import difflib
import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import click
from click.shell_completion import CompletionItem

from rudr_py.errors import RudrError

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": ("rudr_py.cli.demo:command", "Run the examples on an embedded API until all is Ready."),
    "dev": ("rudr_py.cli.dev:command", "Serve a Kubernetes API with the controller, to try without a cluster."),
    "plugin": ("rudr_py.cli.plugin_new:group", "Write a new plugin: rudr plugin new."),
    "plugins": ("rudr_py.cli.plugins:group", "List the installed plugins with their types."),
    "rbac": ("rudr_py.cli.rbac:command", "Print the rights that the controller needs with the installed plugins."),
    "render": ("rudr_py.cli.render:command", "Print the Kubernetes objects that documents stand for."),
    "run": ("rudr_py.cli.run:command", "Run the controller against a cluster."),
    "validate": ("rudr_py.cli.validate:command", "Check documents and print everything that is wrong."),
    "version": ("rudr_py.cli.version:command", "Print the version."),
}
"""Name -> (module:attribute, one line of help)."""


class Program(click.Group):
    """A group whose commands are rows of a table, imported one at a time."""

    def __init__(self, rows: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(**settings)
        self.rows = rows

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table."""
        del ctx
        return sorted(self.rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name; None when there is none."""
        del ctx
        if cmd_name not in self.rows:
            return None
        module, _, attribute = self.rows[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table's help, without importing any command."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.rows[name][1]) for name in sorted(self.rows)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options that begin so, without importing any command."""
        rows = [CompletionItem(name, help=row[1]) for name, row in self.rows.items() if name.startswith(incomplete)]
        return [*rows, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest name."""
        name = args[0]
        if name not in self.rows and not name.startswith("-"):
            close = difflib.get_close_matches(name, self.rows, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            ctx.fail(f'There is no command "{name}".{hint}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what rudr_py raises on purpose becomes a message and exit code 1."""
        try:
            return super().invoke(ctx)
        except RudrError as error:
            raise click.ClickException(str(error)) from error
        except ExceptionGroup as group:
            ours, others = group.split(RudrError)
            if ours is None or others is not None:
                raise
            raise click.ClickException("\n".join(dict.fromkeys(map(str, _leaves(ours))))) from group


def _leaves(group: BaseExceptionGroup[RudrError]) -> Iterator[RudrError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error


program = Program(
    COMMANDS,
    name="rudr",
    help="The Open Application Model on Kubernetes: documents in, running objects out.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and end the process. As kubectl's plugin `kubectl-rudr` it calls itself `kubectl rudr`."""
    called = PurePath(sys.argv[0]).stem
    name = called.replace("kubectl-", "kubectl ", 1) if called.startswith("kubectl-") else None
    program.main(args=None if arguments is None else list(arguments), prog_name=name)
