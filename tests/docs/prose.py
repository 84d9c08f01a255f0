"""Extracts the prose of pages, comments, docstrings and templates. Code is blanked, which keeps line numbers."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.language import docstrings
from tests.docs.pages import ROOT

_FENCE = re.compile(r"^( *)(```+)[^`\n]*\n.*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:(?<=\n\n)|\A)(?: {4,}\S.*\n?|\n(?= {4}))+", re.MULTILINE)
_CODE = re.compile(r"(?<!`)`[^`]+`(?!`)")
_TARGET = re.compile(r"(?<=\])\([^)\s]+\)")
_TEST_NAME = re.compile(r"\[[^\]]*\]\(\.\./tests/[^)]*\)")
"""A link of the conformance page; its text is the name of a test."""
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def _blank(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def markdown(text: str) -> str:
    """A page without its blocks of code, code in backticks, link targets and names of tests."""
    for pattern in (_FENCE, _INDENTED, _CODE, _TEST_NAME, _TARGET):
        text = _blank(pattern, text)
    return text


def comments(text: str) -> str:
    """The comments of YAML, a Dockerfile or a Makefile, without code in backticks."""
    lines = (re.search(r"(?:^|\s)#+ (.*)$", line) for line in text.split("\n"))
    return _blank(_CODE, "\n".join(match[1] if match else "" for match in lines))


def python(text: str) -> str:
    """The docstrings and comments of a module, without code in backticks."""
    parts = ["" for _ in text.split("\n")]
    for docstring in docstrings(ast.parse(text)):
        for number, line in enumerate(docstring.text.split("\n"), docstring.line - 1):
            parts[number] = line
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            parts[token.start[0] - 1] += token.string.lstrip("# ")
    return _blank(_CODE, "\n".join(parts))


def template(text: str) -> str:
    """The comments of a Helm template, and the texts of its `fail` and `summary`."""
    spans = re.findall(r"/\*.*?\*/|\bfail .*|\bsummary: .*", text)
    parts = ["" for _ in text.split("\n")]
    for span in spans:
        parts[text.count("\n", 0, text.index(span))] += span
    return _blank(_CODE, "\n".join(parts))


def notes(text: str) -> str:
    """Helm's notes without template actions and commands, which are indented."""
    return "\n".join("" if line.startswith("  ") else line for line in _blank(_ACTION, text).split("\n"))


_READERS: Mapping[str, Callable[[str], str]] = {
    "*.md": markdown,
    "docs/*.md": markdown,
    "bench/*.md": markdown,
    "charts/*/*.md": markdown,
    "plugins/*/*.md": markdown,
    ".github/**/*.md": markdown,
    "charts/*/values.yaml": comments,
    "charts/*/templates/**/*.yaml": template,
    "charts/*/templates/*.tpl": template,
    "charts/*/templates/NOTES.txt": notes,
    "examples/*.yaml": comments,
    "plugins/*/examples/*.yaml": comments,
    ".pre-commit-config.yaml": comments,
    ".ci/*": comments,
    "Dockerfile": comments,
    "Makefile": comments,
    "pyproject.toml": comments,
    ".importlinter": comments,
    "bench/*.py": python,
    "tests/*.py": python,
    "tests/charts/*.py": python,
    "tests/conformance/*.py": python,
    "tests/docs/*.py": python,
    "tests/e2e/**/*.py": python,
    "tests/naming/*.py": python,
    "tests/release/*.py": python,
    "tests/reliability/*.py": python,
}
"""Pattern of files in the repository -> the function that extracts their prose."""


def files() -> dict[Path, Callable[[str], str]]:
    """Every file with prose, with its reader. Errors in generated pages are corrected in the code."""
    return {
        path: reader for pattern, reader in _READERS.items() for path in sorted(ROOT.glob(pattern)) if path.is_file()
    }
