"""The defaults of one namespace, whose labels may decide the Pod Security profile. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from rudr_py.model.metadata_keys import ENFORCE_LABEL
from rudr_py.settings import PlatformDefaults

_LESS_THAN_RESTRICTED = ("", "privileged", "baseline")


def in_namespace(defaults: PlatformDefaults, labels: Mapping[str, str]) -> PlatformDefaults:
    """The defaults in a namespace with these labels: their profile is `none` or `restricted`.

    The API server enforces `restricted` for a label with an unknown value.
    """
    if defaults.pod_security != "namespace":
        return defaults
    is_less = labels.get(ENFORCE_LABEL, "") in _LESS_THAN_RESTRICTED
    return msgspec.structs.replace(defaults, pod_security="none" if is_less else "restricted")


def unknown_standard(reason: str) -> str:
    """The message about a namespace whose labels cannot be read."""
    return f"the Pod Security Standard of the namespace is unknown, because the namespace cannot be read: {reason}"
