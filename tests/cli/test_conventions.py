"""Conventions of all commands, which are those of kubectl."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast, get_args

import click
import pytest

from rudr_py.cli.options import flags
from rudr_py.cli.program import COMMANDS, program
from rudr_py.plugins.scaffold import Sort
from tests.cli.conftest import Invoke

LONG = {
    "-A": "--all-namespaces",
    "-R": "--recursive",
    "-f": "--filename",
    "-h": "--help",
    "-l": "--selector",
    "-m": "--metrics-bind-address",
    "-n": "--namespace",
    "-o": "--output",
    "-v": "--verbose",
    "-w": "--watch",
}
"""Every letter means the same everywhere; all but -m, which is Rudr's, and -v are kubectl's."""

OTHER_MEANING = {("export", "-o"), ("logs", "-f")}
"""A directory for many files, as in Kompose, and kubectl's --follow."""

WITHOUT_LETTER = {("explain", "--recursive")}
"""As kubectl has it."""


def commands(group: click.Group, words: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if words or name in COMMANDS:
            yield " ".join((*words, name)), command
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))


ALL = dict(commands(program))


def taken(command: click.Command) -> dict[str, click.Option]:
    """The options of a command, by every spelling."""
    return {name: option for option in command.params if isinstance(option, click.Option) for name in option.opts}


every = pytest.mark.parametrize("name", ALL)


@every
def test_a_letter_means_the_same_everywhere(name: str) -> None:
    options = taken(ALL[name])
    for letter, long in LONG.items():
        if (name, letter) in OTHER_MEANING:
            continue
        if letter in options:
            assert options.get(long) is options[letter]
        elif long in options:
            assert (name, long) in WITHOUT_LETTER
    assert {one for one in options if re.fullmatch("-.", one)} <= LONG.keys()


@every
def test_the_help_of_an_option_is_a_sentence(name: str) -> None:
    for spelling, option in taken(ALL[name]).items():
        assert option.help, spelling
        assert option.help[0].isupper() or option.help.split()[0] in (*flags.OUTPUT_FORMATS, "debug,"), spelling
        assert re.search(r"[.\]]$", option.help), spelling


@every
def test_output_formats_have_the_same_names_and_order_everywhere(name: str) -> None:
    option = taken(ALL[name]).get("--output")
    if option is not None:
        assert isinstance(option.type, click.Choice)
        assert list(option.type.choices) == [form for form in flags.OUTPUT_FORMATS if form in option.type.choices]
        assert {"yaml", "json"} <= set(option.type.choices)


@pytest.mark.parametrize("line", ["traits", "traits --workload Server -o wide", "plugins", "rbac -o wide", "explain"])
def test_no_headers_omits_the_header_row(line: str, invoke: Invoke) -> None:
    first, *rest = invoke(*line.split()).stdout.splitlines()
    assert first == first.upper()
    assert invoke(*line.split(), "--no-headers").stdout.splitlines() == rest


@every
def test_a_command_with_a_table_has_no_headers(name: str) -> None:
    options = taken(ALL[name])
    if "--output" in options and "wide" in cast(click.Choice[str], options["--output"].type).choices:
        assert "--no-headers" in options


@every
def test_a_command_for_a_cluster_has_the_options_of_kubectl(name: str) -> None:
    options = taken(ALL[name])
    if "--context" in options:
        assert "--kubeconfig" in options
        assert "-n" in options or "--watch-namespace" in options
    if "-A" in options:
        assert {"-n", "--context", "-l", "-w"} <= options.keys()  # it lists applications


@every
def test_an_invalid_namespace_is_wrong_usage(name: str) -> None:
    for spelling, option in taken(ALL[name]).items():
        if spelling in ("-n", "--definitions-namespace", "--watch-namespace"):
            context = click.Context(ALL[name])
            assert option.process_value(context, "shop") == "shop"
            with pytest.raises(click.BadParameter, match="lower-case letters"):
                option.process_value(context, "shop,A B" if spelling == "--watch-namespace" else "..")


@every
def test_a_command_with_files_has_recursive(name: str) -> None:
    options = taken(ALL[name])
    if "--filename" in options:
        assert options["--filename"].multiple
        assert "-R" in options or name in ("dev", "demo")  # which look into all directories


@every
def test_files_and_directories_are_completed_by_the_shell(name: str) -> None:
    for option in taken(ALL[name]).values():
        if re.search(r"FILE|DIR", option.metavar or ""):
            assert isinstance(option.type, click.Path), option.name


@every
def test_color_has_the_same_values_everywhere(name: str) -> None:
    option = taken(ALL[name]).get("--color")
    if option is not None:
        assert isinstance(option.type, click.Choice)
        assert list(option.type.choices) == ["auto", "always", "never"]


@every
def test_special_exit_codes_are_documented_in_the_help(name: str) -> None:
    """The standard exit codes are in the help of `rudr`."""
    if name in ("status", "diff", "doctor", "validate", "render", "plugins", "run", "demo"):
        assert re.search(r"\b[Ee]xits? with", " ".join((ALL[name].help or "").split()))


def test_the_exit_codes_of_all_commands_are_in_the_help() -> None:
    help_text = program.get_help(click.Context(program, info_name="rudr"))
    for code in ("0", "1", "2", "130"):
        assert re.search(rf"\b{code}\b", help_text)


def test_the_categories_of_types_are_those_of_the_scaffold() -> None:
    assert flags.CATEGORIES == get_args(flags.Category) == get_args(Sort)
