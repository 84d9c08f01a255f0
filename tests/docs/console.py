"""Runs the `rudr` commands of a page in this process, and compares their output with the page.

The commands of a block ```` ```console ```` run in a folder with the project's `examples/` and `crds/`. The word
`cluster` after `console` means that the commands need a cluster; only their options are checked. A line `...` matches
any lines, and `…` at the end of a line matches its rest.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import click
from click.testing import CliRunner, Result

from rudr_py.cli.program import program
from rudr_py.plugins.loading import LoadedPlugins
from tests.docs.pages import Block, Page

CLUSTER = "cluster"


@dataclass(frozen=True)
class PageCommand:
    """A command on a page: its line, the output below it, and whether it runs without a cluster."""

    page: str
    line: str
    output: str
    offline: bool

    @property
    def words(self) -> list[str]:
        """The words of the command, split as by a shell, up to a pipe or a semicolon."""
        return shlex.split(re.split(r" [|;>&]", self.line)[0], comments=True)


def commands(page: Page) -> list[PageCommand]:
    """Every line that begins with `$ ` in a block `console`, with the output below it."""
    return [command for block in page.blocks if block.language == "console" for command in _commands(page, block)]


def _commands(page: Page, block: Block) -> list[PageCommand]:
    commands: list[PageCommand] = []
    for part in re.split(r"^\$ ", block.text.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
        line, _, output = part.partition("\n")
        commands.append(PageCommand(page.name, line, output, block.argument == ""))
    return commands


def run(command: PageCommand, loaded: LoadedPlugins) -> Result:
    """Run the command. Raises AssertionError for invalid usage."""
    done = CliRunner().invoke(program, command.words[1:], obj=loaded, catch_exceptions=False)
    if done.exit_code not in (0, 1):
        raise AssertionError(f"{command.page}: {command.line} ends with {done.exit_code}\n{done.output}")
    return done


def parse(words: list[str]) -> None:
    """Check that the command and its options exist. Raises click.UsageError."""
    command: click.Command | None = program
    parent: click.Context | None = None
    rest = words[1:]
    while command is not None and not {"-h", "--help"} & set(rest):
        context = command.make_context(command.name, list(rest), parent=parent)
        if not isinstance(command, click.Group):
            return
        rest = [*context._protected_args, *context.args]  # the words that the group did not consume
        _, command, rest = command.resolve_command(context, rest) if rest else (None, None, [])
        parent = context


def fits(expected: str, printed: str) -> bool:
    """Whether the output matches the page."""
    pattern = ""
    for line in expected.strip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            text = line.rstrip()
            pattern += (re.escape(text[:-1]) + ".*" if text.endswith("…") else re.escape(text)) + r"[ ]*\n"
    return re.fullmatch(pattern, printed.strip() + "\n") is not None
