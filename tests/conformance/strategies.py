"""Hypothesis strategies for documents that the CRD schemas accept, biased to valid documents.

Every field is drawn by its schema. A field with an entry in WORDS gets one of its words in most cases, so that many
documents render, and otherwise any value that the schema accepts.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rudr_py.model.crd_schemas import crds
from rudr_py.model.crd_schemas.nodes import PRESERVE

Json = Any
Drawn = st.SearchStrategy[Any]

COMPONENTS = ("web", "api")
"""The components that bindings name."""

CORE = ("Server", "SingletonServer", "Worker", "SingletonWorker", "Task", "SingletonTask")

TRAITS: tuple[dict[str, Json], ...] = (
    {"name": "manual-scaler", "properties": {"replicaCount": 3}},
    {"name": "manual-scaler", "properties": [{"name": "replicaCount", "value": "[fromVariable(a)]"}]},
    {"name": "auto-scaler", "properties": {"minimum": 2, "cpu": 50}},
    {"name": "auto-scaler", "parameterValues": {"memory": 60, "maximum": 9}},
    {"name": "ingress", "properties": {"hostname": "shop.example.com"}},
    {"name": "ingress", "properties": None, "hostname": "[fromVariable(b)].example.com", "service_port": 80},
    {"name": "volume-mounter", "properties": {"volumeName": "A", "storageClass": ""}},
    {"name": "empty"},
)

SCOPES: tuple[dict[str, Json], ...] = (
    {
        "name": "well",
        "type": "core.oam.dev/v1alpha1.HealthScope",
        "properties": {"probe-method": "kube-get", "probe-endpoint": ".status"},
    },
    {
        "name": "fine",
        "type": "core.oam.dev/v1.Health",
        "properties": [{"name": "probeMethod", "value": "tcp"}, {"name": "probeEndpoint", "value": ""}],
    },
    {
        "name": "net",
        "type": "core.oam.dev/v1.Network",
        "properties": {"networkId": "[fromVariable(b)]", "subnetId": "a"},
    },
)

WORDS: dict[str, tuple[Json, ...]] = {
    "workloadType": tuple(f"core.oam.dev/v1alpha1.{kind}" for kind in CORE),
    "osType": ("linux", "windows"),
    "os": ("linux",),
    "arch": ("amd64", "i386", "arm64"),
    "image": ("nginx:1.27", "host:5000/a/b@sha256:" + "0" * 64, "nginx"),
    "imagePullSecret": ("registry",),
    "config.path": ("/etc/a.ini", "etc/b", "/usr/share/c"),
    "httpGet.path": ("/", "/healthz"),
    "mountPath": ("/data", "/cache", "/var/lib/x"),
    "fromParam": ("a", "b"),
    "value": ("text", "", "[fromVariable(a)]", 5, True),
    "parameters.type": ("string", "number", "boolean"),
    "componentName": COMPONENTS,
    "instanceName": ("front", "back", "a.b", "a" * 63),
    "containerPort": (80, 443, 8080),
    "port": (80, 8080),
    "extended.name": ("example.com/v1.Dongle", "example.com/dongle"),
    "extended.required": (1, "2"),
    "parameters.required": (True, False),
    "required": (1, 0.5, "100M", "64Mi", 128),
    "cpu": ({"required": 1}, {"required": 0.5}),
    "memory": ({"required": "64Mi"}, {"required": 128}),
    "gpu": ({"required": 1},),
    "ephemeral": (True, False, "n"),
    "default": (None,),
    "variables": ([{"name": "a", "value": 5}, {"name": "b", "value": "text"}],),
    "applicationScopes": ([], [], ["shop"], ["well"]),
    "parameterValues": (None, [{"name": "a", "value": "text"}], [{"name": "a", "value": 5}], {"b": True}),
    "traits.parameterValues": (None,),
    "livenessProbe.successThreshold": (1, None),
    "successThreshold": (1, 2),
    "initialDelaySeconds": (0, 5),
    "periodSeconds": (5, 10),
    "timeoutSeconds": (1, 3),
    "failureThreshold": (1, 3),
    "cmd": (["run"], []),
    "args": (["-v"], []),
    "command": (["true"],),
    "workloadSettings": ([],),
}
"""Usual values of a field of this name, or of the field `outer.name`."""

ALWAYS = ("containers", "components", "variables", "value", "componentName", "containerPort", "path")
"""Optional fields that are present in most documents."""

OLD = ("Deprecated", "Has no effect")
"""The descriptions of fields of former releases, which most documents lack, begin with these words."""

NAMES = ("a", "b", "http", "main")
TEXT = st.text(max_size=8) | st.sampled_from(["-", "A_b", "a" * 70, "..", "\n", "é", "[fromVariable(nope)]"])
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def documents() -> Drawn:
    """An ApplicationConfiguration `shop` and its components; half of the sets have usual values only."""
    return st.sampled_from([0, 0, 4, 20]).flatmap(lambda odd: _Generator(odd).documents())


class _Generator:
    """`odd` is the percentage of values that are drawn from the schema instead of WORDS."""

    def __init__(self, odd: int) -> None:
        self._odd = odd

    def documents(self) -> Drawn:
        components = (self._document("ComponentSchematic", name) for name in COMPONENTS)
        return st.tuples(self._document("ApplicationConfiguration", "shop"), *components).map(list)

    def _document(self, kind: str, name: str) -> Drawn:
        (crd,) = (document for document in crds.documents() if document["spec"]["names"]["kind"] == kind)
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
        head = {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": name}}
        return self._value(schema, "", "spec").map(lambda spec: {**head, "spec": spec})

    def _value(self, schema: dict[str, Any], outer: str, name: str) -> Drawn:
        """A value of the schema for the field `name` of the record `outer`."""
        words = WORDS.get(f"{outer}.{name}", WORDS.get(name, ()))
        kind = schema.get("type")
        if kind == "string":
            words = tuple(word for word in words if isinstance(word, str)) or NAMES
        if "enum" in schema:
            words = tuple(schema["enum"])
        strategy = self._anything(schema, name)
        if words:
            strategy = self._mostly(st.sampled_from(words), strategy)
        return self._mostly(strategy, st.none()) if schema.get("nullable") else strategy

    def _anything(self, schema: dict[str, Any], name: str) -> Drawn:
        """Any value that the schema accepts."""
        if "enum" in schema:
            return st.sampled_from(schema["enum"])
        if "type" not in schema and ("properties" in schema or "items" in schema):
            # a field whose old form has another type
            today = {**schema, "type": "object" if "properties" in schema else "array", PRESERVE: False}
            return self._mostly(self._anything(today, name), ANY)
        if schema.get("type") == "object":
            return self._record(schema, name)
        if schema.get("type") == "array":
            return self._array(schema["items"], name)
        if schema.get("type") == "integer":
            return st.integers(schema.get("minimum", -5), schema.get("maximum", 2**33))
        return TEXT if schema.get("type") == "string" else ANY

    def _mostly(self, usual: Drawn, odd: Drawn) -> Drawn:
        if not self._odd:
            return usual
        return st.integers(1, 100).flatmap(lambda drawn: odd if drawn <= self._odd else usual)

    def _array(self, items: dict[str, Any], name: str) -> Drawn:
        item = self._anything(items, name)
        usual = {"traits": TRAITS, "scopes": SCOPES}.get(name, ())
        if usual:
            return st.lists(self._mostly(st.sampled_from(usual), item), max_size=2)
        least = 1 if name in ALWAYS else 0
        if "properties" not in items:
            return st.lists(item, max_size=2)
        distinct = st.lists(item, min_size=least, max_size=2, unique_by=_called)
        return self._mostly(distinct, st.lists(item, max_size=2))

    def _record(self, schema: dict[str, Any], name: str) -> Drawn:
        fields: dict[str, Any] = schema.get("properties", {})
        needed = set(schema.get("required", ()))
        choices = sorted({"exec", "httpGet", "tcpSocket"} & set(fields))
        usual = st.sampled_from(choices).map(lambda field: set(choices) - {field}) if choices else st.just(set())

        old = {field for field, node in fields.items() if node.get("description", "").startswith(OLD)}
        former, none = st.just(old), st.just(set[str]())

        @st.composite
        def build(draw: st.DrawFn) -> dict[str, Json]:
            chosen = draw(st.lists(st.sampled_from(sorted(fields)), max_size=4)) if fields else []
            always = draw(self._mostly(st.just(set(ALWAYS) & set(fields)), st.just(set())))
            excluded = draw(self._mostly(usual, st.just(set())))
            names = (needed | set(chosen) | set(always) | set(choices)) - excluded - draw(self._mostly(former, none))
            record = {field: draw(self._value(node, name, field)) for field, node in fields.items() if field in names}
            if schema.get(PRESERVE) and draw(self._mostly(st.just(False), st.booleans())):
                extra = draw(st.text(max_size=5))
                record.update({} if extra in fields else {extra: draw(ANY)})
            return record

        return build()


def _called(item: Json) -> str:
    return str(item.get("name") or item.get("instanceName") or item.get("path"))
