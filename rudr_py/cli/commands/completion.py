"""`rudr completion`: scripts for shells, and the completion of kubectl plugins.

kubectl completes the plugin `kubectl-rudr` by running `kubectl_complete-rudr`, which is `for_kubectl`. This module
imports nothing slow, because a shell waits for the result.
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
"""The environment variable by which click recognizes a request for completion; click derives it from the name."""

SHELLS: Final[Mapping[str, type[ShellComplete]]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}

FILES, NO_FILES, DIRECTORIES = 0, 4, 16
"""Values of kubectl's ShellCompDirective: whether the shell also completes files or directories."""


@click.command("completion")
@click.argument("shell", type=click.Choice(list(SHELLS)))
def command(shell: str) -> None:
    """Print a shell completion script for rudr. `kubectl rudr` needs none: kubectl completes its plugins itself.

    Requires Bash 4.4 or later.

    \b
    bash:  rudr completion bash > ~/.local/share/bash-completion/completions/rudr
    zsh:   rudr completion zsh > "${fpath[1]}/_rudr"
    fish:  rudr completion fish > ~/.config/fish/completions/rudr.fish

    \b
    Example: source <(rudr completion bash)
    """
    # BashComplete.source would run bash to read its version
    click.echo(ShellComplete.source(SHELLS[shell](program, {}, NAME, VARIABLE)), nl=False)


def for_kubectl(arguments: Sequence[str] | None = None) -> None:
    """Print completions in kubectl's format: a line for each, and a last line with a directive."""
    words = list(sys.argv[1:] if arguments is None else arguments) or [""]
    completions = ShellComplete(program, {}, NAME, VARIABLE).get_completions(words[:-1], words[-1])
    for line in _lines(completions):
        click.echo(line)


def _lines(completions: Sequence[CompletionItem]) -> Iterator[str]:
    types = {completion.type for completion in completions}
    for completion in completions:
        if completion.type == "plain":
            description = " ".join((completion.help or "").split())
            yield f"{completion.value}\t{description}" if description else str(completion.value)
    directive = FILES if "file" in types else DIRECTORIES if "dir" in types else NO_FILES
    yield f":{directive}"
