"""The result of a comparison: the differences, the errors and their numbers, as text and as data. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.cli.output import colour, documents, plain_text

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


class DiffError(msgspec.Struct, frozen=True, kw_only=True):
    """An error of an application, in a namespace."""

    namespace: str
    application: str
    message: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.application}: {self.message}"


class DiffResult(msgspec.Struct, frozen=True, kw_only=True):
    """The differences and errors by application. `unchanged` is the number of objects without a difference.

    `problems` are those of invalid documents. `failed` is whether something could not be compared. `counts_restarts` is
    whether the differences have the numbers of pods that restart.
    """

    differences: tuple[DocumentDiff, ...] = ()
    errors: tuple[DiffError, ...] = ()
    problems: tuple[DiffError, ...] = ()
    unchanged: int = 0
    failed: bool = False
    counts_restarts: bool = False

    @classmethod
    def merged(cls, results: Iterable[DiffResult]) -> DiffResult:
        """The results of several applications as one."""
        listed = list(results)
        return cls(
            differences=tuple(difference for result in listed for difference in result.differences),
            errors=tuple(error for result in listed for error in result.errors),
            problems=tuple(problem for result in listed for problem in result.problems),
            unchanged=sum(result.unchanged for result in listed),
            failed=any(result.failed for result in listed),
            counts_restarts=any(result.counts_restarts for result in listed),
        )

    @property
    def numbers(self) -> dict[str, int]:
        """The number of objects by change, and those without a change and with an error."""
        counts = Counter(difference.change for difference in self.differences)
        return {
            "create": counts["create"],
            "change": counts["change"],
            "delete": counts["delete"],
            "replace": counts["replace"],
            "unchanged": self.unchanged,
            "failed": len(self.errors),
            **({"restarts": sum(self._restarts)} if self.counts_restarts else {}),
        }

    @property
    def _restarts(self) -> list[int]:
        """The numbers of pods that restart, one for each workload."""
        return [difference.restarts for difference in self.differences if difference.restarts is not None]

    @property
    def summary(self) -> str:
        """The numbers as one line. Those of replaced objects and errors are left out if they are zero."""
        numbers = self.numbers
        parts = [f"{numbers[name]} to {name}" for name in ("create", "change", "delete")]
        parts.append(f"{numbers['unchanged']} unchanged")
        parts += [f"{numbers['replace']} to replace"] if numbers["replace"] else []
        parts += [f"{numbers['failed']} failed"] if numbers["failed"] else []
        if self.counts_restarts:
            workloads = plain_text.counted(len(self._restarts), "workload")
            parts.append(f"{plain_text.counted(numbers['restarts'], 'pod')} of {workloads} to restart")
        return ", ".join(parts)


def text(differences: Sequence[DocumentDiff], *, colours: bool) -> Iterator[str]:
    """For each object the kind of change, remarks, and a unified diff that `patch` accepts."""
    for difference in differences:
        title = f"# {difference.ref} in {difference.namespace}: {difference.outcome}"
        yield colour.paint(title, on=colours, bold=True)
        for remark in difference.remarks:
            yield f"# {plain_text.printable(remark)}"
        for number, line in enumerate(document_diff.lines(difference)):
            yield colour.paint(line, _COLOURS.get(line[:1], "") if number > 1 else "", on=colours)


def data(result: DiffResult, output_format: str) -> str:
    """The result as JSON or YAML. `live` and `merged` are the two states, without defaults of the server."""
    value = {
        "summary": result.numbers,
        "items": [_item(difference) for difference in result.differences],
        "errors": [msgspec.to_builtins(error) for error in (*result.problems, *result.errors)],
    }
    return documents.data(value, output_format)


def _item(diff: DocumentDiff) -> dict[str, Any]:
    live, merged = document_diff.states(diff)
    return {
        "application": diff.application,
        "namespace": diff.namespace,
        "apiVersion": diff.ref.kind.api_version,
        "kind": diff.ref.kind.kind,
        "name": diff.ref.name,
        "change": diff.change,
        "blocked": diff.blocked,
        "notes": list(diff.notes),
        "owners": document_diff.owners(diff),
        "live": live,
        "merged": merged,
        **({} if diff.restarts is None else {"restarts": diff.restarts}),
    }
