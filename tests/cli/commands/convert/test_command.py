"""`rudr convert`: files, directories and standard input, the report, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from tests.model.shapes.old_shapes import OLD_SHAPES

Invoke = Callable[..., Result]
Make = Callable[..., str]

OLD = OLD_SHAPES["component-name"].old
TODAY = OLD_SHAPES["component-name"].today


def test_a_file_is_printed_converted_with_a_report_on_standard_error(write: Make, invoke: Invoke) -> None:
    done = invoke("convert", "-f", write("a.yaml", OLD))
    assert done.stdout == TODAY
    assert 'a.yaml:6:5: converted: $.spec.components[0].name: "name" is now "componentName"' in done.stderr
    assert done.stderr.endswith("1 document of 1 converted, 0 losses, 0 errors\n")
    assert done.exit_code == 0


def test_standard_input_is_converted(invoke: Invoke) -> None:
    assert invoke("convert", "-f", "-", input=OLD).stdout == TODAY


def test_a_converted_stream_has_no_problems(write: Make, invoke: Invoke, tmp_path: Path) -> None:
    for name, shape in OLD_SHAPES.items():
        if name in ("component-name", "os", "image", "trait-name"):
            write(f"old/deep/{name}.yaml", shape.old, shape.beside)
    done = invoke("convert", "-f", str(tmp_path / "old"), "-R")
    assert done.exit_code == 0
    assert done.stdout.count("kind: ComponentSchematic") == 4
    again = invoke("convert", "-f", "-", input=done.stdout)
    assert again.stdout == done.stdout
    assert again.stderr == "0 documents of 8 converted, 0 losses, 0 errors\n"


def test_documents_of_today_are_printed_byte_for_byte(write: Make, invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(TODAY.replace("\n", "\r\n").encode() + b"# caf\xc3\xa9")
    assert invoke("convert", "-f", str(path)).stdout_bytes == path.read_bytes()


def test_json_is_a_format_of_the_output(write: Make, invoke: Invoke) -> None:
    done = invoke("convert", "-f", write("a.yaml", OLD), "-o", "json")
    (item,) = json.loads(done.stdout)["items"]
    assert item["spec"]["components"][0]["componentName"] == "web"


def test_a_broken_file_is_an_error_and_the_others_are_converted(write: Make, invoke: Invoke, tmp_path: Path) -> None:
    write("a.yaml", f"a: [\n# {OLD}")
    write("b.yaml", OLD)
    done = invoke("convert", "-f", str(tmp_path))
    assert done.stdout == TODAY
    assert "a.yaml:" in done.stderr
    assert done.exit_code == 1


def test_losses_are_reported_and_do_not_fail(write: Make, invoke: Invoke) -> None:
    done = invoke("convert", "-f", write("a.yaml", OLD_SHAPES["trait-type"].old))
    assert 'lost: $.spec.components[0].traits[0].type: the name "my-app-ingress" of the trait' in done.stderr
    assert done.exit_code == 0


def test_two_spellings_with_different_values_fail(write: Make, invoke: Invoke) -> None:
    done = invoke("convert", "-f", write("a.yaml", OLD.replace("name: web", "name: web\n    componentName: db")))
    assert "have different values" in done.stderr
    assert done.exit_code == 1


def test_a_document_of_a_later_model_is_skipped_with_a_message(write: Make, invoke: Invoke) -> None:
    text = OLD.replace("v1alpha1", "v1alpha2")
    done = invoke("convert", "-f", write("a.yaml", text))
    assert done.stdout == text
    assert "is of a later model of OAM and stays as it is" in done.stderr
    assert done.exit_code == 0
