"""What is wrong with documents, as lines that people read and editors can jump from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from rudr_py.errors import Location, Problem


class Problems(msgspec.Struct, frozen=True, kw_only=True):
    """Errors and warnings, each once."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def collect(errors: Iterable[Problem], warnings: Iterable[Problem]) -> Problems:
    """All findings; what two sides found is told once."""
    return Problems(errors=_unique(errors), warnings=_unique(warnings))


def lines(findings: Problems, files: Sequence[str] = ()) -> list[str]:
    """One line for each finding: place, severity, JSON path, message and the rule of the specification.

    `files` is the order in which files are told; within one, errors and warnings go from top to bottom.
    """
    told = [("error", problem) for problem in findings.errors]
    told += [("warning", problem) for problem in findings.warnings]
    order = list(dict.fromkeys((*files, *(_file(problem) for _, problem in told))))
    told.sort(key=lambda item: (order.index(_file(item[1])), _position(item[1])))
    return [_line(severity, problem) for severity, problem in told]


class ProblemPrinter:
    """Tells findings as they are found, each once: what was told before, of the same file or document, is left out."""

    def __init__(self, line: Callable[[str], None], files: Sequence[str] = ()) -> None:
        self._line = line
        self._files = files
        self._told: set[tuple[str, str, str]] = set()

    def tell(self, errors: Iterable[Problem], warnings: Iterable[Problem]) -> None:
        """A line for each that is new."""
        new = collect(filter(self._new, errors), filter(self._new, warnings))
        for line in lines(new, self._files):
            self._line(line)

    def _new(self, problem: Problem) -> bool:
        key = (_file(problem) or problem.document, problem.path, problem.message)
        known = key in self._told
        self._told.add(key)
        return not known


def place(location: Location | None) -> str:
    """`file:line:column: ` with only as much as is known."""
    if location is None:
        return ""
    return f"{location}: " if location.line else f"{location.file}: "


def printable(text: str) -> str:
    """The text with everything escaped that a terminal might obey, or that standard output cannot carry."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def counted(number: int, singular: str, plural: str = "") -> str:
    """`1 file`, `2 files`."""
    return f"{number} {singular if number == 1 else plural or singular + 's'}"


def _line(severity: str, problem: Problem) -> str:
    path = "" if problem.path == "$" else f"{problem.path}: "
    document = f"{problem.document}: " if problem.document and problem.location is None else ""
    rule = f" [{problem.rule}]" if problem.rule else ""
    message = " ".join(problem.message.split())
    return printable(f"{place(problem.location)}{severity}: {document}{path}{message}{rule}")


def _unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    unique: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        at = (problem.location.file, *_position(problem)) if problem.location else (problem.document,)
        unique.setdefault((at, problem.path, problem.message), problem)
    return tuple(unique.values())


def _file(problem: Problem) -> str:
    return problem.location.file if problem.location else ""


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.location.line, problem.location.column) if problem.location else (0, 0)
