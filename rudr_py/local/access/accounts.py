"""Tokens of service accounts: JSON web tokens that expire, and that are bound to their account or another object.

They are signed with a secret of this cluster (HS256), so only this cluster can verify them and no public keys are
published. This module does not authorize the creation of a token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec

from rudr_py.local.access.user import User, account
from rudr_py.local.storage.store import Object, Store

AUDIENCE = "https://kubernetes.default.svc.cluster.local"
_ACCOUNTS = "serviceaccounts"
_TABLES = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
BINDABLE = frozenset(_TABLES)
_EXTRA = "authentication.kubernetes.io"


class Issuer:
    """Signs tokens with `secret` and verifies them. Times are seconds since the epoch."""

    def __init__(self, store: Store, secret: bytes) -> None:
        self._store = store
        self._secret = secret

    def issue(
        self, service_account: Object, *, now: float, until: float, token_id: str, bound: Object | None = None
    ) -> str:
        """Return a token for a ServiceAccount, bound to `bound` if it is an object."""
        metadata = service_account["metadata"]
        private_claims: dict[str, Any] = {
            "namespace": metadata["namespace"],
            "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
        }
        if bound is not None:
            private_claims[bound["kind"].lower()] = {"name": bound["metadata"]["name"], "uid": bound["metadata"]["uid"]}
        claims = {
            "aud": [AUDIENCE],
            "exp": int(until),
            "iat": int(now),
            "iss": AUDIENCE,
            "jti": token_id,
            "kubernetes.io": private_claims,
            "nbf": int(now),
            "sub": f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}",
        }
        header = _encoded(msgspec.json.encode({"alg": "HS256", "kid": "local", "typ": "JWT"}))
        body = f"{header}.{_encoded(msgspec.json.encode(claims))}"
        return f"{body}.{self._signature(body)}"

    def user(self, token: str, now: float) -> User | None:
        """Return the user of a token; None if it is invalid or expired, or its account or bound object is gone."""
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        try:
            claims: dict[str, Any] = msgspec.json.decode(_decoded(body.partition(".")[2]))
        except (binascii.Error, ValueError):
            return None
        private_claims = claims["kubernetes.io"]
        namespace, account_ref = private_claims["namespace"], private_claims["serviceaccount"]
        if not claims["nbf"] <= now < claims["exp"] or not self._exists(_ACCOUNTS, namespace, account_ref):
            return None
        extra: dict[str, tuple[str, ...]] = {f"{_EXTRA}/credential-id": (f"JTI={claims['jti']}",)}
        for kind, table in _TABLES.items():
            bound_ref = private_claims.get(kind.lower())
            if bound_ref is None:
                continue
            if not self._exists(table, "" if kind == "Node" else namespace, bound_ref):
                return None
            if kind != "Secret":
                extra[f"{_EXTRA}/{kind.lower()}-name"] = (bound_ref["name"],)
                extra[f"{_EXTRA}/{kind.lower()}-uid"] = (bound_ref["uid"],)
        return account(namespace, account_ref["name"], uid=account_ref["uid"], extra=extra).authenticated()

    def _exists(self, table: str, namespace: str, reference: dict[str, str]) -> bool:
        live = self._store.get(table, namespace, reference["name"])
        return live is not None and live["metadata"]["uid"] == reference["uid"]

    def _signature(self, body: str) -> str:
        return _encoded(hmac.new(self._secret, body.encode(), hashlib.sha256).digest())


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
