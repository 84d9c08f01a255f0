"""Old names of types, and of the types of parameters."""

from __future__ import annotations

import re
from typing import Final

from rudr_py.model.identity import CORE_GROUP, VERSION

HYDRA_GROUP: Final = "core.hydra.io"
"""The group of OAM before October 2019."""

HYDRA_GROUPS: Final = frozenset({HYDRA_GROUP, "hydra.microsoft.com"})

_CORE: Final = ("Server", "SingletonServer", "Worker", "SingletonWorker", "Task", "SingletonTask")

_WORKLOADS: Final = {
    **{kind: kind for kind in _CORE},
    "Singleton": "SingletonServer",
    "SingletonService": "SingletonServer",
    "Service": "Server",
    "Replicated": "Server",
    "ReplicatedService": "Server",
    "ReplicableService": "Server",
    "ReplicatedWorker": "Worker",
    "ReplicableWorker": "Worker",
    "ReplicatedTask": "Task",
    "ReplicableTask": "Task",
}

_TRAITS: Final = {
    name.replace("-", ""): name for name in ("manual-scaler", "auto-scaler", "ingress", "volume-mounter", "empty")
}

_TYPE: Final = re.compile(r"(core\.oam\.dev|core\.hydra\.io)/(v1(?:alpha1)?)\.([A-Za-z][A-Za-z0-9-]*)")
_NAME_OF_TYPE: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\.(core\.oam\.dev|core\.hydra\.io)(?:/v1(?:alpha1)?)?")

_PARAMETER_TYPES: Final = {
    "boolean": ("bool",),
    "number": ("int", "int32", "int64", "integer", "long", "float", "double", "numeric", "decimal"),
    "string": ("str",),
    "array": ("list", "[]string", "stringarray"),
    "object": ("map", "dict"),
}


def workload_kind(kind: str) -> str:
    """The core workload type of today for a kind of any draft; empty for any other kind."""
    return _WORKLOADS.get(kind, "")


def core_type(kind: str) -> str:
    """The full name of a type of the specification."""
    return f"{CORE_GROUP}/{VERSION}.{kind}"


def split_core_type(name: str) -> tuple[str, str, str] | None:
    """Group, version and kind of a type of the specification or of Hydra; None for any other name."""
    match = _TYPE.fullmatch(name)
    return (match[1], match[2], match[3]) if match else None


def trait_of_type(name: str) -> str:
    """The name of today for a trait that is named with its group; empty for any other name."""
    match = _NAME_OF_TYPE.fullmatch(name)
    kind = match[1] if match else (_TYPE.fullmatch(name) or ("", "", "", ""))[3]
    return known_trait(kind) or kind


def known_trait(name: str) -> str:
    """The name of today for a standard trait in any spelling; empty for any other trait."""
    folded = name.casefold().replace("-", "")
    return _TRAITS.get(folded) or _TRAITS.get(folded.removesuffix("trait"), "")


def parameter_type(name: str, valid: tuple[str, ...]) -> str:
    """The valid type for another spelling of it; empty for a valid or an unknown one."""
    if name in valid:
        return ""
    folded = name.casefold()
    if folded in valid:
        return folded
    if folded in ("int", "int32", "int64", "long") and "integer" in valid:
        return "integer"
    return next((today for today, others in _PARAMETER_TYPES.items() if folded in others), "")
