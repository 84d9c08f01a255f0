"""The table of commands, and the program that runs one of them.

A command is a row: where it is and one line of help. Its module is imported when the command runs or explains
itself, and at no other time, and imports what the command does only when that is to be done: `rudr --help`, a typing
mistake and shell completion must not pay for a controller, a cluster client and JSON Schema. What is imported here
imports click and nothing heavier.

A package adds a command by an entry point in the group `rudr_py.commands`: the name is the command's, the object is a
`click.Command`. It may import click and `rudr_py.api`. No package replaces a command of ours, and a name that two
packages offer is neither's.
"""

from __future__ import annotations

import difflib
import functools
import importlib.metadata
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import click
from click.shell_completion import CompletionItem

import rudr_py
from rudr_py.cli import lazy, process
from rudr_py.cli.process import CommandFailure

COMMANDS: Mapping[str, tuple[str, str]] = {
    "completion": (
        "rudr_py.cli.commands.completion.command:command",
        "Print a script by which a shell completes rudr.",
    ),
    "crds": ("rudr_py.cli.commands.crds.options:command", "Print the custom resource definitions."),
    "demo": ("rudr_py.cli.commands.demo.options:command", "Run the examples on an embedded API until all is Ready."),
    "dev": (
        "rudr_py.cli.commands.dev.options:command",
        "Serve a Kubernetes API with the controller, to try without a cluster.",
    ),
    "doctor": (
        "rudr_py.cli.commands.doctor.options:command",
        "Tell what is wrong with an installation or an application.",
    ),
    "explain": (
        "rudr_py.cli.commands.explain.options:command",
        "Explain an installed trait, workload type or scope type.",
    ),
    "diff": (
        "rudr_py.cli.commands.diff.options:command",
        "Show what applying documents would change, and who owns it.",
    ),
    "plugin": ("rudr_py.cli.commands.plugin_new.options:group", "Write a new plugin: rudr plugin new."),
    "plugins": ("rudr_py.cli.commands.plugins.options:group", "List the installed plugins with their types."),
    "rbac": ("rudr_py.cli.commands.rbac.options:command", "Print the rights that the installed plugins need."),
    "render": ("rudr_py.cli.commands.render.options:command", "Print the Kubernetes objects that documents stand for."),
    "run": ("rudr_py.cli.commands.run.options:command", "Run the controller against a cluster."),
    "status": (
        "rudr_py.cli.commands.status.options:command",
        "Show how applications are doing, and what holds them up.",
    ),
    "tree": ("rudr_py.cli.commands.tree.options:command", "Show the objects of applications, down to the pods."),
    "schema": ("rudr_py.cli.commands.schema.options:command", "Print a JSON Schema by which editors check documents."),
    "traits": (
        "rudr_py.cli.commands.traits.options:command",
        "List the traits, or those that a workload type can have.",
    ),
    "validate": (
        "rudr_py.cli.commands.validate.options:command",
        "Check documents and print everything that is wrong.",
    ),
    "version": ("rudr_py.cli.commands.version.options:command", "Print the version."),
}
"""Name -> (module:attribute, one line of help)."""

GROUP = "rudr_py.commands"
"""The entry-point group of commands of other packages."""


def further() -> dict[str, tuple[str, str]]:
    """The rows of other packages that are installed. Imports none of them."""
    rows: dict[str, tuple[str, str]] = {}
    packages: dict[str, set[str]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "a package without a name"
        packages.setdefault(point.name, set()).add(package)
        rows[point.name] = (point.value, f"A command of {package}.")
    return {name: row for name, row in rows.items() if name not in COMMANDS and len(packages[name]) == 1}


class Program(click.Group):
    """A group whose commands are rows of a table, imported one at a time."""

    def __init__(
        self,
        rows: Mapping[str, tuple[str, str]],
        others: Callable[[], Mapping[str, tuple[str, str]]] = dict,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.own = rows
        self.others = others

    @functools.cached_property
    def rows(self) -> Mapping[str, tuple[str, str]]:
        """The whole table; looked for once it is needed."""
        return {**self.others(), **self.own}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table."""
        del ctx
        return sorted(self.rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of this name; None when there is none."""
        del ctx
        if cmd_name in self.own:
            command: click.Command = lazy.at(self.own[cmd_name][0])
            return command
        return _foreign(cmd_name, *self.rows[cmd_name]) if cmd_name in self.rows else None

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
        asked = not ctx.resilient_parsing  # a shell that completes wants no message
        if asked and name not in self.own and name not in self.rows and not name.startswith("-"):
            close = difflib.get_close_matches(name, self.rows, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            ctx.fail(f'There is no command "{name}".{hint}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what rudr_py raises on purpose becomes a message and exit code 1."""
        with process.ending():
            return super().invoke(ctx)


def _foreign(name: str, place: str, told: str) -> click.Command:
    """The command of another package. Whatever its import raises is a message, not our fault."""
    try:
        found: object = lazy.at(place)
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise CommandFailure(f'error: the command "{name}" cannot be loaded. {told} {what}') from error
    if not isinstance(found, click.Command):
        raise CommandFailure(f'error: the command "{name}" is {type(found).__name__}, not a click.Command. {told}')
    return found


def _version(ctx: click.Context, option: click.Parameter, wanted: bool) -> None:
    """What most programs answer to --version; `rudr version` says more."""
    del option
    if wanted and not ctx.resilient_parsing:
        click.echo(f"rudr-py {rudr_py.__version__}")
        ctx.exit()


program = Program(
    COMMANDS,
    further,
    name="rudr",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Print the version of rudr-py and exit.",
        )
    ],
    help="The Open Application Model on Kubernetes: documents in, running objects out.",
    epilog="Exit codes: 0 done, 1 failed, 2 wrong usage, 130 Ctrl-C; a command whose codes say more tells so.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and end the process. As kubectl's plugin `kubectl-rudr` it calls itself `kubectl rudr`."""
    process.prepare()
    called = PurePath(sys.argv[0]).stem
    name = called.replace("kubectl-", "kubectl ", 1) if called.startswith("kubectl-") else None
    program.main(args=None if arguments is None else list(arguments), prog_name=name)
