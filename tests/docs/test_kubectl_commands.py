"""No documented kubectl command names a resource by a word that another project may have, too.

Read are pages, the chart, examples, help texts and messages. A word is accepted if it is one of Kubernetes itself, or a
name that our CRDs have by default and that no other project has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rudr_py.local.registry import kinds
from rudr_py.model.crd_schemas import crds
from tests import other_projects
from tests.docs import test_claim_advice
from tests.docs.pages import ROOT

FILES = sorted(
    {
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "Makefile", "Dockerfile")),
        *(path for path in test_claim_advice.SOURCES if path.name != "conformance.md"),
        *(path for path in (ROOT / "charts").rglob("*") if path.suffix in (".tpl", ".json", ".yaml", ".txt", ".md")),
        *(ROOT / "rudr_py").rglob("*.txt"),
    }
)
_COMMAND = re.compile(r"\bkubectl((?:\s+(?!kubectl\b)[^\s`|;&)\"$#]+)+)")
_VERBS = frozenset(["annotate", "delete", "describe", "edit", "explain", "get", "label", "patch", "scale", "wait"])
_WITH_VALUE = re.compile(r"-[nofl]|--(namespace|output|filename|selector|context|kubeconfig|as|template|field-manager)")
_WORD = re.compile(r"[a-z][a-z0-9-]*")


def resources(text: str) -> Iterator[str]:
    """The words that name resources in the kubectl commands of a text; a name with its API group is complete."""
    for match in _COMMAND.finditer(text):
        words = [word.rstrip("'.,:()").lstrip("'(") for word in match[1].split()]
        verb, argument = ([*_positional(words), "", ""])[:2]
        if verb in _VERBS and not argument.endswith((".yaml", "/")):
            for part in argument.split(","):
                word, dot, _ = part.partition("/")[0].partition(".")
                if _WORD.fullmatch(word) and (not dot or verb == "explain"):
                    yield word


def _positional(words: list[str]) -> Iterator[str]:
    """The words that are neither flags nor values of flags."""
    flag = ""
    for word in words:
        is_flag = word.startswith("-") and word != "-"
        if not is_flag and not _WITH_VALUE.fullmatch(flag):
            yield word
        flag = word if is_flag else ""


def _unambiguous() -> frozenset[str]:
    names = {"all"}
    for line in kinds._TABLE.strip().splitlines():
        _, plural, kind, _, short, *_ = line.split()
        names |= {plural, kind.lower(), *short.split(",")}
    foreign = {name for other in other_projects.kinds() for name in other.names}
    for document in crds.documents():
        own = document["spec"]["names"]
        names |= {own["plural"], own["singular"], *own.get("shortNames", ())} - foreign
    return frozenset(names)


UNAMBIGUOUS = _unambiguous()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_kubectl_command_names_resources_by_words_that_only_one_project_has(path: Path) -> None:
    words = {word for text in test_claim_advice.texts(path) for word in resources(text)}
    assert words <= UNAMBIGUOUS


def test_the_commands_of_the_main_pages_are_read() -> None:
    for page in ("README.md", "docs/quickstart.md", "docs/quickstart-cluster.md", "docs/migrating-from-rudr.md"):
        text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
        assert "applicationconfigurations" in set(resources(text)), page


@pytest.mark.parametrize("word", ["configurations", "cfg", "comp", "components", "trait", "scope"])
def test_words_of_other_projects_are_refused(word: str) -> None:
    assert any(word in kind.names for kind in other_projects.kinds())
    assert word not in UNAMBIGUOUS
    for command in (
        f"kubectl get {word}",
        f"kubectl -n shop get {word}/web -o yaml",
        f"kubectl get pods,{word} -A",
        f"run `kubectl --namespace=shop describe {word} web`.",
        f"kubectl wait --for=condition=Ready {word}/shop",
        f"kubectl explain {word}.spec",
    ):
        assert word in set(resources(command)), command


def test_placeholders_files_and_complete_names_are_no_ambiguous_words() -> None:
    for command in ("kubectl get KIND", "kubectl apply -f crds/", "kubectl get configurations.serving.knative.dev"):
        assert set(resources(command)) <= UNAMBIGUOUS
