"""Lines about problems."""

from __future__ import annotations

from rudr_py.cli.output.problems import Problems, location_prefix
from rudr_py.errors import Location, Problem


def _problem(message: str, file: str, line: int, **fields: str) -> Problem:
    return Problem(message, location=Location(file, line, 3), **fields)


def test_a_line_contains_location_severity_path_message_and_rule() -> None:
    problems = Problems.collect([_problem("is wrong", "a.yaml", 4, path="$.spec", rule="AC-7")], [])
    assert problems.lines() == ["a.yaml:4:3: error: $.spec: is wrong [AC-7]"]


def test_problems_of_a_file_are_sorted_by_position() -> None:
    errors = [_problem("three", "b", 3), _problem("one", "b", 1), _problem("x", "a", 9)]
    problems = Problems.collect(errors, [_problem("two", "b", 2)])
    assert [line.split(": ", 1)[1] for line in problems.lines()] == [
        "error: one",
        "warning: two",
        "error: three",
        "error: x",
    ]


def test_problems_are_in_the_order_of_the_files() -> None:
    problems = Problems.collect([_problem("late", "b", 1), _problem("early", "a", 1)], [])
    assert problems.lines(("a", "b")) == ["a:1:3: error: early", "b:1:3: error: late"]


def test_equal_problems_are_printed_once() -> None:
    one = _problem("is wrong", "a", 1)
    other = Problem("is wrong", location=one.location, document="componentschematic/web")
    assert Problems.collect([one, other], []).errors == (one,)


def test_a_problem_without_a_location_names_its_document() -> None:
    problems = Problems.collect([Problem("is wrong", "$.spec", document="componentschematic/web")], [])
    assert problems.lines() == ["error: componentschematic/web: $.spec: is wrong"]


def test_a_location_without_a_line_is_the_file() -> None:
    assert location_prefix(Location("a.yaml", 0, 0)) == "a.yaml: "


def test_a_message_of_several_lines_stays_one_line() -> None:
    assert Problems.collect([Problem("a\n  b")], []).lines() == ["error: a b"]


def test_control_characters_of_a_document_are_escaped() -> None:
    (line,) = Problems.collect([Problem("\x1b[2J \udcff ä")], []).lines()
    assert line == "error: \\x1b[2J \\udcff ä"
