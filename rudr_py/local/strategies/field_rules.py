"""Rules for the values of fields of built-in kinds, wherever their definitions occur. Pure.

`field_rules.txt` lists them by definition and field; `struct_rules` has those that compare several fields.
"""

from __future__ import annotations

import functools
import ipaddress
import re
import string
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any, Final

import msgspec

from rudr_py.errors import Cause
from rudr_py.local.apimachinery import object_meta
from rudr_py.local.schema import causes, quantity
from rudr_py.local.schema.node import SchemaNode, once_per_node
from rudr_py.local.strategies import struct_rules

_Rule = Callable[[Any, str, list[str]], Iterator[Cause]]
"""A rule of a value that is present, with its path and the arguments of the rule."""
_PREFIX: Final = "io.k8s.api."
_REQUIRED: Final = ("required", "required-port")
"""Rules that also apply to an absent value."""
_IP: Final = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
_CIDR: Final = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
_PERCENT: Final = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
_ENVIRONMENT: Final = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_PORT: Final = "must be between 1 and 65535, inclusive"
_NAME_LENGTH: Final = 15
_PORT_NAME_CHARACTERS: Final = frozenset(string.ascii_lowercase + string.digits + "-")


def errors(value: Any, node: SchemaNode, path: str = "") -> Iterator[Cause]:
    """Yield the errors of an object of a built-in kind and of all that it contains."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if node.items is not None and item is not None:
                yield from errors(item, node.items, f"{path}[{index}]")
        return
    if not isinstance(value, dict):
        return
    rules = _rules().get(node.name)
    if rules is not None:
        for key, rule, arguments in rules:
            field = value.get(key)
            if field not in (None, "") or rule in _REQUIRED:
                yield from _RULES[rule](field, _below(path, key), arguments)
    struct = struct_rules.RULES.get(node.name.removeprefix(_PREFIX))
    if struct is not None:
        yield from struct(value, path)
    children = _ruled_children(node)
    for key, item in value.items():
        child = children.get(key)
        if child is not None:
            yield from errors(item, child, _below(path, key))


def _below(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


@once_per_node
def _ruled_children(node: SchemaNode) -> dict[str, SchemaNode]:
    """The fields of an object that have rules, or contain a value that has some."""
    return {key: child for key, child in node.properties.items() if _is_ruled(child, frozenset())}


def _is_ruled(node: SchemaNode, above: frozenset[str]) -> bool:
    if node.items is not None:
        return _is_ruled(node.items, above)
    if not node.name or node.name in above:
        return False
    if node.name in _rules() or node.name.removeprefix(_PREFIX) in struct_rules.RULES:
        return True
    return any(_is_ruled(child, above | {node.name}) for child in node.properties.values())


@functools.cache
def _rules() -> dict[str, list[tuple[str, str, list[str]]]]:
    """The rules of each definition: field, rule and arguments."""
    rules: dict[str, list[tuple[str, str, list[str]]]] = {}
    text = resources.files("rudr_py.local.strategies").joinpath("field_rules.txt").read_text()
    for line in text.splitlines():
        if line and not line.startswith("#"):
            field, rule, *arguments = line.split(" ")
            definition, _, key = field.rpartition(".")
            rules.setdefault(_PREFIX + definition, []).append((key, rule, arguments))
    return rules


def _supported(value: Any, path: str, values: list[str]) -> Iterator[Cause]:
    if value not in values:
        yield causes.not_supported(path, value, values)


def _items_supported(value: Any, path: str, values: list[str]) -> Iterator[Cause]:
    for item in value:
        yield from _supported(item, path, values)


def _each_supported(value: Any, path: str, values: list[str]) -> Iterator[Cause]:
    for index, item in enumerate(value):
        yield from _supported(item, f"{path}[{index}]", values)


def _strategy(value: Any) -> dict[str, Any]:
    """A strategy with a type, as Go prints it."""
    return {"Type": value.get("type", ""), "RollingUpdate": value.get("rollingUpdate")}


def _struct_supported(value: Any, path: str, values: list[str]) -> Iterator[Cause]:
    if value.get("type", values[0]) not in values:
        yield causes.not_supported(path, msgspec.Raw(causes.struct(_strategy(value)).encode()), values)


def _struct_either(value: Any, path: str, values: list[str]) -> Iterator[Cause]:
    if value.get("type", values[0]) not in values:
        yield causes.invalid_struct(path, _strategy(value), f"must be '{values[0]}' or '{values[1]}'")


def _either(value: Any, path: str, values: list[str]) -> Iterator[Cause]:
    if value not in values:
        yield causes.invalid(path, value, f"must be '{values[0]}' or '{values[1]}'")


def _least(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    if value < int(arguments[0]):
        yield causes.invalid(path, value, f"must be greater than or equal to {arguments[0]}")


def _most(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    if value > int(arguments[0]):
        yield causes.invalid(path, value, f"must be less than or equal to {arguments[0]}")


def _positive(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if value <= 0:
        yield causes.invalid(path, value, "must be greater than zero")


def _range(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    least, most = arguments
    if not int(least) <= value <= int(most):
        yield causes.invalid(path, value, f"must be between {least} and {most}, inclusive")


def _port(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if value and not 1 <= value <= struct_rules.HIGHEST_PORT:
        yield causes.invalid(path, value, _PORT)


def _required_port(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    if value:
        yield from _port(value, path, arguments)
    else:
        yield causes.required(path)


def _port_name(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if len(value) > _NAME_LENGTH:
        yield causes.invalid(path, value, f"must be no more than {_NAME_LENGTH} characters")
    if not value or set(value) - _PORT_NAME_CHARACTERS:
        yield causes.invalid(path, value, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not set(value) & set(string.ascii_lowercase):
        yield causes.invalid(path, value, "must contain at least one letter (a-z)")
    if "--" in value:
        yield causes.invalid(path, value, "must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        yield causes.invalid(path, value, "must not begin or end with a hyphen")


def _port_or_name(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    if isinstance(value, str):
        yield from _port_name(value, path, arguments)
    elif not 1 <= value <= struct_rules.HIGHEST_PORT:
        yield causes.invalid(path, value, _PORT)


def _required(value: Any, path: str, words: list[str]) -> Iterator[Cause]:
    if not value:
        yield causes.required(path, " ".join(words))


def _unique(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    for index, repeated in _repeated(value, arguments[0]):
        yield causes.duplicate(f"{path}[{index}].{arguments[0]}", repeated)


def _unique_values(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    for index, repeated in _repeated(value, arguments[0]):
        yield causes.invalid(f"{path}[{index}].{arguments[0]}", repeated, "must be unique")


def _repeated(items: Any, key: str) -> Iterator[tuple[int, Any]]:
    seen: set[Any] = set()
    for index, item in enumerate(items):
        if item.get(key) and item[key] in seen:
            yield index, item[key]
        seen.add(item.get(key))


def _amount(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+%", value):
        yield causes.invalid(path, value, _PERCENT)
    elif isinstance(value, int):
        yield from _least(value, path, ["0"])


def _percentage(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    yield from _amount(value, path, arguments)
    if isinstance(value, str) and re.fullmatch(r"[0-9]+%", value) and int(value[:-1]) > 100:
        yield causes.invalid(path, value, "must not be greater than 100%")


def _ip(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if not struct_rules.is_address(value):
        yield causes.invalid(path, value, _IP)


def _ips(value: Any, path: str, arguments: list[str]) -> Iterator[Cause]:
    for index, item in enumerate(value):
        yield from _ip(item, f"{path}[{index}]", arguments)


def _cidr(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    try:
        if "/" in value:
            ipaddress.ip_network(value, strict=False)
            return
    except ValueError:
        pass
    yield causes.invalid(path, value, _CIDR)


def _named(check: Callable[[str], Iterator[str]]) -> _Rule:
    def rule(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
        for problem in check(value):
            yield causes.invalid(path, value, problem)

    return rule


def _subdomains(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    for item in value:
        for problem in object_meta.subdomain_problems(item):
            yield causes.invalid(path, item, problem)


def _labels(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    yield from object_meta.label_causes(value, path)


def _environment_name(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if "=" in value or not (value.isascii() and value.isprintable()):
        yield causes.invalid(path, value, _ENVIRONMENT)


def _no_backsteps(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if ".." in value.split("/"):
        yield causes.invalid(path, value, "must not contain '..'")


def _host(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    if struct_rules.is_address(value):
        yield causes.invalid(path, value, "must be a DNS name, not an IP address")
    check = object_meta.wildcard_problems if "*" in value else object_meta.subdomain_problems
    for problem in check(value):
        yield causes.invalid(path, value, problem)


def _operator(value: Any, path: str, operators: list[str]) -> Iterator[Cause]:
    if value not in operators:
        yield causes.invalid(path, value, "not a valid selector operator")


def _quantity_least(value: Any, path: str, _arguments: list[str]) -> Iterator[Cause]:
    read = quantity.read(str(value))
    if read is not None and read[0] < 0:
        yield causes.invalid(path, quantity.canonical(str(value)), "must be greater than or equal to 0")


_RULES: Final[dict[str, _Rule]] = {
    "supported": _supported,
    "items-supported": _items_supported,
    "each-supported": _each_supported,
    "struct-supported": _struct_supported,
    "struct-either": _struct_either,
    "either": _either,
    "least": _least,
    "most": _most,
    "positive": _positive,
    "range": _range,
    "port": _port,
    "required-port": _required_port,
    "port-name": _port_name,
    "port-or-name": _port_or_name,
    "required": _required,
    "unique": _unique,
    "unique-values": _unique_values,
    "amount": _amount,
    "percentage": _percentage,
    "ip": _ip,
    "ips": _ips,
    "cidr": _cidr,
    "label": _named(object_meta.label_problems),
    "label1035": _named(object_meta.label1035_problems),
    "subdomain": _named(object_meta.subdomain_problems),
    "subdomains": _subdomains,
    "qualified": _named(object_meta.qualified_problems),
    "labels": _labels,
    "environment-name": _environment_name,
    "no-backsteps": _no_backsteps,
    "host": _host,
    "operator": _operator,
    "quantity-least-0": _quantity_least,
}
