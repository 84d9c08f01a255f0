"""Commands that are executed in pods: an annotation sets their output and exit code. Nothing runs. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import msgspec

from rudr_py.local.storage.store import Object

EXEC_ANNOTATION = "local.rudr.dev/exec"
"""On a pod or a pod template: a JSON object from command to output, or to the fields of a `CommandResult`."""

ANY_COMMAND = "*"


class CommandResult(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The output of a command, its error output, and its exit code."""

    output: str = ""
    error_output: str = ""
    exit_code: int = 0


class UnscriptedCommandError(Exception):
    """The pod has no script for a command."""


def run(pod: Object, container: str, arguments: Sequence[str]) -> CommandResult:
    """Return the result of a command. Raises `UnscriptedCommandError`."""
    written = shlex.join(arguments)
    metadata = pod["metadata"]
    annotation = (metadata.get("annotations") or {}).get(EXEC_ANNOTATION)
    where = f'container "{container}" of pod "{metadata["name"]}" in namespace "{metadata["namespace"]}"'
    if annotation is None:
        raise UnscriptedCommandError(
            f'nothing runs in {where}, which the local API simulates: "{written}" was not executed; the annotation '
            f"{EXEC_ANNOTATION} of the pod can script its output"
        )
    try:
        scripts = msgspec.json.decode(annotation, type=dict[str, str | CommandResult])
    except msgspec.DecodeError as error:
        raise UnscriptedCommandError(f"the annotation {EXEC_ANNOTATION} of {where} is invalid: {error}") from error
    script = scripts.get(written, scripts.get(" ".join(arguments), scripts.get(ANY_COMMAND)))
    if script is None:
        raise UnscriptedCommandError(f'the annotation {EXEC_ANNOTATION} of {where} has no command "{written}"')
    return CommandResult(output=script) if isinstance(script, str) else script


def status(result: CommandResult) -> dict[str, Any]:
    """Return the Status that ends a command."""
    if not result.exit_code:
        return {"metadata": {}, "status": "Success"}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {result.exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [{"reason": "ExitCode", "message": str(result.exit_code)}]},
    }
