"""The explanation of a rule, from `rules.toml`, as text and as a section of documentation. Pure."""

from __future__ import annotations

import textwrap
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

import msgspec
import yaml

from rudr_py.errors import CatalogError
from rudr_py.model import suggest


class Explanation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The explanation of one rule.

    `wrong` and `right` are parts of a document in YAML: fields of `spec`, or of the `whole` document. `document` is
    component, application or the kind of a definition.
    """

    rule: str
    fix: str
    wrong: str
    right: str
    document: str = "component"
    whole: bool = False

    def parts(self) -> tuple[str, str]:
        """The wrong and the right part in block style, below `spec` unless they are those of the whole document."""
        return self._part(self.wrong), self._part(self.right)

    def _part(self, text: str) -> str:
        value = yaml.safe_load(text)
        fields = value if self.whole else {"spec": value}
        return yaml.safe_dump(fields, sort_keys=False, width=100)


@cache
def load() -> Mapping[str, Explanation]:
    """All explanations by the ID of the rule."""
    text = resources.files(__package__).joinpath("rules.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Explanation])


def find(rule: str) -> tuple[str, Explanation]:
    """The ID and the explanation of a rule; case and brackets are ignored. Raises CatalogError."""
    name = rule.strip("[]").upper()
    explanations = load()
    if name not in explanations:
        hint = suggest.nearest(name, explanations)
        raise CatalogError(f'no message has a rule "{rule}".{hint} rudr explain rule lists the rules.', name=rule)
    return name, explanations[name]


def is_rule(text: str) -> bool:
    """Whether a text has the form of the ID of a rule, such as TR-17, in any case and also in brackets."""
    letters, separator, number = text.strip("[]").partition("-")
    return bool(separator) and len(letters) == 2 and letters.isalpha() and number.isdecimal()


def text(rule: str, explanation: Explanation, width: int) -> list[str]:
    """The lines that a terminal prints."""
    wrong, right = explanation.parts()
    return [
        f"RULE:      {rule}",
        f"DOCUMENT:  {title(explanation)}",
        "",
        *textwrap.wrap(explanation.rule, width),
        "",
        "TO DO",
        *textwrap.wrap(explanation.fix, width, initial_indent="  ", subsequent_indent="  "),
        "",
        "INSTEAD OF",
        *(f"  {line}" for line in wrong.splitlines()),
        "",
        "WRITE",
        *(f"  {line}" for line in right.splitlines()),
    ]


def markdown(rule: str, explanation: Explanation) -> list[str]:
    """The lines of a section of documentation."""
    wrong, right = explanation.parts()
    return [
        f"## {rule}",
        "",
        *textwrap.wrap(explanation.rule, 120, break_on_hyphens=False),
        "",
        *textwrap.wrap(explanation.fix, 120, break_on_hyphens=False),
        "",
        f"In the document {title(explanation)}, instead of:",
        "",
        "```text",
        *wrong.splitlines(),
        "```",
        "",
        "write:",
        "",
        "```text",
        *right.splitlines(),
        "```",
    ]


def title(explanation: Explanation) -> str:
    """The kind of the document of the parts."""
    kinds = {"component": "ComponentSchematic", "application": "ApplicationConfiguration"}
    return kinds.get(explanation.document, explanation.document)


HEADINGS = frozenset({"TO DO", "INSTEAD OF", "WRITE"})
"""The lines of `text` that are headings."""
