"""Templates that are not rendered yet: text in which a YAML parser fails at the syntax of another tool. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from rudr_py.errors import Location, Problem

HELM: Final = '"{{" is a Helm template: render the chart first, such as helm template . | rudr validate -f -'

_TEXTS: Final = {
    "{{": HELM,
    "{%": '"{%" is a template, for example of Jinja: render it first',
    "<<<<<<<": "the file has a conflict of git: resolve it, and remove the lines that git added",
}
_MARK: Final = re.compile(r"\{\{|\{%|^<<<<<<<(?= )", re.MULTILINE)
_HELM: Final = re.compile(r"\{\{-? ?(if|range|with|include|template|define|end|else|\.Values|\.Release|\.Chart)\b")

_NEAR: Final = 2
"""Number of lines between the syntax of a template and the error of the parser after it."""


def problem(text: str, name: str, problems: Iterable[Problem]) -> Problem | None:
    """The one problem of a file that is a template; None if its `problems` have another cause.

    A mark in a valid line, such as in quotes, is no cause.
    """
    wrong_lines = {problem.location.line for problem in problems if problem.location is not None}
    for match in _MARK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        near = any(line <= wrong <= line + _NEAR for wrong in wrong_lines)
        if near or _HELM.match(text, match.start()):
            column = match.start() - text.rfind("\n", 0, match.start())
            return Problem(_TEXTS[match[0]], location=Location(name, line, column))
    return None
