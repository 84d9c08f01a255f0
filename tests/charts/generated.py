"""Generates parts of charts/rudr-py: CRDs, rights, names of types, README, descriptions in values.schema.json.

`make chart` runs it. The generated files are not edited by hand; a test compares them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from rudr_py.api import Rule
from rudr_py.catalog import Catalog
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import impersonated_rights, rights, roles
from rudr_py.plugins.rights import Grant, Rights
from tests import own_packages
from tests.charts import values_file

FOLDER = values_file.FOLDER
LEASE = "$LEASE"
"""Placeholder for the name of the Lease, which is the name of the release."""

HEAD = "# Printed by `make chart`; not edited by hand.\n"


def files() -> dict[Path, str]:
    """The text of every generated file, by its path."""
    texts = {FOLDER / "generated" / "crds" / f"{_plural(crd)}.yaml": crds.to_yaml(crd) for crd in crds.documents()}
    texts[FOLDER / "generated" / "legacy-names.yaml"] = HEAD + yaml.safe_dump(_legacy_names(), sort_keys=False)
    texts[FOLDER / "generated" / "rights.yaml"] = HEAD + yaml.dump(
        _rights_by_value(), Dumper=_Dumper, sort_keys=False, width=110
    )
    texts[FOLDER / "generated" / "standard-types.yaml"] = HEAD + yaml.dump(
        _standard_types(), Dumper=_Dumper, sort_keys=False, width=110
    )
    texts[FOLDER / "values.schema.json"] = values_file.described_schema()
    texts[FOLDER / "README.md"] = values_file.readme()
    return texts


def catalog(*packages: str) -> Catalog:
    """The standard types, and those of the plugins with these short names."""
    return own_packages.everything(packages).catalog


def _plural(document: dict[str, Any]) -> str:
    plural: str = document["spec"]["names"]["plural"]
    return plural


def _legacy_names() -> dict[str, Any]:
    """The names of the CRDs whose names differ with legacy short names."""
    usual = {_plural(crd): crd["spec"]["names"] for crd in crds.documents()}
    legacy = {_plural(crd): crd["spec"]["names"] for crd in crds.documents(legacy_short_names=True)}
    return {plural: names for plural, names in legacy.items() if names != usual[plural]}


def _standard_types() -> dict[str, Any]:
    """The names of the standard types, and the types by the resource of another kind that they produce.

    Kinds of workload types are omitted, because a Deployment can run any pod, and so are kinds of OAM.
    """
    core = catalog()
    writers: dict[str, dict[str, Any]] = {}
    for category, offers in (("traits", core.traits), ("scopes", core.scopes)):
        for name, offer in offers.items():
            for kind in offer.type.produces:
                if kind.group != CORE_GROUP:
                    entry = {"group": kind.group, "resource": rights.plural(kind), "traits": [], "scopes": []}
                    writers.setdefault(str(kind), entry)[category].append(name)
    names = {part: sorted(getattr(core, part)) for part in ("workloads", "traits", "scopes")}
    return {**names, "writers": [writers[kind] for kind in sorted(writers)]}


def _rights_by_value() -> dict[str, dict[str, list[Any]]]:
    """The rights that are always required, and those that each value adds."""
    core = catalog()
    least = functools.partial(rights.needed, publish=False, check_resources=False)
    required = least(core)
    rights_by_value = {
        "publish": least(core, publish=True),
        "checkResources": least(core, check_resources=True),
        "rootScopes": least(core, root_scopes=True),
        "leaderElection": least(core, leases=(LEASE,)),
        **{name: least(catalog(name)) for name in own_packages.WITH_RIGHTS},
    }
    no_rights = Rights(cluster=(), definitions=())
    return {
        "always": _additional_rules(required, no_rights),
        **{name: _additional_rules(extended, required) for name, extended in rights_by_value.items()},
    }


def _additional_rules(extended: Rights, base: Rights) -> dict[str, list[Any]]:
    rules, former = _parts(extended), _parts(base)
    parts = {part: list(roles.rule_documents(_missing_rules(rules[part], former[part]))) for part in rules}
    return {part: documents for part, documents in parts.items() if documents}


def _parts(needed: Rights) -> dict[str, tuple[Rule, ...]]:
    """The rights by category, and those with impersonation; the names of accounts are values of the chart."""
    impersonated = impersonated_rights.impersonated(needed, (), constrained=True)
    plain = {part: getattr(needed, part) for part in ("cluster", "definitions", "own", "waits", "cluster_waits")}
    _, *impersonate_on = impersonated.impersonation
    return {
        **plain,
        "impersonating": impersonated.cluster,
        "impersonate_on": tuple(impersonate_on),
        "accounts": impersonated.accounts,
    }


def _missing_rules(rules: Iterable[Rule], base: tuple[Rule, ...]) -> Iterator[Rule]:
    """As `rights.beyond`; rules for named objects are kept."""
    plain = [rule for rule in rules if not isinstance(rule, Grant)]
    yield from rights.beyond(plain, base)
    yield from (rule for rule in rules if isinstance(rule, Grant) and rule not in base)


class _Dumper(yaml.SafeDumper):
    """Writes lists within a rule on one line and indents lists of rules."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        plain = all(isinstance(item, str) for item in sequence)
        return super().represent_sequence(tag, sequence, flow_style=plain)

    def ignore_aliases(self, data: Any) -> bool:
        return True


if __name__ == "__main__":
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
