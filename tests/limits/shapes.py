"""Shapes of large documents: each function returns the documents of one application with `size` repetitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Document = dict[str, Any]
Documents = list[Document]

SERVER: Final = "core.oam.dev/v1alpha1.Server"


def application(components: list[Document], **spec: Any) -> Document:
    """An application with these component bindings."""
    return {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "large", "namespace": "default"},
        "spec": {"components": components, **spec},
    }


def component(name: str = "web", *, container: Document | None = None, **spec: Any) -> Document:
    """A component with one container; `container` has further fields of it."""
    fields = {"name": "main", "image": "nginx:1.27", "ports": [{"name": "http", "containerPort": 8080}]}
    return {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ComponentSchematic",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"workloadType": SERVER, "containers": [{**fields, **(container or {})}], **spec},
    }


def binding(instance: str = "web", name: str = "web", **fields: Any) -> Document:
    """A component binding."""
    return {"componentName": name, "instanceName": instance, **fields}


def instances(size: int) -> Documents:
    """Many instances of one component."""
    return [application([binding(f"web-{index}") for index in range(size)]), component()]


def instances_with_traits(size: int) -> Documents:
    """Many instances, each with an ingress and a scaler."""
    traits = [
        {"name": "ingress", "properties": {"hostname": "shop.example.com", "servicePort": 8080}},
        {"name": "manual-scaler", "properties": {"replicaCount": 2}},
    ]
    return [application([binding(f"web-{index}", traits=traits) for index in range(size)]), component()]


def components(size: int) -> Documents:
    """Many components with one instance each."""
    bindings = [binding(f"web-{index}", f"web-{index}") for index in range(size)]
    return [application(bindings), *(component(f"web-{index}") for index in range(size))]


def missing_components(size: int) -> Documents:
    """Many bindings of components that do not exist."""
    return [application([binding(f"web-{index}", f"absent-{index}") for index in range(size)]), component()]


def unknown_traits(size: int) -> Documents:
    """One instance with many traits that do not exist."""
    traits = [{"name": f"absent-{index}"} for index in range(size)]
    return [application([binding(traits=traits)]), component()]


def repeated_traits(size: int) -> Documents:
    """One instance with one trait many times, with invalid properties."""
    traits = [{"name": "ingress", "properties": {"hostname": index}} for index in range(size)]
    return [application([binding(traits=traits)]), component()]


def mounted_volumes(size: int) -> Documents:
    """One trait with storage for many volumes."""
    first, *further = ({"volumeName": f"data-{index}", "storageClass": "fast"} for index in range(size))
    volumes = [
        {"name": f"data-{index}", "mountPath": f"/data/{index}", "disk": {"required": "1Gi"}} for index in range(size)
    ]
    traits = [{"name": "volume-mounter", "properties": {**first, "volumes": further}}]
    return [application([binding(traits=traits)]), component(container={"resources": {"volumes": volumes}})]


def undeclared_parameters(size: int) -> Documents:
    """Many values of parameters that the component does not declare."""
    values = [{"name": f"absent-{index}", "value": "x"} for index in range(size)]
    return [application([binding(parameterValues=values)]), component()]


def mistyped_parameters(size: int) -> Documents:
    """Many values of another type than their parameters have."""
    declared = [{"name": f"size-{index}", "type": "number"} for index in range(size)]
    values = [{"name": f"size-{index}", "value": "large"} for index in range(size)]
    return [application([binding(parameterValues=values)]), component(parameters=declared)]


def used_parameters(size: int) -> Documents:
    """Many parameters, each in a variable of the environment."""
    declared = [{"name": f"text-{index}", "type": "string", "default": "x"} for index in range(size)]
    env = [{"name": f"TEXT_{index}", "fromParam": f"text-{index}"} for index in range(size)]
    values = [{"name": f"text-{index}", "value": "y"} for index in range(size)]
    return [application([binding(parameterValues=values)]), component(parameters=declared, container={"env": env})]


def undefined_parameters(size: int) -> Documents:
    """Many variables of the environment from parameters that do not exist."""
    env = [{"name": f"TEXT_{index}", "fromParam": f"absent-{index}"} for index in range(size)]
    declared = [{"name": f"text-{index}", "type": "string", "default": "x"} for index in range(size)]
    return [application([binding()]), component(parameters=declared, container={"env": env})]


def undefined_variables(size: int) -> Documents:
    """Many references to variables that do not exist, beside many that do."""
    values = [{"name": f"text-{index}", "value": f"[fromVariable(absent-{index})]"} for index in range(size)]
    variables = [{"name": f"text-{index}", "value": "x"} for index in range(size)]
    return [application([binding(parameterValues=values)], variables=variables), component()]


def unknown_fields(size: int) -> Documents:
    """Many fields that do not exist."""
    return [application([{**binding(), **{f"absent-{index}": 1 for index in range(size)}}]), component()]


def wrong_items(size: int) -> Documents:
    """Many items of a wrong type in each list."""
    wrong: list[Any] = [7] * size
    return [
        application([binding(), *wrong], scopes=[7] * size, variables=[7] * size),
        component(container={"env": [7] * size, "ports": [7] * size, "config": [7] * size}),
    ]


def environment(size: int) -> Documents:
    """One container with a large environment."""
    env = [{"name": f"TEXT_{index}", "value": "x"} for index in range(size)]
    return [application([binding()]), component(container={"env": env})]


def config_files(size: int) -> Documents:
    """One container with many files."""
    config = [{"path": f"/etc/web/{index}", "value": "x"} for index in range(size)]
    return [application([binding()]), component(container={"config": config})]


def ports(size: int) -> Documents:
    """One container with many ports."""
    numbers = [{"name": f"port-{index}", "containerPort": 1000 + index} for index in range(size)]
    return [application([binding()]), component(container={"ports": numbers})]


def containers(size: int) -> Documents:
    """Many containers."""
    listed = [{"name": f"main-{index}", "image": "nginx:1.27"} for index in range(size)]
    return [application([binding()]), component(containers=listed)]


def scopes(size: int) -> Documents:
    """Many scopes that one instance joins."""
    declared = [
        {
            "name": f"health-{index}",
            "type": "core.oam.dev/v1alpha1.HealthScope",
            "properties": {"probe-method": "kube-get", "probe-endpoint": ".status"},
        }
        for index in range(size)
    ]
    joined = [f"health-{index}" for index in range(size)]
    return [application([binding(applicationScopes=joined)], scopes=declared), component()]


def members(size: int) -> Documents:
    """One scope with many instances."""
    declared = [
        {
            "name": "net",
            "type": "core.oam.dev/v1alpha1.NetworkScope",
            "properties": {"network-id": "a", "subnet-id": "b"},
        }
    ]
    bindings = [binding(f"web-{index}", applicationScopes=["net"]) for index in range(size)]
    return [application(bindings, scopes=declared), component()]


def memberships(size: int, scope_type: str) -> Documents:
    """Many instances in each of many scopes."""
    properties = {
        "HealthScope": {"probe-method": "kube-get", "probe-endpoint": ".status"},
        "NetworkScope": {"network-id": "a", "subnet-id": "b"},
    }[scope_type]
    type_name = f"core.oam.dev/v1alpha1.{scope_type}"
    declared = [{"name": f"s-{index}", "type": type_name, "properties": properties} for index in range(size)]
    joined = [f"s-{index}" for index in range(size)]
    bindings = [binding(f"web-{index}", applicationScopes=joined) for index in range(size)]
    return [application(bindings, scopes=declared), component()]


def unknown_scopes(size: int) -> Documents:
    """One instance in many scopes that do not exist."""
    return [application([binding(applicationScopes=[f"absent-{index}" for index in range(size)])]), component()]


def settings(size: int) -> Documents:
    """Many workload settings that the type does not have."""
    listed = [{"name": f"absent-{index}", "value": 1} for index in range(size)]
    return [application([binding()]), component(workloadSettings=listed)]


def unknown_properties(size: int) -> Documents:
    """One trait with many properties that it does not have."""
    traits = [{"name": "ingress", "properties": {f"absent-{index}": 1 for index in range(size)}}]
    return [application([binding(traits=traits)]), component()]


def ignore_rules(size: int) -> Documents:
    """Many rules for fields that are left to other managers, each with a pointer for the only workload."""
    rules = "".join(
        f"- {{kind: Deployment, jsonPointers: [/spec/replicas, /spec/absent{index}]}}\n" for index in range(size)
    )
    document = application([binding()])
    document["metadata"]["annotations"] = {"rudr.oam.dev/ignore-differences": rules}
    return [document, component()]


def annotated(size: int) -> Documents:
    """Many annotations on the component and the application."""
    texts = {f"example.com/key-{index}": "x" for index in range(size)}
    documents = [application([binding()]), component()]
    for document in documents:
        document["metadata"]["annotations"] = texts
    return documents


SHAPES: Final[Mapping[str, Callable[[int], Documents]]] = {
    function.__name__: function
    for function in (
        instances,
        instances_with_traits,
        components,
        missing_components,
        unknown_traits,
        repeated_traits,
        mounted_volumes,
        undeclared_parameters,
        mistyped_parameters,
        used_parameters,
        undefined_parameters,
        undefined_variables,
        unknown_fields,
        wrong_items,
        environment,
        config_files,
        ports,
        containers,
        scopes,
        members,
        unknown_scopes,
        settings,
        unknown_properties,
        ignore_rules,
        annotated,
    )
}
"""The shapes by name."""


def variables(size: int) -> Documents:
    """Many variables."""
    listed = [{"name": f"v-{index}", "value": f"{index}"} for index in range(size)]
    return [application([binding()], variables=listed), component()]


def ingress_rules(size: int) -> Documents:
    """One trait with many rules."""
    rules = [{"host": f"h{index}.example", "paths": [{"path": "/"}]} for index in range(size)]
    return [application([binding(traits=[{"name": "ingress", "properties": {"rules": rules}}])]), component()]


def files(size: int) -> Documents:
    """One file of many lines."""
    text = "".join(f"{index:06d}\n" for index in range(5 * size))
    return [application([binding()]), component(container={"config": [{"path": "/etc/web/lines", "value": text}]})]


VALUES: Final[Mapping[str, Callable[[int], Documents]]] = {
    function.__name__: function for function in (variables, ingress_rules, files)
}
"""Documents with many values."""
