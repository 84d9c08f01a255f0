"""The table of commands, and the program that runs one of them.

The module of a command is imported when the command runs, shows its own help or completes its own options, and at no
other time. This module imports click and nothing heavier.

A package adds a command with an entry point in the group `rudr_py.commands`: its name is the name of the command, its
object a `click.Command`. A command may import click and `rudr_py.api`. A package cannot replace a built-in command. A
name that two packages use is not available.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.metadata
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final, NamedTuple

import click
from click.shell_completion import CompletionItem

import rudr_py
from rudr_py.cli import process
from rudr_py.cli.process import CommandFailure

EXTRA: Final = "'rudr-py[local]'"
"""The requirement that installs everything that built-in commands import."""

GROUP: Final = "rudr_py.commands"
"""The entry-point group of commands of other packages."""


class CommandEntry(NamedTuple):
    """The place of a `click.Command` as `module:attribute`, and its line in the help of `rudr`."""

    target: str
    help: str


_BUILTIN: Mapping[str, tuple[str, str]] = {
    "completion": ("completion", "Print a shell completion script for rudr."),
    "convert": ("convert.command", "Print documents of earlier releases in the form of v1alpha1."),
    "crds": ("crds", "Print the custom resource definitions."),
    "demo": ("demo", "Run the examples on an embedded API until all are Ready."),
    "dev": ("dev.command", "Serve a local Kubernetes API with the controller."),
    "diff": ("diff.command", "Preview the changes that applying documents would make."),
    "digest": ("digest", "Print the digests of documents in their canonical form."),
    "doctor": ("doctor.command", "Diagnose an installation or an application."),
    "down": ("up.down", "Stop the applications that rudr up has started."),
    "explain": ("explain", "Describe an installed trait, workload type or scope type."),
    "export": ("export.command", "Write applications as files of another platform."),
    "history": ("history", "List the revisions of an application."),
    "logs": ("up.logs", "Print the logs of the applications that rudr up has started."),
    "plugin": ("plugin", "Create a plugin package: rudr plugin new."),
    "plugins": ("plugins", "List the installed plugins and their types."),
    "promote": ("promote", "Let an application take the changes of its components."),
    "rbac": ("rbac", "Print the RBAC roles that the installed plugins need."),
    "render": ("render", "Print the Kubernetes objects that documents render to."),
    "rollback": ("rollback", "Write the documents of an earlier revision of an application."),
    "run": ("run", "Run the controller against a cluster."),
    "schema": ("schema.command", "Print a JSON Schema of the documents, for editors."),
    "status": ("status.command", "Show the status of applications and the pods that are not ready."),
    "traits": ("traits", "List the installed traits, or those that fit a workload type."),
    "tree": ("tree.command", "Show the objects of applications as a tree, down to the pods."),
    "up": ("up.command", "Run applications with a container engine of this machine."),
    "validate": ("validate", "Check documents and print all problems."),
    "version": ("version", "Print the version."),
}

COMMANDS: Mapping[str, CommandEntry] = {
    name: CommandEntry(f"rudr_py.cli.commands.{module}:command", text) for name, (module, text) in _BUILTIN.items()
}
"""The built-in commands by name."""


def installed_commands() -> dict[str, CommandEntry]:
    """The commands of other packages, by name. Imports none of them."""
    entries: dict[str, CommandEntry] = {}
    packages: dict[str, set[str]] = {}
    for point in importlib.metadata.entry_points(group=GROUP):
        package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "a package without a name"
        packages.setdefault(point.name, set()).add(package)
        entries[point.name] = CommandEntry(point.value, f"A command of {package}.")
    return {name: entry for name, entry in entries.items() if name not in COMMANDS and len(packages[name]) == 1}


class Program(click.Group):
    """A group whose commands are entries of a table, imported one at a time."""

    def __init__(
        self,
        builtin: Mapping[str, CommandEntry],
        installed: Callable[[], Mapping[str, CommandEntry]] = dict,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self._builtin = builtin
        self._installed = installed

    @functools.cached_property
    def entries(self) -> Mapping[str, CommandEntry]:
        """All commands. The first use reads the metadata of the installed packages."""
        return {**self._installed(), **self._builtin}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the table."""
        del ctx
        return sorted(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command. Returns None for a name that is not in the table.

        Raises CommandFailure when the command cannot be imported; completion gets None instead.
        """
        try:
            if cmd_name in self._builtin:
                return _import_builtin(cmd_name, self._builtin[cmd_name].target)
            return _import_installed(cmd_name, self.entries[cmd_name]) if cmd_name in self.entries else None
        except CommandFailure:
            if ctx.resilient_parsing:
                return None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of the table, without importing any command."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.entries[name].help) for name in sorted(self.entries)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and options with this prefix, without importing any command."""
        entries = self.entries.items()
        commands = [CompletionItem(name, help=entry.help) for name, entry in entries if name.startswith(incomplete)]
        return [*commands, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; the error for an unknown one suggests the nearest name."""
        name = args[0]
        unknown = name not in self._builtin and name not in self.entries and not name.startswith("-")
        if unknown and not ctx.resilient_parsing:
            close = difflib.get_close_matches(name, self.entries, n=1)
            hint = f' Did you mean "{close[0]}"?' if close else ""
            ctx.fail(f'unknown command "{name}".{hint}')
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Errors of rudr_py become a message and exit code 1."""
        with process.ending():
            return super().invoke(ctx)


def _import_target(target: str) -> Any:
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)


def _import_builtin(name: str, target: str) -> click.Command:
    try:
        command: click.Command = _import_target(target)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("", "rudr_py"):
            raise
        message = f'error: the command "{name}" needs the package {error.name}: pip install {EXTRA}'
        raise CommandFailure(message) from error
    return command


def _import_installed(name: str, entry: CommandEntry) -> click.Command:
    try:
        command: object = _import_target(entry.target)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise CommandFailure(f'error: the command "{name}" cannot be loaded. {entry.help} {reason}') from error
    if not isinstance(command, click.Command):
        class_name = type(command).__name__
        raise CommandFailure(f'error: the command "{name}" is {class_name}, not a click.Command. {entry.help}')
    return command


def _print_version(ctx: click.Context, option: click.Parameter, value: bool) -> None:
    del option
    if value and not ctx.resilient_parsing:
        click.echo(f"rudr-py {rudr_py.__version__}")
        ctx.exit()


program = Program(
    COMMANDS,
    installed_commands,
    name="rudr",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version of rudr-py and exit.",
        )
    ],
    help="The Open Application Model on Kubernetes: render, run and inspect OAM applications.",
    epilog="Exit codes: 0 success, 1 failure, 2 wrong usage, 130 Ctrl-C. Commands with other meanings document them.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit. Started as the kubectl plugin `kubectl-rudr`, its help names it `kubectl rudr`."""
    process.prepare()
    executable = PurePath(sys.argv[0]).stem
    name = executable.replace("kubectl-", "kubectl ", 1) if executable.startswith("kubectl-") else None
    program.main(args=None if arguments is None else list(arguments), prog_name=name)
