"""ComponentSchematic (OAM v1alpha1 §3) as frozen values: the document of a developer.

Values only: `parse` reads and checks them, `resolve` fills in parameters. Field names are the specification's in
snake case. Quantities are in Kubernetes' notation (`0.5`, `128Mi`); times are seconds; an absent text is "".
"""

from __future__ import annotations

import msgspec

from rudr_py.model.document import Json
from rudr_py.model.identity import Metadata

DEFAULT_CPU = "0.1"
"""The CPU request of a container that requests none, as in Rudr."""

DEFAULT_MEMORY = "128Mi"
"""The memory request of a container that requests none, as in Rudr."""


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that an ApplicationConfiguration may set.

    `type` is boolean, number, string, null, or (as in Rudr) object or array. `default` None means none.
    """

    name: str
    type: str = "string"
    required: bool = False
    default: Json = None
    description: str = ""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of `workloadSettings`: configuration of the workload type itself, opaque to the model.

    `from_param`, when not "", names the parameter whose value replaces `value` (WS-2).
    """

    name: str
    type: str = "string"
    value: Json = None
    from_param: str = ""
    required: bool = False
    description: str = ""


class Disk(msgspec.Struct, frozen=True, kw_only=True):
    """The disk that a volume requests. `required` is a quantity; `ephemeral` means local to the node."""

    required: str
    ephemeral: bool = False


class Volume(msgspec.Struct, frozen=True, kw_only=True):
    """A volume of a container, mounted at `mount_path`. `name` is unique in its container only.

    `access_mode` is RW or RO; `sharing_policy` is Exclusive or Shared. `disk` is None when the volume requests none.
    """

    name: str
    mount_path: str
    access_mode: str = "RW"
    sharing_policy: str = "Exclusive"
    disk: Disk | None = None


class ExtendedResource(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that is neither CPU, memory, GPU nor volume; `name` is GROUP/VERSION.Kind (RS-3).

    `required` is a quantity or a word, as the resource has it.
    """

    name: str
    required: str


class Resources(msgspec.Struct, frozen=True, kw_only=True):
    """The resources that a container requests. `gpu` is "" when it requests none.

    `unset` are the names of those that the document does not request, which have Rudr's defaults.
    """

    cpu: str = DEFAULT_CPU
    memory: str = DEFAULT_MEMORY
    gpu: str = ""
    volumes: tuple[Volume, ...] = ()
    extended: tuple[ExtendedResource, ...] = ()
    unset: tuple[str, ...] = ("cpu", "memory")


class EnvVar(msgspec.Struct, frozen=True, kw_only=True):
    """An environment variable called `name`: a literal `value`, or that of the parameter `from_param`, which wins."""

    name: str
    value: str | None = None
    from_param: str = ""


class ConfigFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is mounted into the container. `path` is absolute after parsing (EN-5)."""

    path: str
    value: str | None = None
    from_param: str = ""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A port that a container listens on: `name`, number (`container_port`), and `protocol`: TCP, UDP or SCTP."""

    name: str
    container_port: int
    protocol: str = "TCP"


class HttpHeader(msgspec.Struct, frozen=True, kw_only=True):
    """A header of an HTTP health probe."""

    name: str
    value: str


class HttpGet(msgspec.Struct, frozen=True, kw_only=True):
    """A health probe by HTTP GET: healthy when the response is 2xx or 3xx."""

    path: str
    port: int
    headers: tuple[HttpHeader, ...] = ()


class HealthProbe(msgspec.Struct, frozen=True, kw_only=True):
    """A liveness or readiness probe: exactly one of `exec`, `http_get` and `tcp_port` is set (HP-1).

    `tcp_port` 0 means none. `initial_delay`, `period` and `timeout` are seconds; `success` and `failure`
    count results in a row (HP-2).
    """

    exec: tuple[str, ...] = ()
    http_get: HttpGet | None = None
    tcp_port: int = 0
    initial_delay: int = 0
    period: int = 10
    timeout: int = 1
    success: int = 1
    failure: int = 3


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container called `name`. `cmd` replaces the image's entry point, `args` are its arguments (CN-4).

    `resources` are what it requests, `env` its variables, `config` the files mounted into it, `ports` those it listens
    on, each in the listed order. `liveness` and `readiness` are None when there is no such probe. `image_pull_secret`
    names a Secret, or is "".
    """

    name: str
    image: str
    resources: Resources = Resources()
    cmd: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    config: tuple[ConfigFile, ...] = ()
    ports: tuple[Port, ...] = ()
    liveness: HealthProbe | None = None
    readiness: HealthProbe | None = None
    image_pull_secret: str = ""


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A ComponentSchematic. `workload_type` is GROUP/VERSION.Kind as written.

    `metadata` has name, namespace, labels and annotations. `os_type` and `arch` are "" when the component sets none.
    `parameters` are the declared ones, `containers` all of them in order, `settings` the workloadSettings; types get
    the latter as `ctx.properties`, and the values of parameters as `ctx.parameters`.

    Guarantees: it was parsed without an error, and every parameter is replaced by its value.
    Assumptions: a type need not check the rules of the specification again. The same holds for its parts.
    Errors: none; an invalid component stops the instance before any type is called.
    """

    metadata: Metadata
    workload_type: str
    os_type: str = ""
    arch: str = ""
    parameters: tuple[Parameter, ...] = ()
    containers: tuple[Container, ...] = ()
    settings: tuple[Setting, ...] = ()
