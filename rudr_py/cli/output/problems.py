"""Problems of documents as lines that people read and from which editors jump to the place. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from rudr_py.cli.output import plain_text
from rudr_py.errors import Location, MoreProblems, Problem


class Problems(msgspec.Struct, frozen=True, kw_only=True):
    """Errors and warnings, without duplicates."""

    errors: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @classmethod
    def collect(cls, errors: Iterable[Problem], warnings: Iterable[Problem]) -> Problems:
        """All problems; those with the same place and message count once."""
        return cls(errors=_unique(errors), warnings=_unique(warnings))

    def ordered(self, files: Sequence[str] = ()) -> list[tuple[str, Problem]]:
        """All problems with their severities, in the order of `files`, and within a file of their positions."""
        problems = [("error", problem) for problem in self.errors]
        problems += [("warning", problem) for problem in self.warnings]
        order = list(dict.fromkeys((*files, *(_file(problem) for _, problem in problems))))
        numbers = {file: number for number, file in enumerate(order)}
        return sorted(problems, key=lambda item: (numbers[_file(item[1])], _position(item[1])))

    def lines(self, files: Sequence[str] = ()) -> list[str]:
        """A line for each of `ordered`: location, severity, JSON path, message and rule of the specification."""
        return [_line(severity, problem) for severity, problem in self.ordered(files)]

    def masked(self, mask: Callable[[str], str]) -> Problems:
        """The problems with texts that `mask` returns for their messages and paths."""

        def replaced(problems: Iterable[Problem]) -> tuple[Problem, ...]:
            return tuple(
                msgspec.structs.replace(problem, message=mask(problem.message), path=mask(problem.path))
                for problem in problems
            )

        return Problems(errors=replaced(self.errors), warnings=replaced(self.warnings))

    def strict(self) -> Problems:
        """The problems with all warnings as errors."""
        return Problems(errors=(*self.errors, *self.warnings))


class ProblemPrinter:
    """Collects problems and prints them in the order of files. A problem that is added again for the same document is
    left out.
    """

    def __init__(self, echo: Callable[[str], None], files: Sequence[str] = ()) -> None:
        self._echo = echo
        self._files = files
        self._printed: set[tuple[str, ...]] = set()
        self._added: dict[int, str] = {}
        self._problems = Problems()

    def add(self, errors: Iterable[Problem], warnings: Iterable[Problem], application: str = "") -> None:
        """Add those that are new; `application` is the namespace and the name of one, which its lines end with."""
        new = Problems.collect(
            (problem for problem in errors if self._is_new(problem, application)),
            (problem for problem in warnings if self._is_new(problem, application)),
        )
        suffix = f" (application {application})" if application else ""
        self._added |= dict.fromkeys(map(id, (*new.errors, *new.warnings)), suffix)
        self._problems = Problems(
            errors=(*self._problems.errors, *new.errors), warnings=(*self._problems.warnings, *new.warnings)
        )

    def note(self, text: str) -> None:
        """Print a sentence that is no problem."""
        self._echo(text)

    def flush(self) -> None:
        """Print all that were added since the last call."""
        for severity, problem in self._problems.ordered(self._files):
            self._echo(f"{_line(severity, problem)}{self._added[id(problem)]}")
        self._problems = Problems()

    def _is_new(self, problem: Problem, application: str) -> bool:
        namespace = application.partition("/")[0]
        document = (namespace, problem.document) if problem.document else (application,)
        key = (*((_file(problem),) if problem.location else document), problem.path, problem.message)
        is_new = key not in self._printed
        self._printed.add(key)
        return is_new


def location_prefix(location: Location | None) -> str:
    """`file:line:column: `, `file: ` without a line, or an empty text."""
    if location is None:
        return ""
    return f"{location}: " if location.line else f"{location.file}: "


def _line(severity: str, problem: Problem) -> str:
    path = "" if problem.path == "$" else f"{problem.place}: "
    document = f"{problem.document}: " if problem.document and problem.location is None else ""
    rule = f" [{problem.rule}]" if problem.rule else ""
    message = " ".join(problem.message.split())
    return plain_text.printable(f"{location_prefix(problem.location)}{severity}: {document}{path}{message}{rule}")


def _unique(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    unique: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        place = (problem.location.file, *_position(problem)) if problem.location else (problem.document,)
        if isinstance(problem, MoreProblems):
            # those of a document alone are among those of its application
            other = unique.get((place,))
            if not isinstance(other, MoreProblems) or other.count < problem.count:
                unique[place,] = problem
        else:
            unique.setdefault((place, problem.path, problem.message), problem)
    # the check of an application adds facts to some problems of a component; those of the first application count
    counted: dict[tuple[object, ...], Problem] = {}
    for key, problem in unique.items():
        if _without_facts(problem) != problem.message:
            counted.setdefault((key[0], problem.path, _without_facts(problem)), problem)
    return tuple(
        problem
        for key, problem in unique.items()
        if counted.get((key[0], problem.path, _without_facts(problem)), problem) is problem
    )


def _without_facts(problem: Problem) -> str:
    """The message without its last words, if they are in parentheses."""
    return problem.message.rpartition(" (")[0] if problem.message.endswith(")") else problem.message


def _file(problem: Problem) -> str:
    return problem.location.file if problem.location else ""


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.location.line, problem.location.column) if problem.location else (0, 0)
