"""The option for the defaults of a platform: `--defaults podSecurity=restricted,limits.memory=256Mi`, or a file.

The keys are those of `applicationDefaults` in the values of the Helm chart, so that one file is for both.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, get_args

import click
import msgspec

from rudr_py.cli.options.decorators import F, setting
from rudr_py.errors import DocumentError
from rudr_py.model import quantity, suggest
from rudr_py.settings import PlatformDefaults, PodSecurityProfile

CHART_VALUE: Final = "applicationDefaults"
"""The key of the defaults in the values of the Helm chart."""

PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")

_RESOURCES: Final = ("cpu", "memory", "ephemeral-storage")
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "podSecurity": get_args(PodSecurityProfile),
    "imagePullPolicy": PULL_POLICIES,
}
_KEYS: Final = (*_WORDS, *(f"{part}.{resource}" for part in ("requests", "limits") for resource in _RESOURCES))

_FORM: Final = "write KEY=VALUE, such as limits.memory=256Mi"

Values = dict[str, object]
"""The defaults by key: `podSecurity`, `limits.memory`."""


def option(explanation: str = "As in rudr run.") -> Callable[[F], F]:
    """Add `--defaults`; the command gets them as `defaults`."""
    return setting(
        "--defaults", metavar="KEY=VALUE,...|FILE", type=click.Path(), default="", callback=_read, help=explanation
    )


def _read(context: click.Context, parameter: click.Parameter, value: str) -> PlatformDefaults:
    """The callback of the option. Raises BadParameter with all problems."""
    try:
        is_file = value.strip() and ("=" not in value or Path(value).is_file())
        values = _of_file(value) if is_file else dict(_pairs(value))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error
    problems = [*_problems(values)]
    if problems:
        raise click.BadParameter("; ".join(problems), context, parameter)
    texts = {key: _text(value) for key, value in values.items() if value not in (None, "")}
    return msgspec.convert(
        {
            "requests": _amounts(texts, "requests"),
            "limits": _amounts(texts, "limits"),
            **{name: texts[key] for key, name in _FIELDS.items() if key in texts},
        },
        PlatformDefaults,
    )


_FIELDS: Final = {"podSecurity": "pod_security", "imagePullPolicy": "image_pull_policy"}


def _pairs(text: str) -> Iterator[tuple[str, object]]:
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key, separator, value = entry.partition("=")
        if not separator:
            raise ValueError(f"{entry}: {_FORM}")
        yield key.strip(), value.strip()


def _of_file(name: str) -> Values:
    """The values of a file: of the chart, or the defaults alone. Raises ValueError."""
    # only this option needs YAML in every command
    yaml_file = importlib.import_module("rudr_py.model.parse.yaml_file")
    try:
        documents = yaml_file.load(Path(name).read_bytes(), name)
    except OSError as error:
        raise ValueError(f"{name}: {error.strerror}; name a file, or {_FORM}") from error
    except DocumentError as error:
        raise ValueError(f"{name}: {error}") from error
    if len(documents) > 1:
        raise ValueError(f"{name}: has {len(documents)} documents; the values must be one")
    document = documents[0].value if documents else {}
    own = (document[CHART_VALUE] or {}) if CHART_VALUE in document else document
    is_own = isinstance(own, dict) and (own is not document or any(key.partition(".")[0] in _TOP for key in own))
    if not is_own and own:
        raise ValueError(f"{name}: has no map {CHART_VALUE}, as the values of the chart have it")
    return dict(_flat(own))


_TOP: Final = frozenset(key.partition(".")[0] for key in _KEYS)


def _flat(document: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    for key, value in document.items():
        if isinstance(value, dict) and key in _TOP:
            yield from ((f"{key}.{inner}", amount) for inner, amount in value.items())
        else:
            yield key, value


def _problems(values: Values) -> Iterator[str]:
    for key, value in values.items():
        if key not in _KEYS:
            hint = suggest.nearest(key, _KEYS) or f" The keys are {', '.join(_KEYS)}."
            yield f'there is no default "{key}".{hint}'
        elif value in (None, ""):
            continue
        elif key in _WORDS:
            if value not in _WORDS[key]:
                yield f"{key} must be {', '.join(_WORDS[key][:-1])} or {_WORDS[key][-1]}, not {value}"
        elif (amount := quantity.amount(_text(value))) is None or amount <= 0 or isinstance(value, bool):
            yield f"{key} must be a quantity above zero, such as {_example(key)}, not {value}"
    yield from _contradictions(values)


def _contradictions(values: Values) -> Iterator[str]:
    """Requests above the limits, which the API server would reject in every pod."""
    for resource in _RESOURCES:
        request, limit = (values.get(f"{part}.{resource}") for part in ("requests", "limits"))
        amounts = quantity.amount(_text(request)), quantity.amount(_text(limit))
        if amounts[0] is not None and amounts[1] is not None and amounts[0] > amounts[1]:
            yield f"requests.{resource} is {request}, which is more than limits.{resource}, {limit}"


def _example(key: str) -> str:
    return "100m" if key.endswith("cpu") else "128Mi"


def _text(value: object) -> str:
    """A value as text; a number of YAML, or of Helm (`2.5e+08`), as a quantity without an exponent."""
    text = repr(value) if isinstance(value, float) else str(value)
    amount = quantity.amount(text) if "e+" in text or isinstance(value, float) else None
    return text if amount is None else quantity.text_of(amount)


def _amounts(texts: Mapping[str, str], part: str) -> dict[str, str]:
    named = ((key.partition("."), text) for key, text in sorted(texts.items()))
    return {resource: text for (first, _, resource), text in named if first == part and resource}
