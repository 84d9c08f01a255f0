"""The page docs/trait-sizes.md: the lines of Python of each trait of this project."""

from __future__ import annotations

import ast
import functools
import io
import statistics
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from rudr_py.api import Trait
from tests import own_packages

HEAD = """\
# Lines of Python of the traits

Generated from the sources by `make reference`; do not edit it by hand.

A line is counted if it contains code: no comment, no docstring, no blank line. Each trait has a module of its own.

- *logic*: the class of the trait and the functions of its module, with its constants.
- *properties*: the declarations of properties in the module, with descriptions and examples.
- *module*: both, and the imports.

Modules that several traits of a package share are listed below. The median of *logic* is {median:g} lines, that of
*module* {whole:g}.

| trait | package | logic | properties | module |
|---|---|---|---|---|
"""

SHARED = """
## Shared modules

Modules of the packages that contain neither a trait, a workload type nor a scope.

| module | logic | properties | module |
|---|---|---|---|
"""

_SILENT = frozenset(
    {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
)


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of a module with code."""

    imports: int
    properties: int
    logic: int

    @property
    def module(self) -> int:
        """All lines."""
        return self.imports + self.properties + self.logic


def page() -> str:
    """The page."""
    sizes = trait_sizes()
    head = HEAD.format(median=median(), whole=statistics.median(lines.module for _, _, lines in sizes))
    rows = [
        f"| `{name}` | {package} | {lines.logic} | {lines.properties} | {lines.module} |"
        for name, package, lines in sorted(sizes, key=lambda size: (size[2].logic, size[0]))
    ]
    shared = [
        f"| `{module}` | {lines.logic} | {lines.properties} | {lines.module} |" for module, lines in sorted(_shared())
    ]
    return head + "\n".join(rows) + "\n" + SHARED + "\n".join(shared) + "\n"


def median() -> float:
    """The median of the lines of logic."""
    return statistics.median(lines.logic for _, _, lines in trait_sizes())


@functools.cache
def trait_sizes() -> tuple[tuple[str, str, Lines], ...]:
    """The name, the package and the lines of each trait."""
    offers = own_packages.everything().catalog.offers()
    return tuple(
        (offer.name, offer.package.partition(" ")[0], count(_source(offer.type)))
        for offer in offers
        if isinstance(offer.type, Trait)
    )


def _source(type_: Any) -> str:
    return Path(str(sys.modules[type(type_).__module__].__file__)).read_text()


def _shared() -> Iterator[tuple[str, Lines]]:
    typed = {type(offer.type).__module__ for offer in own_packages.everything().catalog.offers()}
    for folder in own_packages.FOLDERS:
        for path in folder.glob("rudr_py_*/*.py"):
            module = f"{path.parent.name}.{path.stem}"
            lines = count(path.read_text())
            if module not in typed and path.stem != "__init__":
                yield module, lines


def count(source: str) -> Lines:
    """The lines of a module."""
    tree = ast.parse(source)
    code = _code(source) - _documentation(tree)
    imports = _lines(node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)) & code
    properties = _lines(node for node in tree.body if _declares_properties(node)) & code
    return Lines(imports=len(imports), properties=len(properties), logic=len(code - imports - properties))


def _code(source: str) -> set[int]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    spans = (range(token.start[0], token.end[0] + 1) for token in tokens if token.type not in _SILENT)
    return {line for span in spans for line in span}


def _documentation(tree: ast.Module) -> set[int]:
    """Docstrings, also those of constants and fields."""
    return _lines(
        node for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _declares_properties(node: ast.stmt) -> bool:
    """Whether a statement is a class with annotated fields only, or names a form of values."""
    if isinstance(node, ast.ClassDef):
        fields = [each for each in node.body if not isinstance(each, ast.Expr)]
        return bool(fields) and all(isinstance(each, ast.AnnAssign) for each in fields)
    return isinstance(node, ast.Assign) and "Annotated[" in ast.unparse(node.value)


def _lines(nodes: Iterator[Any]) -> set[int]:
    return {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
