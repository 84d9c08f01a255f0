"""Links, files, documents, code, commands and names on the pages and in the README are valid."""

from __future__ import annotations

import ast
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from rudr_py.cli.documents import checking, files, schemas_extra
from rudr_py.cli.documents.document_set import DocumentSet
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.cli.program import COMMANDS
from rudr_py.plugins.loading import LoadedPlugins
from tests import own_packages
from tests.docs import console
from tests.docs.console import PageCommand
from tests.docs.pages import FOLDER, ROOT, Block, Page, pages

PAGES = pages()
TUTORIALS = ("docs/plugin-tutorial.md", "docs/plugin-tutorial-edit.md")
"""test_tutorial.py and test_tutorial_edit.py execute these pages."""

FLAGS_OF_OTHER_PROGRAMS = {
    "--replicas",
    "--set",
    "--rudr-update-golden",
    "--messages",
    "--take-ownership",
    "--build-arg",
}
"""Flags of kubectl, pytest, Helm, docker, and of tools of the tests."""

LOCAL_API = "docs/local-api.md"
"""It lists the supported flags of kubectl."""

SOURCES = sorted((ROOT / "rudr_py").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def _blocks(*languages: str) -> pytest.MarkDecorator:
    checked = [page for page in PAGES if page.name not in TUTORIALS]
    cases = [(page, block) for page in checked for block in page.blocks if block.language in languages]
    return pytest.mark.parametrize(("page", "block"), cases, ids=[f"{page.name}:{block.line}" for page, block in cases])


@pytest.fixture(name="loaded", scope="module")
def _loaded() -> LoadedPlugins:
    """The standard types and those of the packages in plugins/."""
    return own_packages.everything()


@each_page
def test_every_link_has_a_target(page: Page) -> None:
    broken = []
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.path.parent / path).resolve() if path else page.path
        exists = target.exists() and target.is_relative_to(ROOT)
        if not exists or (anchor and anchor not in Page(target).anchors):
            broken.append(link)
    assert broken == []


@each_page
def test_external_links_use_https(page: Page) -> None:
    assert [link for link in page.links if re.match(r"[a-z]+:", link) and not link.startswith("https://")] == []


def test_every_page_is_in_the_table_of_contents_once() -> None:
    trees = [block.text for page in PAGES for block in page.blocks if block.language == "{toctree}"]
    listed = [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]
    existing = [
        page.path.relative_to(FOLDER).with_suffix("").as_posix() for page in PAGES if FOLDER in page.path.parents
    ]
    assert sorted(listed) == sorted(set(existing) - {"index"})


@each_page
def test_the_documents_of_a_page_are_valid_together(page: Page, loaded: LoadedPlugins) -> None:
    blocks = [block.text for block in page.blocks if block.language == "yaml"]
    texts = [text for text in blocks if "apiVersion: core.oam.dev/" in text]
    if not texts or page.name in TUTORIALS:
        return
    contents = files.read(("-",), recursive=False, stdin="\n---\n".join(texts).encode)
    workspace = Workspace.parse(contents.documents, namespace="default")
    documents = DocumentSet(contents=contents, workspace=workspace, server_rules=schemas_extra.load())
    problems = checking.check(documents, loaded.catalog, NOW).problems
    assert [str(problem) for problem in (*problems.errors, *problems.warnings)] == []


@_blocks("yaml")
def test_every_yaml_block_can_be_parsed(page: Page, block: Block) -> None:
    assert [document for document in yaml.safe_load_all(block.text) if document is not None], page.name


@_blocks("python")
def test_python_on_a_page_compiles_and_its_imports_exist(page: Page, block: Block) -> None:
    tree = compile(block.text, page.name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(tree, ast.Module)
    imports: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.ImportFrom | ast.Import)]
    exec(compile(ast.Module(imports, []), page.name, "exec"), {})  # noqa: S102 - the imports of our own pages


PAGE_COMMANDS = [command for page in PAGES if page.name not in TUTORIALS for command in console.commands(page)]


@pytest.mark.parametrize("command", PAGE_COMMANDS, ids=[f"{command.page}: {command.line}" for command in PAGE_COMMANDS])
def test_a_command_on_a_page_prints_the_output_on_the_page(
    command: PageCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    done = console.run(command, own_packages.standard_types())
    # a page may omit the output on standard error
    fitting = [text for text in (done.output, done.stdout) if console.fits(command.output, text)]
    assert fitting or not command.output.strip(), done.output


@each_page
def test_commands_and_make_targets_on_a_page_exist(page: Page) -> None:
    called = [code.removeprefix("kubectl ").split() for code in page.codes if re.match(r"(kubectl )?rudr [a-z]", code)]
    assert [words for words in called if words[1] not in COMMANDS and words[1] != "cron"] == []
    targets = {code.split()[1] for code in page.codes if re.match(r"make [a-z]", code)}
    assert [target for target in targets if f"\n{target}:" not in (ROOT / "Makefile").read_text()] == []


@each_page
def test_environment_variables_on_a_page_exist(page: Page) -> None:
    options = Page(FOLDER / "command-line.md").text  # generated from the options
    existing = set(re.findall(r"\bRUDR_[A-Z_]+\b", "".join([*map(Path.read_text, [*SOURCES, *TESTS]), options])))
    assert sorted(set(re.findall(r"\bRUDR_[A-Z_]+\b", page.text)) - existing) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != LOCAL_API], ids=lambda page: page.name)
def test_flags_on_a_page_exist(page: Page) -> None:
    flags = set(re.findall(r"--[a-z][\w-]+", Page(FOLDER / "command-line.md").text)) | FLAGS_OF_OTHER_PROGRAMS
    commands = [code for code in page.codes if re.match(r"--|(kubectl )?rudr ", code)]
    named = {flag for code in commands for flag in re.findall(r"(?<![\w-])--[a-z][\w-]+", code)}
    assert sorted(named - flags - {"--help"}) == []


def test_anchors_are_those_that_repositories_generate(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# What `Ready` means, here\n\n## Again\n\n```sh\n# no heading\n```\n\n## Again\n")
    assert Page(page).anchors == {"what-ready-means-here", "again", "again-1"}


def test_ellipses_match_omitted_output() -> None:
    assert console.fits("a\n...\nd…\n", "a\nb\nc\nd and more\n")
    assert not console.fits("a\n...\nd\n", "a\nb\nc\n")
