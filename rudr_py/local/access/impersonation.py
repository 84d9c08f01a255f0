"""Impersonation: the user of the `Impersonate-*` headers, and the permissions that it requires.

The verb `impersonate` on users, groups and service accounts allows it in every release. From 1.36 constrained
impersonation (KEP-5284) allows it too and requires `impersonate-on:<mode>:<verb>` on the requested resource. The
modes for nodes are not implemented.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote

import msgspec

from rudr_py.local.access.attributes import Attributes, forbidden
from rudr_py.local.access.authorizer import AccessDecision
from rudr_py.local.access.user import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, User, account, account_of
from rudr_py.local.apimachinery import api_errors

Decide = Callable[[Attributes], AccessDecision]
PREFIX = "impersonate-"
_EXTRA_PREFIX = "impersonate-extra-"
_AUTHENTICATION = "authentication.k8s.io"
_LEGACY, _ACCOUNT, _USER_INFO = "", "serviceaccount", "user-info"


def requested(headers: Mapping[str, list[str]]) -> User | None:
    """Return the impersonated user from headers with lower-case names, or None. Raises `ApiError`."""
    name = (headers.get("impersonate-user") or [""])[0]
    groups = tuple(headers.get("impersonate-group", ()))
    uid = (headers.get("impersonate-uid") or [""])[0]
    extra = {
        unquote(key.removeprefix(_EXTRA_PREFIX)): tuple(values)
        for key, values in headers.items()
        if key.startswith(_EXTRA_PREFIX)
    }
    if name:
        return User(name=name, groups=groups, uid=uid, extra=extra)
    if not (groups or uid or extra):
        return None
    raise api_errors.bad_request(
        f'requested &user.DefaultInfo{{Name:"", UID:"{uid}", Groups:{_go_strings(groups)}, '
        f"Extra:map[string][]string{_go_map(extra)}}} without impersonating a user name"
    )


def _go_strings(texts: tuple[str, ...]) -> str:
    return "[]string{" + ", ".join(f'"{text}"' for text in texts) + "}" if texts else "[]string(nil)"


def _go_map(extra: dict[str, tuple[str, ...]]) -> str:
    return "{" + ", ".join(f'"{key}":{_go_strings(each)}' for key, each in extra.items()) + "}" if extra else "(nil)"


def acting(user: User) -> User:
    """Return the impersonated user with the groups that the server adds."""
    service_account = account_of(user.name)
    if not user.groups and service_account is not None:
        user = msgspec.structs.replace(user, groups=account(*service_account).groups)
    if AUTHENTICATED in user.groups or UNAUTHENTICATED in user.groups:
        return user
    group = UNAUTHENTICATED if user.name == ANONYMOUS else AUTHENTICATED
    return msgspec.structs.replace(user, groups=(*user.groups, group))


class Impersonation:
    """Authorizes impersonation. It remembers the last allowed mode of each user, which a refusal refers to."""

    def __init__(self, decide: Decide, *, constrained: bool) -> None:
        self._decide = decide
        self._constrained = constrained
        self._last_modes: dict[str, str] = {}

    def check(self, attributes: Attributes, user: User) -> None:
        """Raise `ForbiddenError` (403) if the user of the request may not impersonate `user` for it."""
        impersonator = attributes.user.name
        modes = [*self._modes(user), _LEGACY]
        last = self._last_modes.get(impersonator)
        if last in modes:
            modes.insert(0, last)
        refusals = []
        for mode in modes:
            refusal = self._first_refusal(attributes, user, mode)
            if refusal is None:
                self._last_modes[impersonator] = mode
                return
            refusals.append(refusal)
        raise forbidden(*refusals[0])

    def _modes(self, user: User) -> Iterator[str]:
        """The constrained modes for an impersonated user."""
        if not self._constrained or user.name.startswith("system:node:"):
            return
        if account_of(user.name) is None:
            yield _USER_INFO
        elif not (user.groups or user.uid or user.extra):
            yield _ACCOUNT

    def _first_refusal(self, attributes: Attributes, user: User, mode: str) -> tuple[Attributes, str] | None:
        """The first missing permission and the reason, or None."""
        if mode != _LEGACY:
            target = msgspec.structs.replace(attributes, verb=f"impersonate-on:{mode}:{attributes.verb}")
            decision = self._decide(target)
            if not decision.allowed:
                return target, decision.reason
        for identity in _identities(attributes.user, user, mode):
            decision = self._decide(identity)
            if not decision.allowed:
                return identity, decision.reason
        return None


def _identities(acting_user: User, user: User, mode: str) -> Iterator[Attributes]:
    """The permissions that impersonating the name, groups, uid and extras of a user requires."""
    verb = f"impersonate:{mode}" if mode else "impersonate"
    group = _AUTHENTICATION if mode else ""
    service_account = account_of(user.name)
    if service_account is not None:
        yield Attributes(
            user=acting_user,
            verb=verb,
            group=group,
            resource="serviceaccounts",
            namespace=service_account[0],
            name=service_account[1],
        )
    else:
        yield Attributes(user=acting_user, verb=verb, group=group, resource="users", name=user.name)
    for name in user.groups:
        yield Attributes(user=acting_user, verb=verb, group=group, resource="groups", name=name)
    if user.uid:
        yield Attributes(user=acting_user, verb=verb, group=_AUTHENTICATION, resource="uids", name=user.uid)
    for key, values in user.extra.items():
        for value in values:
            yield Attributes(
                user=acting_user, verb=verb, group=_AUTHENTICATION, resource="userextras", subresource=key, name=value
            )
