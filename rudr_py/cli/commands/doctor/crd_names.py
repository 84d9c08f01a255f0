"""The names that kubectl resolves to two resources: to one of core.oam.dev and to one of another project. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rudr_py.api import get_in
from rudr_py.cli.commands.doctor.finding import Finding, note
from rudr_py.model.crd_schemas import crds

Document = Mapping[str, Any]

REPAIR = (
    "rudr crds | kubectl apply --server-side --force-conflicts -f -; it has no names that KubeVela uses; "
    "in the chart: crds.legacyShortNames=false"
)


def check(definitions: Iterable[Document]) -> Iterator[Finding]:
    """A note for each name that a CRD of this project shares with another CRD."""
    own = {document["metadata"]["name"]: document["spec"]["names"]["plural"] for document in crds.documents()}
    listed = {_name(definition): _names(definition) for definition in definitions}
    for name, names in listed.items():
        if name not in own:
            continue
        for other, other_names in listed.items():
            shared = [word for word in names if word in other_names]
            if shared and other not in own:
                message = f"kubectl may resolve {', '.join(shared)} to {other} instead of {name}"
                yield note("names", message, f"kubectl get {own[name]}; no other resource has this name")


def _name(definition: Document) -> str:
    return str(get_in(definition, "metadata", "name", default=""))


def _names(definition: Document) -> list[str]:
    """The plural, singular and short names, each once."""
    names = get_in(definition, "spec", "names", default={})
    short_names = names.get("shortNames") or ()
    return [str(name) for name in dict.fromkeys((names.get("plural"), names.get("singular"), *short_names)) if name]
