"""`rudr diff` uses the definitions in its input, and refuses the documents that the API server refuses."""

from __future__ import annotations

from pathlib import Path

from tests.cli import shop
from tests.cli.conftest import Invoke

NARROWED = """\
---
apiVersion: core.oam.dev/v1alpha1
kind: Trait
metadata: {name: manual-scaler}
spec: {appliesTo: [core.oam.dev/v1alpha1.Task]}
"""


def test_a_trait_in_the_input_narrows_the_installed_one(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS + NARROWED)
    assert done.exit_code == 2
    assert "traits[0].name" in done.stderr
    elsewhere = NARROWED.replace("name: manual-scaler", "name: manual-scaler, namespace: default")
    assert diff(shop.DOCUMENTS + elsewhere).exit_code == 0


def test_metadata_that_the_api_server_refuses_is_an_error(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS.replace("metadata: {name: shop}", "metadata: {name: shop, lables: {}}"))
    assert done.exit_code == 2
    assert '$.metadata.lables: unknown field "lables"' in done.stderr


def test_strict_makes_warnings_errors(diff: Invoke) -> None:
    warned = shop.DOCUMENTS.replace("spec:\n", "spec:\n  unknown: 1\n", 1)
    assert diff(warned).exit_code == 0
    done = diff(warned, "--strict")
    assert done.exit_code == 2
    assert ": error: $.spec.unknown" in done.stderr
    assert ": warning: " not in done.stderr


def test_a_component_that_no_application_uses_is_checked(diff: Invoke) -> None:
    unused = "---\napiVersion: core.oam.dev/v1alpha1\nkind: ComponentSchematic\nmetadata: {name: unused}\n"
    assert diff(shop.DOCUMENTS + f"{unused}spec: {{workloadType: core.oam.dev/v1alpha1.Servr}}\n").exit_code == 2


def test_problems_are_printed_in_the_order_of_the_file(diff: Invoke) -> None:
    wrong = shop.DOCUMENTS.replace("metadata: {name: shop}", "metadata: {name: shop, lables: {}}")
    wrong = wrong.replace("name: manual-scaler", "name: manual-scalr")
    other = "---\napiVersion: core.oam.dev/v1alpha1\nkind: ComponentSchematic\nmetadata: {name: unused}\n"
    wrong = f"{other}spec: {{workloadType: core.oam.dev/v1alpha1.Servr}}\n---\n{wrong}"
    lines = [int(line.split(":")[1]) for line in diff(wrong).stderr.splitlines() if "documents.yaml:" in line]
    assert lines == sorted(lines)
    assert len(set(lines)) == 3


def test_validate_render_and_diff_fail_for_the_same_documents(diff: Invoke, invoke: Invoke, tmp_path: Path) -> None:
    cases = {
        "valid": (shop.DOCUMENTS, False),
        "metadata": (shop.DOCUMENTS.replace("metadata: {name: shop}", "metadata: {name: shop, lables: {}}"), True),
        "label": (shop.DOCUMENTS.replace("{name: shop}", "{name: shop, labels: {a: b c}}"), True),
        "type": (shop.DOCUMENTS.replace("manual-scaler", "manual-scalr"), True),
        "syntax": (shop.DOCUMENTS + "---\na: [\n", True),
        "definition": (shop.DOCUMENTS + NARROWED, True),
    }
    for case, (documents, fails) in cases.items():
        file = tmp_path / "same.yaml"
        file.write_text(documents)
        codes = [invoke(command, "-f", str(file)).exit_code for command in ("validate", "render")]
        assert [*codes, diff(documents).exit_code] == ([1, 1, 2] if fails else [0, 0, 0]), case
