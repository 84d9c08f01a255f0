"""Reads every regular expression of rudr_py and of the packages in plugins/ from their sources.

A pattern must be an expression of constants of its module, so that it can be evaluated here. Patterns that are only
used by `match` and `fullmatch` are anchored; any other use counts as a search.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]

_METHODS: Final = frozenset({"match", "fullmatch", "pattern"})
_FUNCTIONS: Final = frozenset(
    {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
)
_WORDS: Final = re.compile(r"\bre\b|pattern")
"""A source without them has no pattern."""

_KEYS: Final = frozenset({"pattern", "patternProperties"})


@dataclasses.dataclass(frozen=True)
class Use:
    """A pattern at a place in the sources; `error` says why it has no value."""

    place: str
    pattern: Any = ""
    flags: int = 0
    search: bool = True
    error: str = ""


def uses() -> list[Use]:
    """All patterns, in the order of files and lines."""
    texts = {path: path.read_text() for path in _files()}
    return [use for path, text in texts.items() if _WORDS.search(text) for use in _uses(path, ast.parse(text))]


def _files() -> Iterator[Path]:
    yield from sorted(ROOT.glob("rudr_py/**/*.py"))
    yield from sorted(ROOT.glob("plugins/*/rudr_py_*/**/*.py"))


def _anchored(name: str, tree: ast.Module) -> bool:
    """Whether the compiled pattern of this name is private, and only its anchored methods are used."""
    return name.startswith("_") and all(method in _METHODS for method in _methods(tree, name))


def _methods(tree: ast.Module, name: str) -> Iterator[str]:
    """The attributes that are read of a name; empty where its value goes elsewhere."""
    attributes = {id(node.value): node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        own = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        if own == name and isinstance(getattr(node, "ctx", None), ast.Load):
            yield attributes.get(id(node), "")


def _compiled(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """The name and the call of a statement that assigns a compiled pattern."""
    if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Call) and _function(node.value):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((target.id, node.value) for target in targets if isinstance(target, ast.Name))


def _uses(path: Path, tree: ast.Module) -> Iterator[Use]:
    names = {id(value): name for node in tree.body for name, value in _compiled(node)}
    for node in ast.walk(tree):
        place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _hidden_imports(node, place)
        elif isinstance(node, ast.Call):
            name = names.get(id(node), "")
            anchored = _function(node) in ("match", "fullmatch") or _anchored(name, tree)
            yield from _of_call(node, _function(node), Use(place, search=not anchored), path)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in _KEYS:
                    yield from _of_schema(value, Use(place), path)


def _hidden_imports(node: ast.Import | ast.ImportFrom, place: str) -> Iterator[Use]:
    if isinstance(node, ast.ImportFrom) and node.module == "re":
        yield Use(place, error="import the module re, so that its calls can be recognized")
    if isinstance(node, ast.Import) and any(alias.name == "re" and alias.asname for alias in node.names):
        yield Use(place, error="import the module re under its own name")


def _function(node: ast.Call) -> str:
    """The function of the module re that is called, or empty."""
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "re":
        return function.attr if function.attr in _FUNCTIONS else ""
    return ""


def _of_call(node: ast.Call, function: str, use: Use, path: Path) -> Iterator[Use]:
    keywords = {keyword.arg: keyword.value for keyword in node.keywords}
    if function:
        flags = keywords.get("flags", node.args[1] if function == "compile" and len(node.args) > 1 else None)
        yield _evaluated(keywords.get("pattern", node.args[0] if node.args else None), flags, use, path)
    elif "pattern" in keywords and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("Meta", "Field"):
        yield _evaluated(keywords["pattern"], None, use, path)


def _of_schema(node: ast.expr, use: Use, path: Path) -> Iterator[Use]:
    value = _evaluated(node, None, use, path)
    if isinstance(value.pattern, str) and not value.error:
        yield value


def _evaluated(pattern: ast.expr | None, flags: ast.expr | None, use: Use, path: Path) -> Use:
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = importlib.import_module(".".join(parts[2:] if parts[0] == "plugins" else parts).removesuffix(".__init__"))
    try:
        value = _value(pattern, vars(module))
        return dataclasses.replace(use, pattern=value, flags=int(_value(flags, vars(module)) or 0))
    except Exception as error:  # noqa: BLE001 - an expression may fail in any way
        return dataclasses.replace(use, error=f"is not an expression of constants: {error}")


def _value(node: ast.expr | None, names: Mapping[str, Any]) -> Any:
    expression = ast.fix_missing_locations(ast.Expression(node or ast.Constant(None)))
    code = compile(expression, "pattern", "eval")
    return eval(code, dict(names))  # noqa: S307 - our own sources
