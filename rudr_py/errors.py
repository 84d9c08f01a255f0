"""Every exception of rudr_py, in one tree.

RudrError
├── DocumentError             documents of the user are invalid; contains every Problem
├── CatalogError              no installed type has this name
├── PluginError               a plugin package cannot be used; names the package and its version
│   └── PluginCallError       a type of a plugin failed while it was called
├── ConfigError               the settings or the kubeconfig of this process are invalid
├── LeaseLostError            another process may be the leader now; this one must exit
├── KubeError                 a request to the cluster failed
│   ├── ConnectionFailedError no response: refused, reset, timed out; the result of a write is unknown
│   │   └── ResponseTooLargeError  the response is longer than the request allows
│   ├── UndecodableError      a response or an object of the server cannot be decoded
│   ├── KindAbsentError       the server does not serve this kind
│   └── ApiError              the API server answered with an error status
│       ├── UnauthorizedError      401
│       ├── ForbiddenError         403
│       │   └── MissingRightError      the controller's account, or that of an application, lacks a right; names it
│       │       └── ImpersonationError     the controller may not act as a service account
│       ├── NotFoundError          404
│       ├── ConflictError          409
│       │   └── AlreadyExistsError     the object already exists
│       ├── ExpiredError           410, or an expired resourceVersion
│       ├── InvalidError           400 and 422, and a body that the schema rejects
│       ├── TooManyRequestsError   429; contains the delay that the server requests
│       └── ServerError            5xx
└── LocalApiError             the local API cannot be started or was used incorrectly

This module imports nothing of rudr_py, does no I/O and formats nothing for a terminal.
Choose a class by meaning, chain the cause, and put facts into attributes.
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
    """One error in a document.

    `message` describes the error and its correction; `path` is the JSON path in the document
    (`$.spec.components[0].traits[1].name`); `location` is set for documents from files; `rule` is the ID of the
    violated rule of the OAM specification, if any; `document` names the document (`componentschematic/web`) if the
    problem is in another document than the one that was checked; `instance` is the name of the instance of an
    application that `path` leads to.
    """

    message: str
    path: str = "$"
    location: Location | None = None
    rule: str = ""
    document: str = ""
    instance: str = ""

    @property
    def place(self) -> str:
        """The path, with the name of the instance: a number alone does not identify one for a person."""
        return f'{self.path} (instance "{self.instance}")' if self.instance else self.path

    def __str__(self) -> str:
        where = f"{self.location}: " if self.location else ""
        document = f"{self.document} " if self.document else ""
        return f"{where}{document}{self.place}: {self.message}"


class TooLargeProblem(Problem, frozen=True):
    """A document or an application is larger than a limit of the settings."""


class MoreProblems(Problem, frozen=True, kw_only=True):
    """Stands for `count` further problems of a document, which are not listed."""

    count: int


class RudrError(Exception):
    """The root of all errors that rudr_py raises intentionally."""


class DocumentError(RudrError):
    """Documents of the user are invalid. `problems` contains all problems, never only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class CatalogError(RudrError):
    """No installed type has this name. The message lists the installed names, and the nearest one."""

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message)
        self.name = name


class PluginError(RudrError):
    """A plugin package cannot be used. `package` is the distribution with its version."""

    def __init__(self, message: str, *, package: str) -> None:
        super().__init__(message)
        self.package = package


class PluginCallError(PluginError):
    """A call of a type failed: it raised, exceeded the time limit, or returned an invalid value."""

    def __init__(self, message: str, *, package: str, type_name: str) -> None:
        super().__init__(message, package=package)
        self.type_name = type_name


class ConfigError(RudrError):
    """The settings or the kubeconfig of this process are invalid."""


class LeaseLostError(RudrError):
    """Another process may be the leader now: this process must stop writing, and exit."""


class KubeError(RudrError):
    """A request to the cluster failed."""


class ConnectionFailedError(KubeError):
    """No response was received. The result of a write is unknown, so writes must be safe to repeat."""


class ResponseTooLargeError(ConnectionFailedError):
    """The response is longer than the request allows; it was not read to its end."""


class UndecodableError(KubeError):
    """A response, or one object in it, cannot be decoded. Other objects are not affected."""


class KindAbsentError(KubeError):
    """The server does not serve this kind: its CRD is not installed, or its API is unavailable."""

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
    `retry_after` the delay in seconds that the server requests (0 if none).
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
    """401: the server rejects the credentials, which may have expired."""


class ForbiddenError(ApiError):
    """403: a right is missing, a namespace is terminating, or admission rejected the request."""


class Right(msgspec.Struct, frozen=True):
    """A permission: a verb on a resource (with its subresource) of an API group, in one namespace or in all."""

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}{where}"


class MissingRightError(ForbiddenError):
    """403 of the server's authorizer: the account lacks `right`. `message` is the text of the server.

    `account` is the service account in whose name the request was sent, as namespace/name; empty where the account of
    the credentials lacks the right.
    """

    def __init__(self, message: str, *, right: Right, account: str = "") -> None:
        super().__init__(message, status=403, reason="Forbidden")
        self.right = right
        self.account = account

    def __str__(self) -> str:
        subject = f"service account {self.account} " if self.account else ""
        return f"{subject}may not {self.right}"


class ImpersonationError(MissingRightError):
    """The account of the credentials lacks `right`, which it needs to act as the service account `target`."""

    def __init__(self, message: str, *, right: Right, target: str) -> None:
        super().__init__(message, right=right)
        self.target = target

    def __str__(self) -> str:
        return f"may not act as service account {self.target}: may not {self.right}"


class NotFoundError(ApiError):
    """404: the object, or the kind, does not exist."""


class ConflictError(ApiError):
    """409: another client changed the object or owns the field, or a precondition failed."""


class AlreadyExistsError(ConflictError):
    """409 with reason AlreadyExists."""


class ExpiredError(ApiError):
    """410: the resourceVersion or the continue token is too old; list again."""


class InvalidError(ApiError):
    """The server rejects the body: 400, 422, or the 500 for a body that does not match its schema."""


class TooManyRequestsError(ApiError):
    """429: wait `retry_after` seconds, then send again."""


class ServerError(ApiError):
    """5xx: the server failed; the same request may succeed later."""


class LocalApiError(RudrError):
    """The local API cannot be started, or was used incorrectly."""
