"""The releases that published documents were written for, and the constructor of a row of the table."""

from __future__ import annotations

from typing import Final

from rudr_py.model.shapes.shape import Reading, Rewrite, Shape

HYDRA: Final = "Hydra, Scylla 0.8.0"
ALPHA: Final = "Rudr v1.0.0-alpha.1"
DRAFT: Final = "drafts of the specification"
SPEC: Final = "examples of the specification v0.1.0"
LATER: Final = "Rudr after v1.0.0-alpha.1"
SDK: Final = "oam-go-sdk"
ANY: Final = "several"

RELEASES: Final = (HYDRA, DRAFT, ALPHA, SPEC, LATER, SDK, ANY)
"""In the order in which the documentation lists them."""


def row(
    kinds: tuple[str, ...],
    where: str,
    names: tuple[str, str, str, str],
    rewrite: Rewrite,
    reading: Reading = "read",
    *,
    parsed: bool = False,
) -> Shape:
    """A row; `names` are its ID, its release, the old shape and the one of today."""
    identifier, release, old, today = names
    return Shape(
        id=identifier,
        release=release,
        kinds=kinds,
        where=where,
        old=old,
        today=today,
        rewrite=rewrite,
        reading=reading,
        parsed=parsed,
    )
