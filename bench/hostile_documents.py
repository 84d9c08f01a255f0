"""Documents of one user that cost a controller much work or memory: each under 1.5 MB, the limit of an API server.

A case is a function of the number of bytes that its largest document may have. Small documents of the same shapes are
in `make test`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

Document = dict[str, Any]
Case = Callable[[int], list[Document]]

CASES: dict[str, Case] = {}
"""Each case by its name."""

API_VERSION = "core.oam.dev/v1alpha1"
NAME = "hostile"
LIMIT = 1_400_000
"""Bytes of the largest document of a case in full size."""


def _case(name: str) -> Callable[[Case], Case]:
    def register(case: Case) -> Case:
        CASES[name] = case
        return case

    return register


def _component(**spec: Any) -> Document:
    container = {"name": "main", "image": "registry.example/main:1"}
    content = {"workloadType": f"{API_VERSION}.Worker", "containers": [container], **spec}
    return {"apiVersion": API_VERSION, "kind": "ComponentSchematic", "metadata": {"name": NAME}, "spec": content}


def _application(*bindings: Document, metadata: Document | None = None, **spec: Any) -> Document:
    components = list(bindings) or [_binding()]
    return {
        "apiVersion": API_VERSION,
        "kind": "ApplicationConfiguration",
        "metadata": {"name": NAME, **(metadata or {})},
        "spec": {"components": components, **spec},
    }


def _binding(**fields: Any) -> Document:
    return {"componentName": NAME, "instanceName": NAME, **fields}


def _fill(size: int, item: Callable[[int], Any]) -> list[Any]:
    """As many items as fit into so many bytes of JSON."""
    length = len(json.dumps(item(1_000_000))) + 1
    return [item(number) for number in range(max(2, size // length))]


def _container(**fields: Any) -> Document:
    return {"name": "main", "image": "registry.example/main:1", **fields}


def _workload(**fields: Any) -> list[Document]:
    """A component with one container, and an application that runs it."""
    return [_component(containers=[_container(**fields)]), _application()]


def _parameters(names: Iterable[str]) -> list[Document]:
    return [{"name": name, "type": "string", "default": "x"} for name in names]


# --- many of one thing in an application


@_case("instances of one component")
def _instances(size: int) -> list[Document]:
    return [_component(), _application(*_fill(size, lambda n: _binding(instanceName=f"a-{n}")))]


@_case("instances with one name")
def _equal_instances(size: int) -> list[Document]:
    return [_component(), _application(*_fill(size, lambda _: _binding()))]


@_case("instances without a name")
def _nameless_instances(size: int) -> list[Document]:
    return [_component(), _application(*_fill(size, lambda _: {"componentName": NAME}))]


@_case("instances of components that do not exist")
def _missing_components(size: int) -> list[Document]:
    return [_application(*_fill(size, lambda n: _binding(componentName=f"c-{n}", instanceName=f"a-{n}")))]


@_case("instances that are texts instead of objects")
def _text_instances(size: int) -> list[Document]:
    return [{**_application(), "spec": {"components": _fill(size, lambda n: f"text {n}")}}]


def _traits(size: int, item: Callable[[int], Document]) -> list[Document]:
    return [_component(), _application(_binding(traits=_fill(size, item)))]


@_case("traits of one type")
def _equal_traits(size: int) -> list[Document]:
    return _traits(size, lambda n: {"name": "manual-scaler", "properties": {"replicaCount": n}})


@_case("traits that do not exist")
def _unknown_traits(size: int) -> list[Document]:
    return _traits(size, lambda n: {"name": f"no-trait-{n}"})


@_case("traits with misspelled names")
def _misspelled_traits(size: int) -> list[Document]:
    return _traits(size, lambda n: {"name": f"manual-scale{n}"})


@_case("traits with wrong types of properties")
def _wrong_properties(size: int) -> list[Document]:
    return _traits(size, lambda n: {"name": "auto-scaler", "properties": {"minimum": f"{n}", "maximum": [], "cpu": {}}})


@_case("traits with unknown properties")
def _unknown_properties(size: int) -> list[Document]:
    return _traits(size, lambda n: {"name": "ingress", "properties": {"hostname": "a.example", f"hostnam{n}": 1}})


@_case("one trait with many unknown properties")
def _many_properties(size: int) -> list[Document]:
    properties = {f"property-{n}": n for n in range(size // 25)}
    return [_component(), _application(_binding(traits=[{"name": "ingress", "properties": properties}]))]


@_case("scopes that an application declares")
def _declared_scopes(size: int) -> list[Document]:
    scopes = _fill(size, lambda n: {"name": f"s-{n}", "type": f"{API_VERSION}.HealthScope", "properties": {}})
    return [_component(), _application(scopes=scopes)]


@_case("scopes that do not exist")
def _unknown_scopes(size: int) -> list[Document]:
    return [_component(), _application(_binding(applicationScopes=_fill(size, lambda n: f"scope-{n}")))]


@_case("scopes of unknown types")
def _scope_types(size: int) -> list[Document]:
    return [_component(), _application(scopes=_fill(size, lambda n: {"name": f"s-{n}", "type": f"a.b/v1.C{n}"}))]


@_case("values of parameters that no component declares")
def _undeclared_values(size: int) -> list[Document]:
    values = _fill(size, lambda n: {"name": f"p-{n}", "value": n})
    return [_component(), _application(_binding(parameterValues=values))]


@_case("values of one parameter")
def _equal_values(size: int) -> list[Document]:
    values = _fill(size, lambda n: {"name": "p", "value": f"{n}"})
    return [_component(parameters=_parameters("p")), _application(_binding(parameterValues=values))]


@_case("values of parameters with wrong types")
def _wrong_values(size: int) -> list[Document]:
    names = [f"p-{n}" for n in range(size // 60)]
    values = [{"name": name, "value": {"a": [1]}} for name in names]
    return [_component(parameters=_parameters(names)), _application(_binding(parameterValues=values))]


@_case("variables")
def _variables(size: int) -> list[Document]:
    return [_component(), _application(variables=_fill(size, lambda n: {"name": f"v-{n}", "value": f"{n}"}))]


@_case("undefined variables in one value")
def _undefined_variables(size: int) -> list[Document]:
    text = "".join(_fill(size, lambda n: f"[fromVariable(v{n})]"))
    values = [{"name": "p", "value": text}]
    return [_component(parameters=_parameters("p")), _application(_binding(parameterValues=values))]


@_case("undefined variables in many values")
def _many_references(size: int) -> list[Document]:
    values = _fill(size, lambda n: {"name": f"p{n}", "value": f"[fromVariable(v{n})]"})
    return [_component(), _application(_binding(parameterValues=values))]


@_case("fields that do not exist")
def _unknown_fields(size: int) -> list[Document]:
    fields: Document = {f"field-{n}": n for n in range(size // 22)}
    application = _application()
    return [_component(), {**application, "spec": {**application["spec"], **fields}}]


# --- many of one thing in a component


@_case("parameters")
def _many_parameters(size: int) -> list[Document]:
    return [_component(parameters=_fill(size, lambda n: {"name": f"p-{n}", "type": "number"})), _application()]


@_case("required parameters without a value")
def _required_parameters(size: int) -> list[Document]:
    parameters = _fill(size, lambda n: {"name": f"p-{n}", "type": "string", "required": True})
    return [_component(parameters=parameters), _application()]


@_case("containers")
def _containers(size: int) -> list[Document]:
    return [_component(containers=_fill(size, lambda n: _container(name=f"c-{n}"))), _application()]


@_case("containers with one name and one port")
def _equal_containers(size: int) -> list[Document]:
    ports = [{"name": "http", "containerPort": 80}]
    return [_component(containers=_fill(size, lambda _: _container(ports=ports))), _application()]


@_case("environment variables")
def _environment(size: int) -> list[Document]:
    return _workload(env=_fill(size, lambda n: {"name": f"E{n}", "value": "x"}))


@_case("environment variables from parameters that do not exist")
def _environment_references(size: int) -> list[Document]:
    return _workload(env=_fill(size, lambda n: {"name": f"E{n}", "fromParam": f"p{n}"}))


@_case("environment variables with invalid names")
def _invalid_environment(size: int) -> list[Document]:
    return _workload(env=_fill(size, lambda n: {"name": f"{n} =\u0000", "value": n}))


@_case("ports")
def _ports(size: int) -> list[Document]:
    return _workload(ports=_fill(size, lambda n: {"name": f"p{n}", "containerPort": n % 65535 + 1}))


@_case("volumes")
def _volumes(size: int) -> list[Document]:
    volumes = _fill(size, lambda n: {"name": f"v{n}", "mountPath": f"/v/{n}", "disk": {"required": "1Gi"}})
    return _workload(resources={"volumes": volumes})


@_case("config files")
def _config_files(size: int) -> list[Document]:
    return _workload(config=_fill(size, lambda n: {"path": f"/etc/a{n}", "value": "x"}))


@_case("workload settings")
def _workload_settings(size: int) -> list[Document]:
    settings = _fill(size, lambda n: {"name": f"s{n}", "type": "string", "value": "x"})
    return [_component(workloadSettings=settings), _application()]


@_case("everything of a component with the wrong type")
def _wrong_component(size: int) -> list[Document]:
    container = {"name": [], "image": {}, "env": {}, "ports": "x", "resources": [], "config": 1}
    return [_component(containers=_fill(size, lambda _: container)), _application()]


# --- small documents that expand


def _bindings(count: int, **fields: Any) -> list[Document]:
    return [_binding(instanceName=f"a-{n}", **fields) for n in range(count)]


@_case("many instances of a component with a big environment")
def _big_environment(size: int) -> list[Document]:
    component = _component(containers=[_container(env=_fill(size, lambda n: {"name": f"E{n}", "value": "x" * 50}))])
    return [component, _application(*_bindings(max(2, size // 2000)))]


@_case("many instances of a component with a big config file")
def _big_config(size: int) -> list[Document]:
    component = _component(containers=[_container(config=[{"path": "/etc/a", "value": "x" * (size // 2)}])])
    return [component, _application(*_bindings(max(2, size // 2800)))]


@_case("a big variable in many values")
def _big_variable(size: int) -> list[Document]:
    variables = [{"name": "v", "value": "x" * (size // 2)}]
    count = max(2, size // 2 // 100)
    values = [{"name": f"p{n}", "value": "[fromVariable(v)]"} for n in range(count)]
    component = _component(parameters=_parameters(f"p{n}" for n in range(count)))
    return [component, _application(_binding(parameterValues=values), variables=variables)]


@_case("a big variable many times in one value")
def _repeated_variable(size: int) -> list[Document]:
    variables = [{"name": "v", "value": "x" * (size // 2)}]
    values = [{"name": "p", "value": "[fromVariable(v)]" * (size // 2 // 20)}]
    component = _component(parameters=_parameters("p"))
    return [component, _application(_binding(parameterValues=values), variables=variables)]


@_case("a big parameter in many environment variables")
def _big_parameter(size: int) -> list[Document]:
    env = [{"name": f"E{n}", "fromParam": "p"} for n in range(max(2, size // 2 // 40))]
    component = _component(parameters=_parameters("p"), containers=[_container(env=env)])
    return [component, _application(_binding(parameterValues=[{"name": "p", "value": "x" * (size // 2)}]))]


@_case("variables that refer to one another")
def _chained_variables(size: int) -> list[Document]:
    variables = [
        {"name": f"v{n}", "value": f"[fromVariable(v{n + 1})][fromVariable(v{n + 1})]"} for n in range(size // 80)
    ]
    values = [{"name": "p", "value": "[fromVariable(v0)]"}]
    component = _component(parameters=_parameters("p"))
    return [component, _application(_binding(parameterValues=values), variables=variables)]


# --- texts that cost a pattern much work


def _value(text: str) -> list[Document]:
    """A parameter with a text as its value."""
    values = [{"name": "p", "value": text}]
    return [_component(parameters=_parameters("p")), _application(_binding(parameterValues=values))]


@_case("a variable reference with thousands of spaces")
def _spaces(size: int) -> list[Document]:
    return _value(f"[fromVariable({' ' * min(size, 3000)}x")


@_case("a variable reference with a megabyte of spaces")
def _many_spaces(size: int) -> list[Document]:
    return _value(f"[fromVariable({' ' * size}")


@_case("variable references that do not end")
def _open_references(size: int) -> list[Document]:
    return _value("[fromVariable(" * (size // 14))


@_case("nested brackets")
def _brackets(size: int) -> list[Document]:
    return _value("[" * (size // 2) + "]" * (size // 2))


def _property(trait: str, name: str, value: Any) -> list[Document]:
    trait_binding = {"name": trait, "properties": {name: value}}
    return [_component(workloadType=f"{API_VERSION}.Server"), _application(_binding(traits=[trait_binding]))]


@_case("a host name of a megabyte")
def _host(size: int) -> list[Document]:
    return _property("ingress", "hostname", "a-" * (size // 2) + "!")


@_case("rules of an ingress")
def _rules(size: int) -> list[Document]:
    rules = _fill(size, lambda n: {"host": f"h{n}.example", "paths": [{"path": "/"}]})
    return _property("ingress", "rules", rules)


@_case("metrics of an autoscaler")
def _metrics(size: int) -> list[Document]:
    return _property("auto-scaler", "metrics", _fill(size, lambda n: {"name": f"m{n}", "value": n}))


@_case("a name of a megabyte")
def _long_name(size: int) -> list[Document]:
    return [_component(), _application(_binding(instanceName="a." * (size // 2)))]


@_case("a quantity of a megabyte")
def _quantity(size: int) -> list[Document]:
    resources = {"cpu": {"required": "1" * (size // 2)}, "memory": {"required": "1" * (size // 2) + "Mi"}}
    return _workload(resources=resources)


@_case("numbers of a megabyte")
def _number(size: int) -> list[Document]:
    return _property("manual-scaler", "replicaCount", 10 ** min(size // 2, 4000))


@_case("an image of a megabyte of colons")
def _image(size: int) -> list[Document]:
    return _workload(image=":@/" * (size // 3))


@_case("deep nesting")
def _nesting(size: int) -> list[Document]:
    value: Any = 1
    for _ in range(min(size // 6, 400)):
        value = {"a": [value]}
    return _property("ingress", "annotations", value)


# --- metadata


@_case("rules of ignored differences")
def _ignored(size: int) -> list[Document]:
    rules = json.dumps(_fill(min(size, 200_000), lambda n: {"kind": "Deployment", "jsonPointers": [f"/spec/a{n}"]}))
    return [_component(), _application(metadata={"annotations": {"rudr.oam.dev/ignore-differences": rules}})]


@_case("annotations of a component")
def _annotations(size: int) -> list[Document]:
    component = _component()
    annotations = {f"a{n}": "x" for n in range(min(size, 200_000) // 20)}
    return [{**component, "metadata": {"name": NAME, "annotations": annotations}}, _application()]


@_case("labels of a component")
def _labels(size: int) -> list[Document]:
    component = _component()
    return [
        {**component, "metadata": {"name": NAME, "labels": {f"l{n}": "x" for n in range(size // 16)}}},
        _application(),
    ]
