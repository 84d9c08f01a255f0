"""Ages of objects as kubectl prints them. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from rudr_py import ages


def age(created: str, now: datetime) -> str:
    """The time since a timestamp of Kubernetes, such as `5m10s` or `12d`; `<unknown>` if it is none."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return "<unknown>"
    # clocks differ, so a new object may seem to be created in the future
    return ages.duration(max(0, int((now - moment.replace(tzinfo=moment.tzinfo or UTC)).total_seconds())))
