"""The table of docs/pods.md names every trait, with the package that provides it."""

from __future__ import annotations

import re

from tests import own_packages
from tests.docs.pages import ROOT

NOT_ABOUT_PODS = {"empty"}


def test_the_table_has_every_trait_with_its_package() -> None:
    rows = re.findall(
        r"^\|[^|]*\|[^|]*\| ([^|]*) \| (rudr-py[a-z-]*) \|$", (ROOT / "docs/pods.md").read_text(), re.MULTILINE
    )
    listed = {
        (trait, package) for cell, package in rows for trait in re.findall(r"`([a-z-]+)`", cell.partition(":")[0])
    }
    catalog = own_packages.everything().catalog
    provided = {(name, catalog.traits[name].package.partition(" ")[0]) for name in set(catalog.traits) - NOT_ABOUT_PODS}
    names = {(trait, package) for trait, package in provided if catalog.traits[trait].name == trait}
    assert listed == names
