"""Every regular expression in the sources matches in linear time, so that no text of a document can keep it busy."""

from __future__ import annotations

from tests.patterns import sources
from tests.patterns.growth import fault


def test_every_pattern_in_the_sources_is_linear() -> None:
    uses = sources.uses()
    reasons = {
        f"{use.place}: {use.pattern!r}": use.error or fault(use.pattern, use.flags, search=use.search) for use in uses
    }
    assert {place: reason for place, reason in reasons.items() if reason} == {}
    assert len(uses) > 100
