"""`-f`: the files that are read, their order, and problems of files."""

from __future__ import annotations

import os
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
    write("b.yml", "kind: A\na: 2\n")
    write("a.yaml", "kind: A\na: 1\n")
    write("c.json", '{"kind": "A", "a": 3}')
    write("notes.txt", "kind: A\na: 4\n")
    write("deeper/d.yaml", "kind: A\na: 5\n")
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


def test_the_documents_of_a_file_that_precede_a_syntax_error_are_read(write: Write) -> None:
    reading = _read(write("x.yaml", "a: 1\n", "a: 2\na: 2\n", "a: 3\n", "a: [\n", "a: 4\n"))
    assert _values(reading) == [1, 3]
    assert [problem.location.line for problem in reading.problems if problem.location] == [4, 9]


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
    write("d/x.yaml", "kind: A\na: 1\n")
    (tmp_path / "d" / "again").symlink_to(tmp_path / "d")
    (tmp_path / "d" / "self.yaml").symlink_to(tmp_path / "d" / "self.yaml")
    reading = _read(str(tmp_path), recursive=True)
    assert _values(reading) == [1]
    assert [str(problem.location) for problem in reading.problems] == [str(tmp_path / "d" / "self.yaml")]


FOREIGN = {
    "a package.json": b'{"name": "notes", "version": "1.0.0"}',
    "JSON with comments": b'// bundles\n[{"in": ["a.js"]}]\n',
    "a compose file": b'version: "3"\nservices: {web: {image: notes}}\n',
    "a list": b"- hosts: all\n",
    "a Chart.yaml": b"apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "a file of Score": b"apiVersion: score.dev/v1b1\nmetadata: {name: web}\ncontainers: {}\n",
    "a template": b"{{- if .Values.on }}\nkind: Deployment\n{{- end }}\n",
    "bytes that are no text": bytes(range(256)),
    "nothing": b"",
    "a comment": b"# kind: ComponentSchematic or none\n",
    "the kind of another program": b"kind: pipeline\nname: default\n",
    "a word that contains kind": b'{"dependencies": {"kind-of": "6.0.3"}}',
    "a duplicate key": b"a: 1\na: 2\n",
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_another_program_is_skipped_in_a_directory(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(content)
    (tmp_path / "b.yaml").write_text("kind: A\na: 1\n")
    reading = _read(str(tmp_path))
    assert (_values(reading), reading.problems) == ([1], ())
    assert (reading.files, reading.foreign) == ((str(tmp_path / "b.yaml"),), (str(tmp_path / "a.yaml"),))
    assert files.skipped_message(reading) == "skipped: 1 file without documents of Kubernetes"


@pytest.mark.parametrize(
    "content", [FOREIGN["JSON with comments"], FOREIGN["a list"], FOREIGN["bytes that are no text"]]
)
def test_a_file_of_another_program_that_is_named_itself_is_an_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(content)
    for names in ((str(path),), (str(tmp_path), str(path)), (str(path), str(tmp_path))):
        reading = _read(*names)
        assert [problem.location.file for problem in reading.problems if problem.location] == [str(path)]
        assert (reading.files, reading.foreign) == ((str(path),), ())


@pytest.mark.parametrize(
    "content",
    [
        "apiVersion: core.oam.dev/v1alpha1\nkind: [\n",
        "apiVersion: [\nkind: HealthScope\n",
        "kind: Trait\n\tx: 1\n",
        '[{"apiVersion": "core.oam.dev/v1alpha1", "kind": "Trait"}]',
        "apiVersion: core.hydra.io/v1alpha1\nkind: [\n",
    ],
)
def test_a_file_with_a_word_of_oam_that_is_no_document_is_an_error_in_a_directory(
    content: str, tmp_path: Path, write: Write
) -> None:
    name = write("a.yaml", content)
    reading = _read(str(tmp_path))
    assert [problem.location.file for problem in reading.problems if problem.location] == [name]
    assert reading.foreign == ()


@pytest.mark.parametrize(
    "content",
    [
        "kind: ComponentSchematic\n",
        "apiVersion: v1\n",
        "apiversion: x\nKind: y\n",
        "api_version: x\n",
        "apiVersoin: core.oam.dev/v1alpha1\n",
        "kind: componentschematic\n",
        "a: 1\n---\nkind: Pod\n",
        '{"\\u006bind": "Pod"}',
    ],
)
def test_a_document_that_lacks_one_part_of_its_identity_is_read_in_a_directory(
    content: str, tmp_path: Path, write: Write
) -> None:
    write("a.yaml", content)
    assert len(_read(str(tmp_path)).documents) == content.count("---") + 1


def test_a_named_pipe_in_a_directory_is_skipped(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    assert _read(str(tmp_path)).foreign == (str(tmp_path / "a.yaml"),)


def test_a_link_to_nothing_in_a_directory_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").symlink_to(tmp_path / "absent")
    (problem,) = _read(str(tmp_path)).problems
    assert str(problem.location) == str(tmp_path / "a.yaml")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_of_an_editor_of_windows_is_read_in_a_directory(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes("apiVersion: v1\r\nkind: A\r\na: 1\r\n---\r\n".encode(encoding))
    (tmp_path / "b.yml").write_bytes("apiVersion: [\r\nkind: HealthScope\r\n".encode(encoding))
    reading = _read(str(tmp_path))
    assert _values(reading) == [1]
    assert [str(problem.location).split(":")[0] for problem in reading.problems] == [str(tmp_path / "b.yml")]


def test_empty_documents_are_left_out_and_lists_are_expanded(write: Write) -> None:
    inner = '{"kind": "List", "items": [{"a": 2}, {"kind": "List", "items": [{"a": 3}]}]}'
    content = ("", "a: 1\n", "# nothing\n", "null\n", inner + "\n", "kind: List\nitems: []\n")
    reading = _read(write("x.yaml", *content))
    assert _values(reading) == [1, 2, 3]
    assert str(reading.documents[2].positions.of_value("$.a")).endswith(f":{inner.index('3') + 1}")


def test_json_documents_one_after_another_are_read(write: Write) -> None:
    reading = _read(write("x.json", '{"a": 1}\n{"a":\n 2} {"a": 3}\n'))
    assert _values(reading) == [1, 2, 3]
    assert [str(each.positions.of_value("$.a")).split(":", 1)[1] for each in reading.documents] == [
        "1:7",
        "3:2",
        "3:11",
    ]


def test_thousands_of_files_of_other_programs_are_not_parsed(tmp_path: Path) -> None:
    entry = '"a": {"b": [1, 2, 3]},\n'
    for number in range(2000):
        (tmp_path / f"{number}.json").write_text("{" + entry * 200 + '"c": 1}')
    (tmp_path / "x.yaml").write_text("kind: A\na: 1\n")
    reading = _read(str(tmp_path))
    assert _values(reading) == [1]
    assert len(reading.foreign) == 2000
