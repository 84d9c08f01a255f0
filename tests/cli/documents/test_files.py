"""`-f`: the files that are read, their order, and problems of files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rudr_py.cli.documents import files
from rudr_py.cli.documents.files import FileContents

Write = Callable[..., str]


def _nothing() -> bytes:
    raise AssertionError("standard input was read")


def _read(*names: str, recursive: bool = False, stdin: Callable[[], bytes] = _nothing) -> FileContents:
    return files.read(names, recursive=recursive, stdin=stdin)


def _values(reading: FileContents) -> list[object]:
    return [document.value["a"] for document in reading.documents]


def test_a_file_can_contain_several_documents(write: Write) -> None:
    name = write("x.yaml", "a: 1\n", "a: 2\n")
    reading = _read(name)
    assert _values(reading) == [1, 2]
    assert str(reading.documents[1].positions.of_key("$.a")) == f"{name}:3:1"
    assert reading.problems == ()


def test_a_directory_is_read_by_name_and_suffix(tmp_path: Path, write: Write) -> None:
    write("b.yml", "a: 2\n")
    write("a.yaml", "a: 1\n")
    write("c.json", '{"a": 3}')
    write("notes.txt", "a: 4\n")
    write("deeper/d.yaml", "a: 5\n")
    assert _values(_read(str(tmp_path))) == [1, 2, 3]
    assert _values(_read(str(tmp_path), recursive=True)) == [1, 2, 3, 5]


def test_a_named_file_can_have_any_suffix(write: Write) -> None:
    assert _values(_read(write("notes.txt", "a: 4\n"))) == [4]


def test_a_dash_reads_standard_input_once() -> None:
    reading = _read("-", "-", stdin=lambda: b"a: 7\n")
    assert _values(reading) == [7]
    assert reading.documents[0].name == "<stdin>"


def test_a_file_is_read_once(tmp_path: Path, write: Write) -> None:
    name = write("x.yaml", "a: 1\n")
    reading = _read(name, str(tmp_path), f"{tmp_path}/../{tmp_path.name}/x.yaml")
    assert _values(reading) == [1]
    assert reading.files == (name,)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a: [1\n", "not valid YAML"), (b"- 1\n", "must be a map"), (b"\xff\xfe\xfd", "UTF"), (b"a: 1\na: 2\n", "a")],
)
def test_an_invalid_file_does_not_stop_the_reading_of_other_files(content: bytes, message: str, tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.yaml", tmp_path / "good.yaml"
    bad.write_bytes(content)
    good.write_text("a: 1\n")
    reading = _read(str(bad), str(good))
    assert _values(reading) == [1]
    (problem,) = reading.problems
    assert message in problem.message
    assert problem.location is not None
    assert problem.location.file == str(bad)


def test_a_missing_file_is_a_problem_with_its_name(tmp_path: Path) -> None:
    (problem,) = _read(str(tmp_path / "absent.yaml")).problems
    assert problem.location is not None
    assert problem.location.file.endswith("absent.yaml")


def test_an_empty_name_is_not_the_working_directory() -> None:
    reading = _read("")
    assert reading.documents == ()
    assert [problem.message for problem in reading.problems] == ["the name of a file or directory is empty"]


def test_an_empty_directory_is_reported_with_the_suffixes(tmp_path: Path, write: Write) -> None:
    write("deeper/d.yaml", "a: 5\n")
    (problem,) = _read(str(tmp_path)).problems
    assert "*.yaml" in problem.message
    assert "-R" in problem.message


def test_cyclic_links_are_not_followed(tmp_path: Path, write: Write) -> None:
    write("d/x.yaml", "a: 1\n")
    (tmp_path / "d" / "again").symlink_to(tmp_path / "d")
    assert _values(_read(str(tmp_path), recursive=True)) == [1]
