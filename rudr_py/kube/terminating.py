"""The namespaces that are being deleted: the server refuses every creation in them.

A namespace never leaves that state, so one refusal is the answer to all later creations. Sends nothing.
"""

from __future__ import annotations

from rudr_py import errors
from rudr_py.kube import requests
from rudr_py.kube.requests import APPLY_PATCH, Request

REASON = "NamespaceTerminating"


class TerminatingNamespaces:
    """The namespaces in which the server has refused a creation for that reason, with its answer."""

    def __init__(self) -> None:
        self._refusals: dict[str, errors.ApiError] = {}

    def __contains__(self, namespace: str) -> bool:
        return namespace in self._refusals

    def refusal(self, request: Request) -> errors.ApiError | None:
        """The error with which the server would refuse a request; None where it may have an effect."""
        if not self._refusals or not _creates(request):
            return None
        return self._refusals.get(requests.namespace(request))

    def note(self, request: Request, error: errors.ApiError) -> None:
        """Note an answer of the server."""
        if is_terminating(error):
            self._refusals[requests.namespace(request)] = error

    def discard(self, namespace: str) -> None:
        """Note that an object was created in a namespace: another one of that name has been created before."""
        self._refusals.pop(namespace, None)


def is_terminating(error: errors.ApiError) -> bool:
    """Whether the server refuses a creation because the namespace is being deleted."""
    return isinstance(error, errors.ForbiddenError) and any(cause.reason == REASON for cause in error.causes)


def _creates(request: Request) -> bool:
    """Whether a request creates an object: a status is applied to an object that exists."""
    return request.method == "POST" or (request.content_type == APPLY_PATCH and not request.path.endswith("/status"))
