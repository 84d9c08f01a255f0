"""The facts about a type as lines, for a terminal or a pipe, and as Markdown for documentation. Pure."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rudr_py.api import Rule
from rudr_py.catalog import package_and_version
from rudr_py.cli.options.flags import Category
from rudr_py.cli.output import documents
from rudr_py.cli.types import names as type_names
from rudr_py.cli.types.facts import TypeFacts
from rudr_py.cli.types.schema_fields import SchemaField

PLACES: Final[Mapping[Category, str]] = {
    "trait": "in spec.components[] of an ApplicationConfiguration",
    "workload": "in spec of a ComponentSchematic",
    "scope": "in spec of an ApplicationConfiguration",
}
"""The place in documents to which the example of a category belongs."""

HEADINGS: Final = frozenset({"PROPERTIES", "WORKLOAD SETTINGS", "EXAMPLE"})
"""Lines of `text` that are printed in bold on a terminal."""

_GAP = "   "


def text(type_facts: TypeFacts, width: int = 80, *, recursive: bool = False) -> list[str]:
    """A type in lines of at most `width` columns. `recursive` lists the properties of all depths by name and type."""
    lines = [*_titles(type_facts)]
    for paragraph in type_facts.about:
        lines += ["", *textwrap.wrap(paragraph, width)]
    rows = list(facts(type_facts))
    if rows:
        lines += ["", *_aligned(rows, width)]
    if type_facts.fields:
        lines += ["", _heading(type_facts)]
        path = f"{type_facts.category} {type_names.short(type_facts.name)}"
        lines += _tree(type_facts.fields) if recursive else _field_table(type_facts.fields, path, width)
    if type_facts.example is not None:
        lines += ["", "EXAMPLE", *(f"  {line}" for line in _example(type_facts))]
    return lines


def text_of_field(type_facts: TypeFacts, path: Sequence[str], field: SchemaField, width: int = 80) -> list[str]:
    """A property, with its nested properties, in lines of at most `width` columns."""
    name = ".".join((type_names.short(type_facts.name), *path))
    rows = [("Type", field.type), ("Required", "yes" if field.required else "")]
    rows += [("Default", field.default), ("Limits", "; ".join(field.limits))]
    lines = [f"{type_facts.category.upper()}:     {type_facts.name}", f"PROPERTY:  {'.'.join(path)}"]
    if field.description:
        lines += ["", *textwrap.wrap(field.description, width)]
    lines += ["", *_aligned([(heading, value) for heading, value in rows if value], width)]
    if field.fields:
        lines += ["", "PROPERTIES", *_field_table(field.fields, f"{type_facts.category} {name}", width)]
    return lines


def markdown(type_facts: TypeFacts, level: int = 3) -> list[str]:
    """A type as a section of a page: a heading of this level, facts, a table of properties, an example.

    Nested properties have tables of their own, with their path as the title. The package is printed without its
    version, so that a page does not change with every release.
    """
    lines = [f"{'#' * level} `{type_facts.name}`"]
    for paragraph in type_facts.about:
        lines += ["", _escaped(paragraph)]
    rows = [("Package", package_and_version(type_facts.package)[0]), *facts(type_facts)]
    lines += ["", "| | |", "|---|---|", *(f"| {heading} | {_escaped(value)} |" for heading, value in rows)]
    for path, fields in _tables(type_facts.fields, ""):
        title = f"**Inside `{path}`**" if path else f"**{_heading(type_facts).capitalize()}**"
        lines += ["", title, "", *_markdown_table(fields)]
    if type_facts.example is not None:
        lines += ["", "```yaml", *_example(type_facts), "```"]
    return lines


def markdown_of_field(type_facts: TypeFacts, path: Sequence[str], field: SchemaField, level: int = 3) -> list[str]:
    """A property as a section of a page, with tables of its nested properties."""
    lines = [f"{'#' * level} `{'.'.join((type_facts.name, *path))}`", "", *_markdown_table((field,))]
    for inside, fields in _tables(field.fields, ".".join(path)):
        lines += ["", f"**Inside `{inside}`**", "", *_markdown_table(fields)]
    return lines


def facts(type_facts: TypeFacts) -> Iterator[tuple[str, str]]:
    """The facts except the properties, as headings and texts. Empty facts are left out."""
    rows = {
        "Aliases": ", ".join(type_facts.aliases),
        "Applies to": _applies_to(type_facts),
        "Requires": ", ".join(type_facts.requires),
        "Repeatable": "an instance can have it several times" if type_facts.repeatable else "",
        "Scale forms": ", ".join(type_facts.scale_forms),
        "Provides": ", ".join(type_facts.provides),
        "Traits": ", ".join(type_facts.fits) if type_facts.category == "workload" else "",
        "Overlap": _overlap(type_facts.allow_overlap),
        "Creates": ", ".join(map(_kind, type_facts.produces)),
        "Watches": ", ".join(map(_kind, type_facts.observes)),
        "Permissions": "; ".join(_rights(type_facts.rights)),
        "Former names": "; ".join(_former_names(type_facts.outdated_properties)),
    }
    return ((heading, value) for heading, value in rows.items() if value)


def _titles(type_facts: TypeFacts) -> Iterator[str]:
    label = f"{type_facts.category.upper()}:"
    width = max(len(label), len("PACKAGE:")) + 2
    yield f"{label:<{width}}{type_facts.name}"
    yield f"{'PACKAGE:':<{width}}{type_facts.package}"


def _heading(type_facts: TypeFacts) -> str:
    return "WORKLOAD SETTINGS" if type_facts.category == "workload" else "PROPERTIES"


def _applies_to(type_facts: TypeFacts) -> str:
    if type_facts.category != "trait":
        return ""
    if "*" in type_facts.applies_to and not type_facts.requires:
        return "every workload type"
    return ", ".join(map(type_names.short, type_facts.fits)) or "no installed workload type"


def _kind(text: str) -> str:
    """`Deployment (apps/v1)` for `apps/v1.Deployment`."""
    version, _, kind = text.rpartition(".")
    return f"{kind} ({version})"


def _overlap(allowed: bool | None) -> str:
    if allowed is None:
        return ""
    return "an instance can be in several" if allowed else "an instance can be in only one"


def _rights(rules: Sequence[Rule]) -> Iterator[str]:
    """A text for each set of verbs."""
    resources: defaultdict[str, list[str]] = defaultdict(list)
    for rule in rules:
        names = [".".join(filter(None, (name, group))) for group in rule.groups for name in rule.resources]
        resources[", ".join(rule.verbs)] += names
    return (f"{verbs}: {', '.join(names)}" for verbs, names in resources.items())


def _former_names(names: Mapping[str, str]) -> Iterator[str]:
    """A text for each current name."""
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for old, new in names.items():
        spellings[new].append(old)
    return (f"{', '.join(old)} (now {new})" for new, old in spellings.items())


def _aligned(rows: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    column = max(len(heading) for heading, _ in rows) + 2 + len(_GAP)
    for heading, value in rows:
        first = f"  {heading}".ljust(column)
        yield from textwrap.wrap(
            value, width, initial_indent=first, subsequent_indent=" " * column, break_on_hyphens=False
        )


def _field_table(fields: Sequence[SchemaField], path: str, width: int) -> Iterator[str]:
    """A table whose last column wraps, with the description of each property below its row."""
    rows = [("NAME", "REQUIRED", "DEFAULT", "TYPE")]
    rows += [(field.name, "yes" if field.required else "", field.default, field.type) for field in fields]
    columns = [max(len(row[index]) for row in rows) for index in range(3)]
    for row, field in zip(rows, (None, *fields), strict=True):
        cells = (cell.ljust(column) for cell, column in zip(row, columns, strict=False))
        start = f"  {_GAP.join(cells)}{_GAP}"
        yield from textwrap.wrap(
            row[3], width, initial_indent=start, subsequent_indent=" " * len(start), break_on_hyphens=False
        )
        if field is not None:
            yield from _details(field, path, width)


def _details(field: SchemaField, path: str, width: int) -> Iterator[str]:
    parts = [field.description, _limits(field)]
    parts += [f"See: rudr explain {path}.{field.name}"] if field.fields else []
    for part in filter(None, parts):
        yield from textwrap.wrap(part, width, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)


def _limits(field: SchemaField) -> str:
    text = "; ".join(field.limits)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _tree(fields: Sequence[SchemaField], depth: int = 1) -> Iterator[str]:
    for field in fields:
        required = " -required-" if field.required else ""
        yield f"{'  ' * depth}{field.name}  <{field.type}>{required}"
        yield from _tree(field.fields, depth + 1)


def _example(type_facts: TypeFacts) -> Iterator[str]:
    yield f"# {PLACES[type_facts.category]}"
    yield from documents.documents([type_facts.example or {}]).splitlines()


def _tables(fields: Sequence[SchemaField], path: str) -> Iterator[tuple[str, Sequence[SchemaField]]]:
    if fields:
        yield path, fields
    for field in fields:
        inside = f"{path}.{field.name}" if path else field.name
        yield from _tables(field.fields, inside)


def _markdown_table(fields: Sequence[SchemaField]) -> Iterator[str]:
    yield "| Name | Type | Required | Default | Description |"
    yield "|---|---|---|---|---|"
    for field in fields:
        description = " ".join(filter(None, (field.description, _limits(field))))
        default = f"`{field.default}`" if field.default else ""
        required = "yes" if field.required else ""
        cells = (f"`{field.name}`", _escaped(field.type), required, _escaped(default), _escaped(description))
        yield f"| {' | '.join(cells)} |"


def _escaped(value: str) -> str:
    """The text with the characters escaped that have a meaning in Markdown tables."""
    return "".join(f"\\{character}" if character in "|*_<[\\" else character for character in value)
