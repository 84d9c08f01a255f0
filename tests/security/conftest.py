"""Fixtures of the end-to-end tests: the installed types, and a kube-apiserver if available."""

from __future__ import annotations

from tests.e2e.conftest import catalog, enforcing

__all__ = ["catalog", "enforcing"]
