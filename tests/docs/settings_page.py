"""The page docs/settings.md: every field of `Settings` with its default and its docstring.

`reference` writes the page.
"""

from __future__ import annotations

import msgspec

from rudr_py.settings import Impersonation, LeaderElection, Limits, PlatformDefaults, Settings
from tests.docs import plugin_api_page

HEAD = """\
# Settings

Generated from `rudr_py/settings.py` by `make reference`; do not edit it by hand.

The configuration of a controller. `rudr run` sets it from its [flags](command-line.md#rudr-run) and their environment
variables; the Helm chart sets these from its values. Times are in seconds. Settings without a flag always have their
default.

| setting | default | |
|---|---|---|
"""


ELECTION = """
## Leader election

`leader_election` is None without `--leader-elect`. With it, the settings are:

| setting | default | |
|---|---|---|
"""


IMPERSONATION = """
## Impersonation

`impersonation` is None without `--impersonate`. With it, the settings are:

| setting | default | |
|---|---|---|
"""


DEFAULTS = """
## Defaults of pods

`--defaults` (chart: `applicationDefaults`) sets them, for example
`--defaults podSecurity=restricted,limits.memory=256Mi`, or `--defaults values.yaml` with the values of the chart. The
keys are `podSecurity`, `imagePullPolicy`, `requests.RESOURCE` and `limits.RESOURCE`. See
[Defaults of a platform](platform-defaults.md).

| default | value | |
|---|---|---|
"""


LIMITS = """
## Limits

`--limits` (chart: `applicationLimits`) sets some of the limits of one application, for example
`--limits traits=200,objects=5000`. An application beyond a limit is refused before any work that grows with its size:
its condition `Valid` is False with the reason `TooLarge`, and a message that names the limit, its value and the size of
the application. Nothing of it is written or deleted until it is changed. `rudr validate`, `rudr render` and `rudr diff`
have the same limits and the same option.

| limit | default | |
|---|---|---|
"""


def page() -> str:
    """The text of the page."""
    tables = (
        (HEAD, Settings),
        (DEFAULTS, PlatformDefaults),
        (LIMITS, Limits),
        (ELECTION, LeaderElection),
        (IMPERSONATION, Impersonation),
    )
    return "".join(head + _table(struct) for head, struct in tables)


def _table(struct: type[msgspec.Struct]) -> str:
    notes = plugin_api_page.attribute_notes(struct)
    return "".join(
        f"| `{field.name}` | {_written(field)} | {plugin_api_page.cell(notes[field.name])} |\n"
        for field in msgspec.structs.fields(struct)
    )


def _written(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "*required*"
    if isinstance(field.default, Limits):
        return "[below](#limits)"
    if isinstance(field.default, PlatformDefaults):
        return "[below](#defaults-of-pods)"
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    return '`""`' if default == "" else f"`{default}`"
