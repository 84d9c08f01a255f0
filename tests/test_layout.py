"""Rules for the sources: sizes, docstrings, names, imports, and the lists of packages.

import-linter checks the layers (.importlinter); this file has the rules that it cannot express.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import rudr_py
from rudr_py import api
from tests import own_packages

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "rudr_py"
MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [*MODULES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "plugins").rglob("*.py"))]

FILE_LINES = 400
MEDIAN_LINES = 150
FUNCTION_LINES = 50
PARAMETERS = 6
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
DEFERRED = {"rudr_py/kube/config.py": {"kubernetes_asyncio"}}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def packages(text: str, pattern: str) -> dict[str, str]:
    return dict(re.findall(pattern, text, re.MULTILINE))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def test_every_module_has_a_docstring() -> None:
    # an empty __init__.py marks a package
    modules = [path for path in SOURCES if path.name != "__init__.py" or path.read_text().strip()]
    assert [name(path) for path in modules if not ast.get_docstring(parsed(path))] == []


def test_every_module_and_function_stays_within_the_size_limits() -> None:
    assert [name(path) for path in MODULES if len(path.read_text().splitlines()) > FILE_LINES] == []
    assert [f"{name(path)}: {text}" for path in MODULES for text in excesses(parsed(path))] == []


def excesses(tree: ast.Module) -> Iterator[str]:
    for function in functions(tree):
        arguments = function.args
        count = len(arguments.posonlyargs) + len(arguments.args) + len(arguments.kwonlyargs)
        count -= bool(arguments.args) and arguments.args[0].arg in ("self", "cls")
        if code_lines(function) > FUNCTION_LINES:
            yield f"{function.name} is too long"
        if count > PARAMETERS:
            yield f"{function.name} has too many parameters"


def test_the_median_module_is_small() -> None:
    sizes = sorted(len(path.read_text().splitlines()) for path in MODULES)
    assert sizes[len(sizes) // 2] <= MEDIAN_LINES


def test_no_module_has_a_vague_name() -> None:
    assert [name(path) for path in SOURCES if path.stem in VAGUE_NAMES] == []


def test_imports_are_at_the_top() -> None:
    assert [f"{name(path)}: {text}" for path in MODULES for text in deferred_imports(path)] == []


def deferred_imports(path: Path) -> Iterator[str]:
    allowed = {module for place, modules in DEFERRED.items() if name(path).startswith(place) for module in modules}
    for function in functions(parsed(path)):
        for node in ast.walk(function):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            yield from (
                f"{function.name} imports {module}" for module in modules if module.split(".")[0] not in allowed
            )


def test_every_suppression_has_a_code_and_a_reason() -> None:
    assert [text for path in SOURCES for text in bare_suppressions(path)] == []


def bare_suppressions(path: Path) -> Iterator[str]:
    text = path.read_text()
    if "noqa" not in text and "type: ignore" not in text:
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        for mark in re.findall(r"# (?:noqa|type: ignore).*", token.string):
            if not re.fullmatch(r"# (noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\]) +(- |# ).{8,}", mark):
                yield f"{name(path)}:{token.start[0]}: {mark}"


def test_the_package_docstring_lists_every_package() -> None:
    tree = {path.stem if path.suffix else path.name for path in PACKAGE.iterdir()}
    tree -= {"__init__", "__main__", "__pycache__", "py"}
    assert set(packages(rudr_py.__doc__ or "", r"^(\w+) {2,}(\S.*)$")) == tree - {"py.typed"}


def test_the_readme_lists_every_package() -> None:
    readme = (ROOT / "README.md").read_text()
    in_readme = packages(readme, r"^\| `rudr_py/(\w+)(?:\.py|/)` \| (.+) \|$")
    assert set(in_readme) == set(packages(rudr_py.__doc__ or "", r"^(\w+) {2,}(\S.*)$"))


def test_the_api_exports_exactly_its_public_names() -> None:
    modules = {path.stem for path in (PACKAGE / "api").iterdir()}
    # pytest adds names that are not identifiers to the modules of a package with a pytest plugin
    names = {name for name in vars(api) if name.isidentifier() and not name.startswith("_")}
    public = names - modules - {"annotations", "pluggy"}
    assert sorted(public) == api.__all__
    assert list(api.__all__) == sorted(api.__all__)


def test_plugins_import_only_the_api() -> None:
    for path in sorted((ROOT / "plugins").glob("*/**/*.py")):
        public = ("", ".autoscaling", ".component", ".documents", ".forms", ".targets")
        api = tuple(f"rudr_py.api{module}" for module in public)
        allowed = (*api, *(("rudr_py.testing",) if "tests" in path.parts else ()))
        for node in ast.walk(parsed(path)):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                assert module.split(".")[0] != "rudr_py" or module in allowed, f"{name(path)} imports {module}"


def test_tests_neither_patch_dotted_paths_nor_sleep() -> None:
    forbidden = re.compile(r"""(patch|setattr)\(\s*["']rudr_py|\btime\.sleep\(""")
    paths = [name(path) for path in sorted((ROOT / "tests").rglob("*.py")) if forbidden.search(path.read_text())]
    assert [path for path in paths if path != "tests/test_layout.py"] == []


def test_time_and_environment_are_arguments_below_the_command_line() -> None:
    forbidden = re.compile(r"\btime\.(time|monotonic)\(|datetime\.now\(|os\.environ|os\.getenv")
    # the system clock is one of the clocks that are passed as arguments
    allowed = {"rudr_py/cli", "rudr_py/testing", "rudr_py/local", "rudr_py/plugins/guard.py", "rudr_py/kube/clock.py"}
    paths = [
        name(path)
        for path in MODULES
        if forbidden.search(path.read_text()) and not any(name(path).startswith(place) for place in allowed)
    ]
    assert paths == []


def test_pytest_imports_every_plugin_package_from_its_sources() -> None:
    options = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert options["pythonpath"] == [name(folder) for folder in own_packages.ALL_FOLDERS]
