"""The schema in yaml-language-server: diagnostics at their lines, and completion of installed types.

Needs yaml-language-server: named by YAML_LANGUAGE_SERVER, on PATH, or installed by `make check`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from rudr_py.catalog import Catalog
from rudr_py.cli.commands.schema import editor_schema

INSTALLED = Path(__file__).parents[4] / ".venv" / "editor" / "node_modules" / ".bin"
PATH = os.pathsep.join((os.environ.get("PATH", ""), str(INSTALLED)))
SERVER = os.environ.get("YAML_LANGUAGE_SERVER") or shutil.which("yaml-language-server", path=PATH)
LIMIT = 120.0

pytestmark = pytest.mark.skipif(
    SERVER is None, reason="no yaml-language-server: make check installs it, where there is npm"
)

APPLICATION = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata:
  name: shop
spec:
  components:
  - componentName: web
    instanceName: shop-web
    traits:
"""


class Editor:
    """A client of the Language Server Protocol over a pair of pipes."""

    def __init__(self, to: IO[bytes], answers: IO[bytes], folder: Path, schema: Path) -> None:
        self._to = to
        self._answers = answers
        self._folder = folder
        self._schema = schema
        self._count = 0
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        self._tell("initialized", {})

    def mistakes(self, text: str) -> dict[int, str]:
        """The diagnostics of the text, as lines from 0 and messages."""
        uri = self._open(text)
        while True:
            message = self._read()
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                diagnostics = message["params"]["diagnostics"]
                return {diagnostic["range"]["start"]["line"] - 1: diagnostic["message"] for diagnostic in diagnostics}

    def offers(self, text: str) -> set[str]:
        """The completions at the end of the text."""
        uri = self._open(text)
        lines = text.split("\n")
        position = {"line": len(lines), "character": len(lines[-1])}
        result = self._ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": position})
        items = result["items"] if isinstance(result, dict) else result
        return {item["label"] for item in items}

    def hover(self, text: str, line: int, character: int) -> str:
        """The hover text at a position."""
        uri = self._open(text)
        position = {"line": line + 1, "character": character}
        result = self._ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": position})
        return json.dumps(result)

    def _open(self, text: str) -> str:
        """Open a document; its first line names the schema."""
        self._count += 1
        uri = (self._folder / f"{self._count}.yaml").as_uri()
        whole = f"# yaml-language-server: $schema={self._schema.as_uri()}\n{text}"
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": whole}
        self._tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._count += 1
        number = self._count
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == number and "method" not in message:
                return message["result"]

    def _tell(self, method: str, params: dict[str, Any]) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def _write(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._to.flush()

    def _read(self) -> dict[str, Any]:
        length = 0
        while line := self._answers.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        if not length:
            pytest.fail("the language server has ended")
        message: dict[str, Any] = json.loads(self._answers.read(length))
        if "id" in message and "method" in message:
            answer = (
                [None] * len(message["params"]["items"]) if message["method"] == "workspace/configuration" else None
            )
            self._write({"jsonrpc": "2.0", "id": message["id"], "result": answer})
        return message


@pytest.fixture(name="editor", scope="module")
def _editor(everything: Catalog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    folder = tmp_path_factory.mktemp("editor")
    schema = folder / "schema.json"
    schema.write_text(json.dumps(editor_schema.schema(everything)))
    command = [str(SERVER), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:  # noqa: S603 - the editor's own server
        assert server.stdin
        assert server.stdout
        limit = threading.Timer(LIMIT, server.kill)
        limit.start()
        yield Editor(server.stdin, server.stdout, folder, schema)
        limit.cancel()
        server.kill()


TRAIT = """\
    - name: ingress
      properties:
        hostname: shop.example.com
"""

COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: web
spec:
"""


def test_a_valid_document_has_no_diagnostics(editor: Editor) -> None:
    assert editor.mistakes(APPLICATION + TRAIT) == {}
    assert editor.mistakes(APPLICATION + TRAIT + "        servicePort: '[fromVariable(port)]'\n") == {}
    assert editor.mistakes("apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n") == {}


def test_an_error_in_trait_properties_is_marked_at_its_line(editor: Editor) -> None:
    wrong = "        pathType: Prefx\n        servicePort: http\n        hots: a\n"
    marked = editor.mistakes(APPLICATION + TRAIT + wrong)
    assert set(marked) == {12, 13, 14}
    assert all(f'"{value}"' in marked[12] for value in ("Exact", "ImplementationSpecific", "Prefix"))
    assert "hots" in marked[14]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (APPLICATION + "    - name: ingres\n", 9, '"ingress"'),
        (APPLICATION + "    - name: manual-scaler\n", 9, '"properties"'),
        (APPLICATION + "    - name: manual-scaler\n      properties: {replica_count: 3}\n", 10, "use replicaCount"),
        (APPLICATION.replace("kind: App", "kind: Apl"), 1, '"ApplicationConfiguration"'),
        (APPLICATION.replace("/v1alpha1", "/v1alpha2"), 0, '"core.oam.dev/v1alpha1"'),
        (APPLICATION.replace("shop-web", "Shop_Web"), 7, "lower-case letters"),
        (APPLICATION.replace("instanceName", "instancename"), 7, "instancename"),
        (COMPONENT + "  workloadType: core.oam.dev/v1alpha1.Servr\n  containers: []\n", 5, "v1alpha1.Server"),
    ],
)
def test_an_error_is_marked_at_its_line(editor: Editor, text: str, line: int, message: str) -> None:
    assert message in editor.mistakes(text)[line]


def test_missing_properties_are_completed(editor: Editor) -> None:
    assert editor.offers(APPLICATION + TRAIT + "        ") == {
        *("servicePort", "path", "pathType", "tlsHosts", "tlsSecretName", "ingressClassName", "annotations", "rules")
    }
    settings = "  workloadType: openfaas.com/v1alpha2.Function\n  workloadSettings:\n  - name: "
    assert {"image", "handler"} <= editor.offers(COMPONENT + settings)


def test_values_of_properties_are_completed(editor: Editor) -> None:
    assert editor.offers(APPLICATION + TRAIT + "        pathType: ") == {"Exact", "ImplementationSpecific", "Prefix"}


def test_installed_types_are_completed_by_their_current_names(editor: Editor, everything: Catalog) -> None:
    traits = {offer.name for offer in everything.offers() if "/" not in offer.name}
    assert editor.offers(APPLICATION + "    - name: ") == traits
    assert traits | {"name", "properties"} <= editor.offers(APPLICATION + "    - ")
    workloads = {offer.name for offer in everything.workloads.values()}
    assert editor.offers(COMPONENT + "  workloadType: ") == workloads
    assert "ApplicationConfiguration" in editor.offers("apiVersion: core.oam.dev/v1alpha1\nkind: ")


def test_hovering_shows_the_description_of_a_property(editor: Editor) -> None:
    assert "The host name" in editor.hover(APPLICATION + TRAIT, 11, 11)
