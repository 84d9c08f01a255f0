"""An explained type as lines: for a terminal or a pipe, and as Markdown for pages of documentation. Pure."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rudr_py.api import Rule
from rudr_py.catalog import package_and_version
from rudr_py.cli.output import documents
from rudr_py.cli.types import names as typenames
from rudr_py.cli.types.facts import TypeFacts
from rudr_py.cli.types.names import Sort
from rudr_py.cli.types.schema_fields import SchemaField

PLACES: Final[Mapping[Sort, str]] = {
    "trait": "in spec.components[] of an ApplicationConfiguration",
    "workload": "in spec of a ComponentSchematic",
    "scope": "in spec of an ApplicationConfiguration",
}
"""Where the example of a sort belongs."""

HEADINGS: Final = frozenset({"PROPERTIES", "WORKLOAD SETTINGS", "EXAMPLE"})
"""Lines of `text` that a terminal may make bold."""

_GAP = "   "


def text(explained: TypeFacts, width: int = 80, *, recursive: bool = False) -> list[str]:
    """A type in lines of at most `width` columns; with `recursive` all properties at all depths, by name and type."""
    found = [*_titles(explained)]
    for paragraph in explained.about:
        found += ["", *textwrap.wrap(paragraph, width)]
    told = list(facts(explained))
    if told:
        found += ["", *_aligned(told, width)]
    if explained.fields:
        found += ["", _heading(explained)]
        path = f"{explained.sort} {typenames.short(explained.name)}"
        found += _tree(explained.fields) if recursive else _rows(explained.fields, path, width)
    if explained.example is not None:
        found += ["", "EXAMPLE", *(f"  {line}" for line in _example(explained))]
    return found


def text_of_field(explained: TypeFacts, path: Sequence[str], field: SchemaField, width: int = 80) -> list[str]:
    """One property, with those inside of it, in lines of at most `width` columns."""
    name = ".".join((typenames.short(explained.name), *path))
    told = [("Type", field.type), ("Required", "yes" if field.required else "")]
    told += [("Default", field.default), ("Limits", "; ".join(field.limits))]
    found = [f"{explained.sort.upper()}:     {explained.name}", f"PROPERTY:  {'.'.join(path)}"]
    if field.description:
        found += ["", *textwrap.wrap(field.description, width)]
    found += ["", *_aligned([(heading, value) for heading, value in told if value], width)]
    if field.fields:
        found += ["", "PROPERTIES", *_rows(field.fields, f"{explained.sort} {name}", width)]
    return found


def markdown(explained: TypeFacts, level: int = 3) -> list[str]:
    """A type as a section of a page: a heading of this level, facts, a table of properties, an example.

    Nested properties have a table each, headed by their path. The package is named without its version, so that a
    page does not change with every release.
    """
    found = [f"{'#' * level} `{explained.name}`"]
    for paragraph in explained.about:
        found += ["", _escaped(paragraph)]
    told = [("Package", package_and_version(explained.package)[0]), *facts(explained)]
    found += ["", "| | |", "|---|---|", *(f"| {heading} | {_escaped(value)} |" for heading, value in told)]
    for path, fields in _tables(explained.fields, ""):
        title = f"**Inside `{path}`**" if path else f"**{_heading(explained).capitalize()}**"
        found += ["", title, "", *_markdown_table(fields)]
    if explained.example is not None:
        found += ["", "```yaml", *_example(explained), "```"]
    return found


def markdown_of_field(explained: TypeFacts, path: Sequence[str], field: SchemaField, level: int = 3) -> list[str]:
    """One property as a section of a page, with a table of those inside of it."""
    found = [f"{'#' * level} `{'.'.join((explained.name, *path))}`", "", *_markdown_table((field,))]
    for inside, fields in _tables(field.fields, ".".join(path)):
        found += ["", f"**Inside `{inside}`**", "", *_markdown_table(fields)]
    return found


def facts(explained: TypeFacts) -> Iterator[tuple[str, str]]:
    """What is known of a type beside its properties, as headings and texts; nothing that is empty."""
    told = {
        "Also written": ", ".join(explained.aliases),
        "Applies to": _applies(explained),
        "Needs": ", ".join(explained.needs),
        "More than once": "an instance may have it several times" if explained.several else "",
        "Sizes it takes": ", ".join(explained.takes),
        "Offers": ", ".join(explained.offers),
        "Traits": ", ".join(explained.fits) if explained.sort == "workload" else "",
        "Overlap": _overlap(explained.allow_overlap),
        "Makes": ", ".join(map(_kind, explained.produces)),
        "Controller watches": ", ".join(map(_kind, explained.observes)),
        "Controller's rights": "; ".join(_rights(explained.rights)),
        "Outdated names": "; ".join(_outdated(explained.outdated_properties)),
    }
    return ((heading, value) for heading, value in told.items() if value)


def _titles(explained: TypeFacts) -> Iterator[str]:
    label = f"{explained.sort.upper()}:"
    width = max(len(label), len("PACKAGE:")) + 2
    yield f"{label:<{width}}{explained.name}"
    yield f"{'PACKAGE:':<{width}}{explained.package}"


def _heading(explained: TypeFacts) -> str:
    return "WORKLOAD SETTINGS" if explained.sort == "workload" else "PROPERTIES"


def _applies(explained: TypeFacts) -> str:
    if explained.sort != "trait":
        return ""
    if "*" in explained.applies_to and not explained.needs:
        return "every workload type"
    return ", ".join(map(typenames.short, explained.fits)) or "no installed workload type"


def _kind(text: str) -> str:
    """`Deployment (apps/v1)` for `apps/v1.Deployment`."""
    version, _, kind = text.rpartition(".")
    return f"{kind} ({version})"


def _overlap(allowed: bool | None) -> str:
    if allowed is None:
        return ""
    return "an instance may be in several" if allowed else "an instance may be in one only"


def _rights(rules: Sequence[Rule]) -> Iterator[str]:
    """One part for each set of verbs."""
    resources: defaultdict[str, list[str]] = defaultdict(list)
    for rule in rules:
        named = [".".join(filter(None, (name, group))) for group in rule.groups for name in rule.resources]
        resources[", ".join(rule.verbs)] += named
    return (f"{verbs}: {', '.join(named)}" for verbs, named in resources.items())


def _outdated(names: Mapping[str, str]) -> Iterator[str]:
    """One part for each name of today."""
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    for old, new in names.items():
        spellings[new].append(old)
    return (f"{', '.join(old)} (now {new})" for new, old in spellings.items())


def _aligned(told: Sequence[tuple[str, str]], width: int) -> Iterator[str]:
    column = max(len(heading) for heading, _ in told) + 2 + len(_GAP)
    for heading, value in told:
        first = f"  {heading}".ljust(column)
        yield from textwrap.wrap(
            value, width, initial_indent=first, subsequent_indent=" " * column, break_on_hyphens=False
        )


def _rows(fields: Sequence[SchemaField], path: str, width: int) -> Iterator[str]:
    """A table whose last column may go on below, and below each row what the property is for."""
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
            yield from _told(field, path, width)


def _told(field: SchemaField, path: str, width: int) -> Iterator[str]:
    limits = "; ".join(field.limits)
    parts = [field.description, f"{limits[:1].upper()}{limits[1:]}." if limits else ""]
    parts += [f"See: rudr explain {path}.{field.name}"] if field.fields else []
    for part in filter(None, parts):
        yield from textwrap.wrap(part, width, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)


def _tree(fields: Sequence[SchemaField], depth: int = 1) -> Iterator[str]:
    for field in fields:
        required = " -required-" if field.required else ""
        yield f"{'  ' * depth}{field.name}  <{field.type}>{required}"
        yield from _tree(field.fields, depth + 1)


def _example(explained: TypeFacts) -> Iterator[str]:
    yield f"# {PLACES[explained.sort]}"
    yield from documents.documents([explained.example or {}]).splitlines()


def _tables(fields: Sequence[SchemaField], path: str) -> Iterator[tuple[str, Sequence[SchemaField]]]:
    if fields:
        yield path, fields
    for field in fields:
        inside = f"{path}.{field.name}" if path else field.name
        yield from _tables(field.fields, inside)


def _markdown_table(fields: Sequence[SchemaField]) -> Iterator[str]:
    yield "| Name | Type | Required | Default | What it is |"
    yield "|---|---|---|---|---|"
    for field in fields:
        limits = "; ".join(field.limits)
        told = " ".join(filter(None, (field.description, f"{limits[:1].upper()}{limits[1:]}." if limits else "")))
        default = f"`{field.default}`" if field.default else ""
        required = "yes" if field.required else ""
        yield f"| `{field.name}` | {_escaped(field.type)} | {required} | {_escaped(default)} | {_escaped(told)} |"


def _escaped(value: str) -> str:
    """The text where Markdown reads a `|` as the end of a cell and `*`, `_`, `<` and `[` as marks."""
    return "".join(f"\\{one}" if one in "|*_<[\\" else one for one in value)
