"""The page docs/types.md: every type of the project's packages, as printed by `rudr explain -o md`.

`reference` writes the page.
"""

from __future__ import annotations

from collections.abc import Mapping

from rudr_py.cli.options.flags import CATEGORIES, Category
from rudr_py.cli.types import facts, names, text
from tests import own_packages

_PACKAGES = [f"`{own_packages.PREFIX}{name}`" for name in own_packages.NAMES]
HEAD = f"""\
# Types

Generated from the types by `make reference`; do not edit it by hand. `rudr explain` prints the same for all installed
types, and `rudr traits --workload Server` lists the traits that fit a workload type.

The types of the package `rudr-py` are always available. Those of
{", ".join(_PACKAGES[:-1])} and {_PACKAGES[-1]}
are available if the package is installed in the controller.
"""

TITLES: Mapping[Category, str] = {"workload": "Workload types", "trait": "Traits", "scope": "Scopes"}


def page() -> str:
    """The text of the page."""
    catalog = own_packages.everything().catalog
    parts = [HEAD]
    for category in sorted(CATEGORIES, key=list(TITLES).index):
        parts.append(f"## {TITLES[category]}\n")
        offers = names.of_category(catalog, category)
        for offer in sorted(offers, key=lambda offer: (not offer.package.startswith("rudr-py "), offer.name)):
            parts += [*text.markdown(facts.explain(offer, catalog)), ""]
    return "\n".join(parts).rstrip() + "\n"
