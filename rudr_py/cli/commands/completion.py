"""`rudr completion`: scripts by which shells complete commands, options and names of types; and kubectl's way to ask.

kubectl completes a plugin `kubectl-rudr` by running `kubectl_complete-rudr`, which `for_kubectl` is. Imports nothing
that is slow: a shell waits for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import click
from click.shell_completion import BashComplete, CompletionItem, FishComplete, ShellComplete, ZshComplete

from rudr_py.cli.program import program

NAME: Final = "rudr"
VARIABLE: Final = "_RUDR_COMPLETE"
"""The environment variable by which click knows that a shell asks; made of the name, as click makes it."""

SHELLS: Final[Mapping[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}

FILES, NO_FILES, DIRECTORIES = 0, 4, 16
"""What kubectl is to do beside what it was given: its ShellCompDirective."""


@click.command("completion")
@click.argument("shell", type=click.Choice(list(SHELLS)))
def command(shell: str) -> None:
    """Print a script by which a shell completes rudr. For `kubectl rudr` none is needed: kubectl asks by itself.

    Bash needs version 4.4 or later.

    \b
    bash:  rudr completion bash > ~/.local/share/bash-completion/completions/rudr
    zsh:   rudr completion zsh > "${fpath[1]}/_rudr"
    fish:  rudr completion fish > ~/.config/fish/completions/rudr.fish

    \b
    Example: source <(rudr completion bash)
    """
    click.echo(script(shell), nl=False)


def script(shell: str) -> str:
    """The script for a shell."""
    # not BashComplete.source, which runs bash to learn its version
    return ShellComplete.source(SHELLS[shell](program, {}, NAME, VARIABLE))


def for_kubectl(arguments: Sequence[str] | None = None) -> None:
    """Print what may follow, as kubectl reads it: a line each, and a number that says whether files may, too."""
    given = list(sys.argv[1:] if arguments is None else arguments) or [""]
    found = ShellComplete(program, {}, NAME, VARIABLE).get_completions(given[:-1], given[-1])
    for line in _answer(found):
        click.echo(line)


def _answer(found: Sequence[CompletionItem]) -> Iterator[str]:
    kinds = {item.type for item in found}
    for item in found:
        if item.type == "plain":
            told = " ".join((item.help or "").split())
            yield f"{item.value}\t{told}" if told else str(item.value)
    directive = FILES if "file" in kinds else DIRECTORIES if "dir" in kinds else NO_FILES
    yield f":{directive}"
