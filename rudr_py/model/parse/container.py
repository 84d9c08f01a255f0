"""One container of a ComponentSchematic: map -> Container (OAM v1alpha1 §3 "Container").

Single fields only; `component` checks rules between fields, such as uniqueness.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from rudr_py.model import names, quantity
from rudr_py.model.advice import amounts
from rudr_py.model.component import (
    DEFAULT_CPU,
    DEFAULT_MEMORY,
    ConfigFile,
    Container,
    Disk,
    EnvVar,
    ExtendedResource,
    HealthProbe,
    HttpGet,
    HttpHeader,
    Port,
    Resources,
    Volume,
)
from rudr_py.model.document import Json
from rudr_py.model.identity import TypeName
from rudr_py.model.json_text import excerpt
from rudr_py.model.parse.fields import FieldReader
from rudr_py.model.stepwise import Stepwise

T = TypeVar("T")

ENTRIES = 100
"""Entries of a list that are read in one step."""

STEP = 160
"""The size of such a step, in values that are rendered."""

_NOT_IN_IMAGES = re.compile(r"""[\s\[\](){}$<>"'`\\,;!?*=&%#|^~]""")
_DOMAIN_NAME = re.compile(r"[a-z0-9.-]+/[A-Za-z0-9._-]+")


def container_steps(fields: FieldReader) -> Stepwise[Container]:
    """Read one entry of `containers`, in steps."""
    container = Container(
        name=_named(fields, "CN-1"),
        image=_image(fields),
        resources=(yield from _resources(fields.map("resources"))),
        cmd=fields.texts("cmd", "CN-4"),
        args=fields.texts("args", "CN-4"),
        env=(yield from _entries(fields, "env", _env)),
        config=(yield from _entries(fields, "config", _config)),
        ports=(yield from _entries(fields, "ports", _port)),
        liveness=_probe(fields.map("livenessProbe")),
        readiness=_probe(fields.map("readinessProbe")),
        image_pull_secret=fields.text("imagePullSecret", rule="CN-5"),
    )
    fields.warn_unread()
    return container


def _entries(fields: FieldReader, key: str, read: Callable[[FieldReader], T]) -> Stepwise[tuple[T, ...]]:
    entries: list[T] = []
    for number, inner in enumerate(fields.items(key)):
        if number % ENTRIES == 0 and number:
            yield STEP
        entries.append(read(inner))
    return tuple(entries)


def _named(fields: FieldReader, rule: str) -> str:
    name = fields.text("name", required=True, rule=rule)
    if name and (message := names.wrong_label(name)):
        fields.problems.error(fields.at("name"), message, rule)
    return name


def _image(fields: FieldReader) -> str:
    """An image, with a warning when its tag is missing or may be moved; a digest is immutable (CN-2, PR-1)."""
    image = fields.text("image", required=True, rule="CN-2")
    tag = image.rpartition("/")[2].partition(":")[2]
    if wrong := _NOT_IN_IMAGES.search(image):
        correction = names.placeholder(image) or "remove it"
        message = f"{excerpt(image)} contains {excerpt(wrong[0])}, which no name of an image has; {correction}"
        fields.problems.error(fields.at("image"), message, "CN-2")
    elif image and "@" not in image and not tag:
        message = f"{excerpt(image)} has no tag, so the running version may change at any time; add a tag or a digest"
        fields.problems.warn(fields.at("image"), message, "CN-2")
    elif image.endswith(":latest"):
        message = f"{excerpt(image)} may change at any time; use a version tag or a digest"
        fields.problems.warn(fields.at("image"), message, "PR-1")
    return image


def _resources(fields: FieldReader | None) -> Stepwise[Resources]:
    if fields is None:
        return Resources()
    requests = {"cpu": _required(fields.map("cpu"), _CPU), "memory": _required(fields.map("memory"), _MEMORY)}
    resources = Resources(
        cpu=requests["cpu"] or DEFAULT_CPU,
        memory=requests["memory"] or DEFAULT_MEMORY,
        unset=tuple(name for name, amount in requests.items() if not amount),
        gpu=_required(fields.map("gpu"), _GPU),
        volumes=(yield from _entries(fields, "volumes", _volume)),
        extended=(yield from _entries(fields, "extended", _extended)),
    )
    fields.warn_unread()
    return resources


class _Unit(NamedTuple):
    """An amount: its reader, the check of its range, the unit of an example, and the rule."""

    read: Callable[[Json], str | None]
    check: Callable[[Json, str], str]
    unit: str
    rule: str


def _about_cpu(value: Json, amount: str) -> str:
    return amounts.cpu(value, amount) or amounts.cpu_text(value, amount)


_CPU = _Unit(quantity.cpu, _about_cpu, "", "UN-2")
_MEMORY = _Unit(quantity.memory, amounts.memory, "Mi", "UN-4")
_GPU = _Unit(quantity.gpu, amounts.gpu, "", "RS-2")
_DISK = _Unit(quantity.disk, amounts.disk, "G", "RS-6")


def _required(fields: FieldReader | None, unit: _Unit) -> str:
    """The amount in `required:`, as a quantity; "" when there is none."""
    if fields is None:
        return ""
    amount = _amount(fields, unit)
    fields.warn_unread()
    return amount


def _amount(fields: FieldReader, unit: _Unit) -> str:
    value = fields.raw("required")
    if value is None:
        fields.problems.error(fields.path, '"required" is missing', unit.rule)
        return ""
    amount = unit.read(value)
    message = amounts.wrong(value, unit.unit) if amount is None else unit.check(value, amount)
    if fields.at("required") in fields.problems.origins:
        message = amounts.without_map(fields.path.rpartition(".")[2], message, value)
    if amount is None:
        fields.problems.error(fields.at("required"), message, unit.rule)
    elif message:
        fields.problems.warn(fields.at("required"), message, unit.rule)
    return amount or ""


def _volume(fields: FieldReader) -> Volume:
    path = fields.text("mountPath", required=True, rule="RS-5")
    if path and not path.startswith("/"):
        fields.problems.warn(fields.at("mountPath"), f"{excerpt(path)} should start with /", "RS-5")
    if ":" in path:
        fields.problems.error(fields.at("mountPath"), f"{excerpt(path)} must not contain a colon", "RS-5")
    volume = Volume(
        name=_named(fields, "RS-4"),
        mount_path=path,
        access_mode=fields.choice("accessMode", ("RW", "RO"), default="RW", rule="RS-4"),
        sharing_policy=fields.choice("sharingPolicy", ("Exclusive", "Shared"), default="Exclusive", rule="RS-4"),
        disk=_disk(fields.map("disk")),
    )
    fields.warn_unread()
    return volume


def _disk(fields: FieldReader | None) -> Disk | None:
    if fields is None:
        return None
    disk = Disk(required=_amount(fields, _DISK), ephemeral=fields.boolean("ephemeral", rule="RS-6"))
    fields.warn_unread()
    return disk


def _extended(fields: FieldReader) -> ExtendedResource:
    name = fields.text("name", required=True, rule="RS-3")
    if name and TypeName.parse(name) is None:
        if _DOMAIN_NAME.fullmatch(name):
            fields.problems.warn(fields.at("name"), f"{excerpt(name)} has the form of Kubernetes, not of OAM", "RS-3")
        else:
            fields.problems.error(fields.at("name"), f"{excerpt(name)} must be GROUP/VERSION.Kind", "RS-3")
    required = fields.raw("required")
    if not isinstance(required, str) or not required:
        number = isinstance(required, int | float) and not isinstance(required, bool)
        if not number:
            fields.problems.error(fields.path, '"required" must be an amount', "RS-3")
        required = excerpt(required) if number else ""
    fields.warn_unread()
    return ExtendedResource(name=name, required=required)


def _env(fields: FieldReader) -> EnvVar:
    name = fields.text("name", required=True, rule="EN-4")
    if name and (message := names.wrong_env_name(name)):
        fields.problems.error(fields.at("name"), message, "EN-4")
    value, from_param = _value_or_param(fields, "EN-2")
    return EnvVar(name=name, value=value, from_param=from_param)


def _config(fields: FieldReader) -> ConfigFile:
    path = fields.text("path", required=True, rule="EN-5")
    if path and (path.endswith("/") or ".." in path.split("/") or "\0" in path or ":" in path):
        fields.problems.error(
            fields.at("path"), f"{excerpt(path)} must be the path of a file, without .. and :", "EN-6"
        )
    value, from_param = _value_or_param(fields, "EN-3")
    absolute = posixpath.normpath(f"/{path.lstrip('/')}") if path else ""
    return ConfigFile(path=absolute, value=value, from_param=from_param)


def _value_or_param(fields: FieldReader, rule: str) -> tuple[str | None, str]:
    """`value` and `fromParam`, one of which is required; the second takes precedence (EN-1)."""
    has_value = fields.raw("value") is not None
    value = fields.text("value")
    from_param = fields.text("fromParam")
    if not has_value and not from_param:
        fields.problems.error(fields.path, '"value" or "fromParam" is required', rule)
    fields.warn_unread()
    return value if has_value else None, from_param


def _port(fields: FieldReader) -> Port:
    name = fields.text("name", required=True, rule="PO-1")
    if name and (message := names.wrong_port_name(name)):
        fields.problems.error(fields.at("name"), message, "PO-1")
    elif not name.isalpha() and name:
        fields.problems.warn(fields.at("name"), f"{excerpt(name)} should consist of the letters a to z only", "PO-1")
    port = Port(
        name=name,
        container_port=_port_number(fields, "containerPort", "PO-1"),
        protocol=fields.choice("protocol", ("TCP", "UDP", "SCTP"), default="TCP", rule="PO-1"),
    )
    fields.warn_unread()
    return port


def _port_number(fields: FieldReader, key: str, rule: str) -> int:
    if fields.raw(key) is None:
        fields.problems.error(fields.path, f'"{key}" is missing', rule)
    return fields.integer(key, minimum=1, maximum=65535, rule=rule)


def _probe(fields: FieldReader | None) -> HealthProbe | None:
    if fields is None:
        return None
    handlers = [key for key in ("exec", "httpGet", "tcpSocket") if fields.raw(key) is not None]
    if len(handlers) != 1:
        actual = f"not {' and '.join(handlers)}" if handlers else "it has none"
        message = f"a probe must have exactly one of exec, httpGet and tcpSocket; {actual}"
        fields.problems.error(fields.path, message, "HP-1")
    probe = HealthProbe(
        exec=_command(fields.map("exec")),
        http_get=_http_get(fields.map("httpGet")),
        tcp_port=_tcp_port(fields.map("tcpSocket")),
        initial_delay=_number(fields, "initialDelaySeconds", 0, amounts.seconds),
        period=_number(fields, "periodSeconds", 10, amounts.seconds),
        timeout=_number(fields, "timeoutSeconds", 1, amounts.seconds),
        success=_number(fields, "successThreshold", 1, amounts.results),
        failure=_number(fields, "failureThreshold", 3, amounts.results),
    )
    fields.warn_unread()
    return probe


def _number(fields: FieldReader, key: str, default: int, check: Callable[[int], str]) -> int:
    """A number of a probe; 0 is the default, as in Kubernetes."""
    value = fields.integer(key, rule="HP-2")
    if message := check(value):
        fields.problems.warn(fields.at(key), message, "HP-2")
    if fields.raw(key) == 0 and default:
        fields.problems.warn(fields.at(key), f"0 is read as {default}, the default; write {default}", "HP-2")
    return value or default


def _command(fields: FieldReader | None) -> tuple[str, ...]:
    if fields is None:
        return ()
    command = fields.texts("command", "HP-1")
    if not command:
        fields.problems.error(fields.path, '"command" is missing or empty', "HP-1")
    fields.warn_unread()
    return command


def _tcp_port(fields: FieldReader | None) -> int:
    if fields is None:
        return 0
    port = _port_number(fields, "port", "HP-4")
    fields.warn_unread()
    return port


def _http_get(fields: FieldReader | None) -> HttpGet | None:
    if fields is None:
        return None
    headers: list[HttpHeader] = []
    for header in fields.items("httpHeaders", "HP-3"):
        name = header.text("name", required=True, rule="HP-4")
        if name and name.casefold() in {header.name.casefold() for header in headers}:
            header.problems.error(header.at("name"), f"the header {excerpt(name)} is set twice; remove one", "HP-4")
        if name and (message := names.wrong_header_name(name)):
            header.problems.error(header.at("name"), message, "HP-4")
        headers.append(HttpHeader(name=name, value=header.text("value")))
        header.warn_unread()
    http_get = HttpGet(
        path=fields.text("path", default="/"),
        port=_port_number(fields, "port", "HP-4"),
        headers=tuple(headers),
    )
    fields.warn_unread()
    return http_get
