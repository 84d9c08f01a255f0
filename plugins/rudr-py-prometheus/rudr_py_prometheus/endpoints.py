"""The properties of a scraped endpoint, the same for service-monitor and pod-monitor, and their form in a monitor.

Names are those of the Prometheus Operator. A property whose name ends with `Ref` is a key of a Secret or a ConfigMap in
the namespace of the application; the controller does not read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import Problem
from rudr_py.api.forms import Name, Port

DURATION = r"(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?"
_UNITS: Final = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1, "ms": 0.001}

Duration = Annotated[str, msgspec.Meta(pattern=f"^{DURATION}$", min_length=2)]
Text = Annotated[str, msgspec.Meta(min_length=1)]
PrometheusLabel = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z_][a-zA-Z0-9_]*$")]
Limit = Annotated[int, msgspec.Meta(ge=1)]
Url = Annotated[str, msgspec.Meta(pattern="^https?://.+$")]
TlsVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]

_TARGETED: Final = ("replace", "hashmod", "lowercase", "uppercase", "keepequal", "dropequal")
"""Actions that write or compare the target label."""


class Part(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, omit_defaults=True):
    """A part of an endpoint; values that are defaults are left to the operator."""


class KeyRef(Part, frozen=True):
    """A key of an object."""

    name: Annotated[Name, msgspec.Meta(description="The name of the object.")]
    key: Annotated[Text, msgspec.Meta(description="The key in it.")]


Source = Annotated[dict[Literal["secretRef", "configMapRef"], KeyRef], msgspec.Meta(min_length=1, max_length=1)]
"""A key of a Secret, or of a ConfigMap."""


class TlsConfig(Part, frozen=True):
    """How the certificate of the endpoint is verified, and the client certificate."""

    ca: Annotated[Source | None, msgspec.Meta(description="The certificates of the authority.")] = None
    cert: Annotated[Source | None, msgspec.Meta(description="The client certificate; needs keySecretRef.")] = None
    key_secret_ref: Annotated[KeyRef | None, msgspec.Meta(description="The key of the client certificate.")] = None
    server_name: Annotated[str | None, msgspec.Meta(description="The name in the certificate.")] = None
    insecure_skip_verify: Annotated[bool, msgspec.Meta(description="Whether any certificate is accepted.")] = False
    min_version: Annotated[TlsVersion | None, msgspec.Meta(description="The lowest version of TLS.")] = None
    max_version: Annotated[TlsVersion | None, msgspec.Meta(description="The highest version of TLS.")] = None


class BasicAuth(Part, frozen=True):
    """A user name and a password."""

    username_ref: Annotated[KeyRef, msgspec.Meta(description="A key of a Secret with the user name.")]
    password_ref: Annotated[KeyRef, msgspec.Meta(description="A key of a Secret with the password.")]


class Authorization(Part, frozen=True):
    """Credentials for the header Authorization, such as a bearer token."""

    credentials_ref: Annotated[KeyRef, msgspec.Meta(description="A key of a Secret with the credentials.")]
    type: Annotated[Text, msgspec.Meta(description="The scheme.")] = "Bearer"


class OAuth2(Part, frozen=True):
    """Credentials of a client for OAuth 2.0."""

    client_id: Annotated[Source, msgspec.Meta(description="The client ID.")]
    client_secret_ref: Annotated[KeyRef, msgspec.Meta(description="A key of a Secret with the client secret.")]
    token_url: Annotated[Url, msgspec.Meta(description="The URL that returns tokens.")]
    scopes: Annotated[tuple[Text, ...], msgspec.Meta(description="The requested scopes.")] = ()
    endpoint_params: Annotated[dict[Text, str], msgspec.Meta(description="Parameters for the URL of tokens.")] = (
        msgspec.field(default_factory=dict)
    )


class Relabeling(Part, frozen=True):
    """A rule that changes labels, as in the configuration of Prometheus."""

    action: Annotated[
        Literal[
            "replace",
            "keep",
            "drop",
            "hashmod",
            "labelmap",
            "labeldrop",
            "labelkeep",
            "lowercase",
            "uppercase",
            "keepequal",
            "dropequal",
        ],
        msgspec.Meta(description="The action."),
    ] = "replace"
    source_labels: Annotated[tuple[PrometheusLabel, ...], msgspec.Meta(description="The labels that are read.")] = ()
    separator: Annotated[str | None, msgspec.Meta(description="The text between their values; ; by default.")] = None
    regex: Annotated[str | None, msgspec.Meta(description="The pattern for the joined values.")] = None
    modulus: Annotated[Limit | None, msgspec.Meta(description="The modulus of hashmod.")] = None
    target_label: Annotated[str | None, msgspec.Meta(description="The label that is written.")] = None
    replacement: Annotated[str | None, msgspec.Meta(description="The new value, such as $1.")] = None


Relabelings = tuple[Relabeling, ...]


class Endpoint(Part, frozen=True):
    """A port with metrics, and how Prometheus reads them."""

    port: Annotated[
        Port | None,
        msgspec.Meta(description="The port with the metrics, by name or number; required if there are several."),
    ] = None
    path: Annotated[str, msgspec.Meta(pattern="^/", description="The path of the metrics.")] = "/metrics"
    scheme: Annotated[Literal["http", "https"] | None, msgspec.Meta(description="The scheme; http by default.")] = None
    params: Annotated[
        dict[Text, tuple[str, ...]], msgspec.Meta(description="Parameters of the URL: lists of values by name.")
    ] = msgspec.field(default_factory=dict)
    interval: Annotated[
        Duration | None, msgspec.Meta(description="The interval, such as 30s; by default that of the Prometheus.")
    ] = None
    scrape_timeout: Annotated[
        Duration | None, msgspec.Meta(description="The timeout of a scrape; at most the interval.")
    ] = None
    honor_labels: Annotated[bool, msgspec.Meta(description="Whether labels of the metrics take precedence.")] = False
    honor_timestamps: Annotated[bool, msgspec.Meta(description="Whether times of the metrics are used.")] = True
    follow_redirects: Annotated[bool, msgspec.Meta(description="Whether redirects are followed.")] = True
    enable_http2: Annotated[bool, msgspec.Meta(description="Whether HTTP/2 is used.")] = True
    tls_config: Annotated[TlsConfig | None, msgspec.Meta(description="TLS, for the scheme https.")] = None
    basic_auth: Annotated[BasicAuth | None, msgspec.Meta(description="Authentication by a password.")] = None
    authorization: Annotated[Authorization | None, msgspec.Meta(description="Authentication by a token.")] = None
    oauth2: Annotated[OAuth2 | None, msgspec.Meta(description="Authentication by OAuth 2.0.")] = None
    relabelings: Annotated[Relabelings, msgspec.Meta(description="Rules for the labels of the target.")] = ()
    metric_relabelings: Annotated[Relabelings, msgspec.Meta(description="Rules for the labels of metrics.")] = ()


def rendered(part: Part) -> dict[str, Any]:
    """A part with the names of the operator, without values that are defaults."""
    fields: dict[str, Any] = _without_ref(msgspec.to_builtins(part))
    return fields


def _without_ref(value: Any) -> Any:
    """The fields of the operator: `passwordRef` is `password`, and `keySecretRef` is `keySecret`."""
    if isinstance(value, dict):
        return {key.removesuffix("Ref"): _without_ref(inner) for key, inner in value.items()}
    return [_without_ref(inner) for inner in value] if isinstance(value, list | tuple) else value


def problems(endpoint: Endpoint, at: str) -> Iterator[Problem]:
    """Everything for which the operator would reject the monitor, or Prometheus its configuration."""
    interval, timeout = endpoint.interval, endpoint.scrape_timeout
    if interval and timeout and seconds(timeout) > seconds(interval):
        yield Problem(f"must not be longer than the interval {interval}", path=f"{at}.scrapeTimeout")
    methods = {"basicAuth": endpoint.basic_auth, "authorization": endpoint.authorization, "oauth2": endpoint.oauth2}
    chosen = [name for name, method in methods.items() if method is not None]
    if len(chosen) > 1:
        yield Problem(f"an endpoint has one way to authenticate, not {' and '.join(chosen)}", path=f"{at}.{chosen[1]}")
    if endpoint.authorization is not None and endpoint.authorization.type.lower() == "basic":
        yield Problem("use basicAuth", path=f"{at}.authorization.type")
    if endpoint.tls_config is not None:
        yield from _tls(endpoint.tls_config, f"{at}.tlsConfig")
        if endpoint.scheme != "https":
            yield Problem("has an effect with scheme: https only", path=f"{at}.tlsConfig")
    for field, rules in (("relabelings", endpoint.relabelings), ("metricRelabelings", endpoint.metric_relabelings)):
        for index, relabeling in enumerate(rules):
            yield from _relabeling(relabeling, f"{at}.{field}[{index}]")


def seconds(duration: str) -> float:
    """The seconds of a duration of Prometheus, such as 1m30s."""
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d{1,18})(ms|[ywdhms])", duration))


def _tls(tls: TlsConfig, at: str) -> Iterator[Problem]:
    if (tls.cert is None) != (tls.key_secret_ref is None):
        yield Problem("a client certificate needs cert and keySecretRef", path=at)
    if tls.min_version and tls.max_version and tls.min_version > tls.max_version:
        yield Problem(f"must not be lower than minVersion {tls.min_version}", path=f"{at}.maxVersion")


def _relabeling(relabeling: Relabeling, at: str) -> Iterator[Problem]:
    if relabeling.action in _TARGETED and not relabeling.target_label:
        yield Problem(f"the action {relabeling.action} needs targetLabel", path=at)
    if relabeling.action == "hashmod" and relabeling.modulus is None:
        yield Problem("the action hashmod needs modulus", path=at)
