"""What the pages and the README say about the project is so: links, files, documents, code, commands, and names."""

from __future__ import annotations

import ast
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from rudr_py.cli.commands import validate
from rudr_py.cli.documents import files
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.cli.program import COMMANDS
from rudr_py.plugins.loading import LoadedPlugins
from tests.docs import console, installed
from tests.docs.console import Shown
from tests.docs.pages import FOLDER, ROOT, Block, Page, pages

PAGES = pages()
FOLLOWED = "docs/plugin-tutorial.md"
"""A test of its own follows this page from the first step to the last."""

FLAGS_OF_OTHERS = {"--replicas", "--set", "--rudr-update-golden", "--messages", "--take-ownership", "--build-arg"}
"""Of kubectl, pytest, Helm, docker, and of tools of the tests."""

KUBECTLS = "docs/local-api.md"
"""It tells which flags of kubectl work."""

SOURCES = sorted((ROOT / "rudr_py").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def _blocks(*languages: str) -> pytest.MarkDecorator:
    told = [page for page in PAGES if page.name != FOLLOWED]
    found = [(page, block) for page in told for block in page.blocks if block.language in languages]
    return pytest.mark.parametrize(("page", "block"), found, ids=[f"{page.name}:{block.line}" for page, block in found])


@pytest.fixture(name="loaded", scope="module")
def _loaded() -> LoadedPlugins:
    """The standard types and those of the packages in plugins/."""
    return installed.everything()


@each_page
def test_every_link_leads_somewhere(page: Page) -> None:
    wrong = []
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        found = target.exists() and target.is_relative_to(ROOT)
        if not found or (anchor and anchor not in Page(target).anchors):
            wrong.append(link)
    assert wrong == []


@each_page
def test_links_to_the_outside_are_secure(page: Page) -> None:
    assert [link for link in page.links if re.match(r"[a-z]+:", link) and not link.startswith("https://")] == []


def test_every_page_is_in_the_table_of_contents_once() -> None:
    trees = [block.text for page in PAGES for block in page.blocks if block.language == "{toctree}"]
    listed = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    there = [page.path.relative_to(FOLDER).with_suffix("").as_posix() for page in PAGES if FOLDER in page.path.parents]
    assert sorted(listed) == sorted(set(there) - {"index"})


@each_page
def test_the_documents_of_a_page_are_right_together(page: Page, loaded: LoadedPlugins) -> None:
    blocks = [block.text for block in page.blocks if block.language == "yaml"]
    texts = [text for text in blocks if "apiVersion: core.oam.dev/" in text]
    if not texts or page.name == FOLLOWED:
        return
    contents = files.read(("-",), recursive=False, stdin="\n---\n".join(texts).encode)
    workspace = Workspace.parse(contents.documents, namespace="default")
    problems = validate.check(workspace, loaded.catalog, NOW)
    assert [str(problem) for problem in (*contents.problems, *problems.errors, *problems.warnings)] == []


@_blocks("yaml")
def test_every_block_of_yaml_can_be_read(page: Page, block: Block) -> None:
    assert [document for document in yaml.safe_load_all(block.text) if document is not None], page.name


@_blocks("python")
def test_python_on_a_page_is_python_and_imports_what_is_there(page: Page, block: Block) -> None:
    tree = compile(block.text, page.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(tree, ast.Module)
    imports: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.ImportFrom | ast.Import)]
    exec(compile(ast.Module(imports, []), page.name, "exec"), {})  # noqa: S102 - the imports of our own pages


COMMANDS_SHOWN = [command for page in PAGES if page.name != FOLLOWED for command in console.shown(page)]


@pytest.mark.parametrize("command", COMMANDS_SHOWN, ids=[f"{one.page}: {one.line}" for one in COMMANDS_SHOWN])
def test_a_command_on_a_page_does_what_the_page_shows(
    command: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("examples", "crds"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    words = command.words
    if words[:2] == ["kubectl", "rudr"]:
        words = words[1:]
    if words[0] == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text()
    if words[0] != "rudr":
        return
    if not command.offline:
        console.parse(words)
        return
    done = console.run(command, installed.standard_types())
    # a page may leave out what is said on standard error
    fitting = [text for text in (done.output, done.stdout) if console.fits(command.output, text)]
    assert fitting or not command.output.strip(), done.output


@each_page
def test_commands_and_targets_in_the_text_exist(page: Page) -> None:
    called = [code.removeprefix("kubectl ").split() for code in page.codes if re.match(r"(kubectl )?rudr [a-z]", code)]
    assert [words for words in called if words[1] not in COMMANDS and words[1] != "cron"] == []
    targets = {code.split()[1] for code in page.codes if re.match(r"make [a-z]", code)}
    assert [target for target in targets if f"\n{target}:" not in (ROOT / "Makefile").read_text()] == []


@each_page
def test_variables_of_the_environment_in_the_text_are_read_somewhere(page: Page) -> None:
    options = Page(FOLDER / "command-line.md").text  # which is made from them
    known = set(re.findall(r"\bRUDR_[A-Z_]+\b", "".join([*map(Path.read_text, [*SOURCES, *TESTS]), options])))
    assert sorted(set(re.findall(r"\bRUDR_[A-Z_]+\b", page.text)) - known) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != KUBECTLS], ids=lambda page: page.name)
def test_flags_in_the_text_are_those_of_a_command(page: Page) -> None:
    known = set(re.findall(r"--[a-z][\w-]+", Page(FOLDER / "command-line.md").text)) | FLAGS_OF_OTHERS
    said = [code for code in page.codes if re.match(r"--|(kubectl )?rudr ", code)]
    named = {flag for code in said for flag in re.findall(r"(?<![\w-])--[a-z][\w-]+", code)}
    assert sorted(named - known - {"--help"}) == []


def test_an_anchor_is_made_as_repositories_make_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# What `Ready` means, here\n\n## Again\n\n```sh\n# no heading\n```\n\n## Again\n")
    assert Page(page).anchors == {"what-ready-means-here", "again", "again-1"}


def test_output_fits_with_what_is_left_out() -> None:
    assert console.fits("a\n...\nd…\n", "a\nb\nc\nd and more\n")
    assert not console.fits("a\n...\nd\n", "a\nb\nc\n")
