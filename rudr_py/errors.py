"""Every exception of rudr_py, in one tree.

RudrError
├── DocumentError             documents of the user are wrong; carries every Problem at once
├── CatalogError              a name that no installed type has
├── PluginError               a plugin package cannot be used; names the package and its version
│   └── PluginCallError       a type of a plugin failed while it was called
├── ConfigError               the settings or the kubeconfig of this process are wrong
├── LeaseLostError            another process may lead now; this one must end
├── KubeError                 something between us and the cluster
│   ├── ConnectionFailedError no answer: refused, reset, timed out; a write's outcome is unknown
│   ├── UndecodableError      an answer or an object of the server that cannot be read
│   ├── KindAbsentError       the server does not serve this kind
│   └── ApiError              the API server answered with an error status
│       ├── UnauthorizedError      401
│       ├── ForbiddenError         403
│       │   └── MissingRightError      our account lacks a right; names it
│       ├── NotFoundError          404
│       ├── ConflictError          409
│       │   └── AlreadyExistsError     the object is there already
│       ├── ExpiredError           410, or a resourceVersion that the server no longer knows
│       ├── InvalidError           400 and 422, and a body that the schema refuses
│       ├── TooManyRequestsError   429; carries the pause that the server asks for
│       └── ServerError            5xx
└── LocalApiError             the local API cannot be started or was misused from Python

Nothing here imports anything of ours, does I/O or formats for a terminal.
Raise by meaning, chain the cause, carry the facts as attributes.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Location(msgspec.Struct, frozen=True):
    """A place in a text file: `line` and `column` count from 1; line 0 means the file as a whole."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


class Problem(msgspec.Struct, frozen=True):
    """One mistake in a document.

    `message` says what is wrong and what to do; `path` is the JSON path in the document
    (`$.spec.components[0].traits[1].name`); `location` is known when the document came from a file;
    `rule` is the ID of the broken rule of the OAM specification, if there is one; `document` names the document
    (`componentschematic/web`) when it is another one than the reader has before them.
    """

    message: str
    path: str = "$"
    location: Location | None = None
    rule: str = ""
    document: str = ""

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        document = f"{self.document} " if self.document else ""
        return f"{where}{document}{self.path}: {self.message}"


class RudrError(Exception):
    """The root of all errors that rudr_py raises on purpose."""


class DocumentError(RudrError):
    """Documents of the user are wrong. `problems` holds all of them, never only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class CatalogError(RudrError):
    """No installed type has this name. The message lists those that are, and the nearest one."""

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message)
        self.name = name


class PluginError(RudrError):
    """A plugin package cannot be used. `package` is the distribution with its version."""

    def __init__(self, message: str, *, package: str) -> None:
        super().__init__(message)
        self.package = package


class PluginCallError(PluginError):
    """A type failed while it was called: it raised, ran too long, or returned what it must not."""

    def __init__(self, message: str, *, package: str, type_name: str) -> None:
        super().__init__(message, package=package)
        self.type_name = type_name


class ConfigError(RudrError):
    """The settings or the kubeconfig of this process are wrong."""


class LeaseLostError(RudrError):
    """We led, and another process may lead now: this one must write nothing any more, and end."""


class KubeError(RudrError):
    """Something between us and the cluster."""


class ConnectionFailedError(KubeError):
    """No answer came. What a write did is unknown, so it must be safe to send again."""


class UndecodableError(KubeError):
    """An answer, or one object of the server, cannot be read. Others are not affected."""


class KindAbsentError(KubeError):
    """The server does not serve this kind (yet): its CRD is not installed, or its API is down."""

    def __init__(self, message: str, *, api_version: str, kind: str) -> None:
        super().__init__(message)
        self.api_version = api_version
        self.kind = kind


class Cause(msgspec.Struct, frozen=True):
    """One entry of `details.causes` in a Kubernetes Status."""

    reason: str = ""
    message: str = ""
    field: str = ""


class ApiError(KubeError):
    """The API server answered with an error status.

    `status` is the HTTP status, `reason` the machine-readable reason of the Status object, `causes` its details,
    `retry_after` the seconds that the server asks us to wait (0 when it does not).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        causes: tuple[Cause, ...] = (),
        retry_after: float = 0.0,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason
        self.causes = causes
        self.retry_after = retry_after
        self.details = details or {}


class UnauthorizedError(ApiError):
    """401: the server does not know us; the credentials may have expired."""


class ForbiddenError(ApiError):
    """403: a right is missing, a namespace is ending, or admission said no."""


class Right(msgspec.Struct, frozen=True):
    """What may be granted: a verb on a resource (with its subresource) of an API group, in a namespace or in all."""

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}{where}"


class MissingRightError(ForbiddenError):
    """403 of the server's authorizer: our account lacks `right`. The text names it, `message` is the server's own."""

    def __init__(self, message: str, *, right: Right, status: int = 403, reason: str = "Forbidden") -> None:
        super().__init__(message, status=status, reason=reason)
        self.right = right

    def __str__(self) -> str:
        return f"may not {self.right}"


class NotFoundError(ApiError):
    """404: the object, or the kind, is not there."""


class ConflictError(ApiError):
    """409: somebody else changed the object, owns the field, or a precondition does not hold."""


class AlreadyExistsError(ConflictError):
    """409 with reason AlreadyExists."""


class ExpiredError(ApiError):
    """410: the resourceVersion or the continue token is too old; list again."""


class InvalidError(ApiError):
    """The server refuses the body itself: 400, 422, or the 500 of a body that its schema cannot type."""


class TooManyRequestsError(ApiError):
    """429: wait `retry_after` seconds, then send again."""


class ServerError(ApiError):
    """5xx: the server failed; the same request may succeed later."""


class LocalApiError(RudrError):
    """The local API cannot be started, or was misused from Python."""
