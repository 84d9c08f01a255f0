"""Options that several commands share, spelled as kubectl spells them, and what the user said with them.

Imports click and nothing heavier: a command explains itself, and a shell completes it, by these alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import msgspec

from rudr_py.model import names
from rudr_py.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

SORTS: Final = ("trait", "workload", "scope")
"""The sorts of types, as users call them."""

FORMS: Final = ("wide", "yaml", "json", "name", "md")
"""All that `-o` takes somewhere."""


def output(*forms: str, default: str | None = None, explanation: str = "") -> Callable[[F], F]:
    """Add `-o`, which takes these forms; the command gets the form as `form`. Without a default: as people read it."""
    return click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice([form for form in FORMS if form in forms]),
        default=default,
        show_default=True,
        help=explanation,
    )


def filename(explanation: str, *, required: bool = False) -> Callable[[F], F]:
    """Add `-f`, which may be given several times."""
    return click.option(
        "-f",
        "--filename",
        "filenames",
        metavar="FILE|DIR|-",
        type=click.Path(allow_dash=True),
        multiple=True,
        required=required,
        help=explanation,
    )


recursive = click.option("-R", "--recursive", is_flag=True, help="Take directories with all that is in them.")
"""Add `-R`."""


def filenames(command: F) -> F:
    """Add `-f` (several times, required) and `-R`, as kubectl has them."""
    told = "A file, a directory, or - for standard input; may be given several times."
    return filename(told, required=True)(recursive(command))


def one_namespace(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """A namespace, as a callback of click. Raises BadParameter for what cannot be the name of one."""
    wrong = names.wrong_label(value) if value else ""
    if wrong:
        raise click.BadParameter(wrong, context, parameter)
    return value


def several_namespaces(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Namespaces with commas between, as a callback of click. Raises BadParameter as `one_namespace` does."""
    for one in (value or "").split(","):
        one_namespace(context, parameter, one.strip())
    return value


def namespace(command: F) -> F:
    """Add `-n`: the namespace of documents that name none."""
    return click.option(
        "-n",
        "--namespace",
        metavar="NAME",
        default="default",
        show_default=True,
        callback=one_namespace,
        help="The namespace of documents that name none.",
    )(command)


def definitions_namespace(explanation: str = "As for rudr run.", *, default: bool = True) -> Callable[[F], F]:
    """Add `--definitions-namespace`, for a command that looks at what a controller has."""
    return click.option(
        "--definitions-namespace",
        metavar="NAME",
        default=Settings().definitions_namespace if default else None,
        show_default=True,
        envvar="RUDR_DEFINITIONS_NAMESPACE",
        callback=one_namespace,
        help=explanation,
    )


watch = click.option("-w", "--watch", is_flag=True, help="Show it again after every change, until Ctrl-C.")
"""Add `-w`."""

no_headers = click.option("--no-headers", is_flag=True, help="Print no head of the table.")
"""Add `--no-headers`."""

selector = click.option(
    "-l",
    "--selector",
    metavar="LABELS",
    default="",
    help="Only applications with these labels, such as tier=web or 'tier in (web, db),!old'.",
)
"""Add `-l`."""


def one_or_some(flags: Mapping[str, Any]) -> Mapping[str, Any]:
    """The flags, if they do not name an application and select some at once; else a UsageError, in kubectl's words."""
    if flags["name"] and flags["selector"]:
        raise click.UsageError("name cannot be provided when a selector is specified")
    return flags


class ClusterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the user said about the cluster. `namespace` is None for that of the kubeconfig's context."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    everywhere: bool = False


def cluster(*, everywhere: bool = True) -> Callable[[F], F]:
    """Add `--kubeconfig`, `--context`, `-n` and, unless it makes no sense, `-A`; the command gets them as `where`."""

    def add(command: F) -> F:
        @functools.wraps(command)
        def packed(*arguments: Any, **flags: Any) -> Any:
            said = ClusterOptions(
                kubeconfig=flags.pop("kubeconfig"),
                context=flags.pop("context_name"),
                namespace=flags.pop("namespace"),
                everywhere=flags.pop("everywhere", False),
            )
            return command(*arguments, where=said, **flags)

        decorated: Any = packed
        for option in reversed(_CLUSTER if everywhere else _CLUSTER[:-1]):
            decorated = option(decorated)
        return decorated  # type: ignore[no-any-return] # click keeps what it is given

    return add


_CLUSTER = (
    click.option(
        "--kubeconfig",
        metavar="FILE",
        type=click.Path(),
        help="Kubeconfig; default: $KUBECONFIG, in a pod its account, ~/.kube/config.",
    ),
    click.option("--context", "context_name", metavar="NAME", help="The context of the kubeconfig to use."),
    click.option(
        "-n", "--namespace", metavar="NAME", callback=one_namespace, help="The namespace; default: that of the context."
    ),
    click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="Look into all namespaces."),
)


def plugins(command: F) -> F:
    """Add `--plugins`, `--no-plugins`, `--strict-plugins` and `--state-dir`; `said_of_plugins` has what was given."""
    for option in reversed(_PLUGINS):
        command = option(command)
    return command


def said_of_plugins(context: click.Context) -> Mapping[str, Any]:
    """What `plugins` has read for this command, by parameter."""
    said: Mapping[str, Any] = context.meta.get(_META, {})
    return said


_META = "rudr_py.cli.commands.plugins.command"


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    context.meta.setdefault(_META, {})[str(parameter.name)] = value


_PLUGINS = (
    click.option(
        "--plugins",
        metavar="NAMES",
        envvar="RUDR_PLUGINS",
        expose_value=False,
        callback=_keep,
        help="Load these plugins only, by name or package, with commas between; default: all.",
    ),
    click.option(
        "--no-plugins",
        is_flag=True,
        envvar="RUDR_NO_PLUGINS",
        expose_value=False,
        callback=_keep,
        help="Load no plugin; the standard types are always there.",
    ),
    click.option(
        "--strict-plugins",
        is_flag=True,
        envvar="RUDR_STRICT_PLUGINS",
        expose_value=False,
        callback=_keep,
        help="Fail when a plugin cannot be used, instead of going on without it.",
    ),
    click.option(
        "--state-dir",
        metavar="DIR",
        envvar="RUDR_STATE_DIR",
        type=click.Path(file_okay=False, path_type=Path),
        expose_value=False,
        callback=_keep,
        help="Where it is remembered which types have ended a process; default: nowhere.",
    ),
)
