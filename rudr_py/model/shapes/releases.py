"""The releases that published documents were written for."""

from __future__ import annotations

from typing import Final

HYDRA: Final = "Hydra, Scylla 0.8.0"
ALPHA: Final = "Rudr v1.0.0-alpha.1"
DRAFT: Final = "drafts of the specification"
SPEC: Final = "examples of the specification v0.1.0"
LATER: Final = "Rudr after v1.0.0-alpha.1"
SDK: Final = "oam-go-sdk"
ANY: Final = "several"

RELEASES: Final = (HYDRA, DRAFT, ALPHA, SPEC, LATER, SDK, ANY)
"""In the order in which the documentation lists them."""
