"""The release of Kubernetes as a value: (1, 29)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Release = tuple[int, int]
"""Major and minor number."""

_TEXT = re.compile(r"v?([0-9]{1,4})\.([0-9]{1,4})(?![0-9])")


def parse(text: str) -> Release | None:
    """The release in a text such as `1.29`, `v1.29.3-gke.1` or `1.31+`; None if it does not begin with one."""
    match = _TEXT.match(text)
    return None if match is None else (int(match[1]), int(match[2]))


def of_version(document: Mapping[str, Any]) -> Release | None:
    """The release in the answer of `/version`; some providers report a minor version such as `31+`."""
    return parse(str(document.get("gitVersion"))) or parse(f"{document.get('major')}.{document.get('minor')}")
