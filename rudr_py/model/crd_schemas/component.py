"""The schema of ComponentSchematic, with the descriptions that `kubectl explain` shows (OAM v1alpha1 §3).

It describes the fields that `parse_component` reads. The controller checks rules between fields; the server checks only
those that reject no document that ever ran: Kubernetes rejected such pods, or Rudr the component.
"""

from __future__ import annotations

from typing import Final

from rudr_py.model.crd_schemas import nodes
from rudr_py.model.crd_schemas.nodes import Schema

_CONTAINERS: Final = (
    "!self.workloadType.startsWith('core.oam.dev/') || (has(self.containers) ? size(self.containers) > 0 : false)",
    "a core workload type needs at least one container [CO-1]",
)
_NO_PORTS: Final = (
    "!(self.workloadType in ['core.oam.dev/v1alpha1.Worker', 'core.oam.dev/v1alpha1.SingletonWorker'])"
    " || !has(self.containers) || self.containers.all(one, !has(one.ports) || size(one.ports) == 0)",
    "a Worker or SingletonWorker must not have ports; use a Server for a component with ports [CO-10]",
)
_CONTENT: Final = (
    "has(self.value) || has(self.fromParam)",
    "value or fromParam is required [EN-3]",
)
_PATH: Final = ("has(self.path) || has(self.name)", "path is required [EN-6]")
_PORT: Final = (
    "has(self.containerPort) || has(self.value) || has(self.port)",
    "containerPort is required [PO-1]",
)
_HANDLER: Final = (
    "(has(self.exec) ? 1 : 0) + (has(self.httpGet) ? 1 : 0) + (has(self.tcpSocket) ? 1 : 0) == 1",
    "a probe must have exactly one of exec, httpGet and tcpSocket [HP-1]",
)


def component_spec() -> Schema:
    """`spec` of a ComponentSchematic."""
    fields = {
        "workloadType": nodes.text(
            "The type of workload as GROUP/VERSION.Kind, for instance core.oam.dev/v1alpha1.Server. The core types "
            "are Server, SingletonServer, Worker, SingletonWorker, Task and SingletonTask."
        ),
        "osType": nodes.text("Operating system of the nodes that can run the component: linux or windows."),
        "os": nodes.text("Deprecated spelling of osType."),
        "name": nodes.text("Has no effect: a component is named by metadata.name."),
        "arch": nodes.text("Processor architecture of its images: i386, amd64, arm or arm64."),
        "parameters": nodes.array("Parameters that an ApplicationConfiguration may set.", parameter()),
        "containers": nodes.array(
            "The containers of the workload. Core workload types need at least one.", _container()
        ),
        "workloadSettings": nodes.any_form(
            nodes.array(
                "Configuration of the workload type itself, for types outside the core. A map of names and values is "
                "deprecated.",
                setting(),
            )
        ),
    }
    schema = nodes.record(
        "Containers, parameters and workload type of the component.", fields, required=("workloadType",)
    )
    return nodes.ruled(schema, _CONTAINERS, _NO_PORTS)


def parameter() -> Schema:
    """One parameter of a component or scope."""
    fields = {
        "name": nodes.text("Unique name of the parameter."),
        "type": nodes.text("Type of its value: boolean, number, string, null, object or array."),
        "required": nodes.anything("Whether the application must set a value: true or false. False when absent."),
        "default": nodes.anything("The value if the application sets none; of the declared type."),
        "value": nodes.anything("Deprecated spelling of default."),
        "description": nodes.text("Purpose of the parameter."),
    }
    return nodes.record("One parameter.", fields, required=("name", "type"))


def setting() -> Schema:
    """One workload setting."""
    fields = {
        "name": nodes.text("Unique name of the setting."),
        "type": nodes.text("Type of its value; string when absent."),
        "value": nodes.anything("The value, if fromParam has none."),
        "fromParam": nodes.text("Parameter whose value replaces `value`."),
        "required": nodes.anything("Whether the setting must have a value: true or false."),
        "default": nodes.anything("The value when there is no other."),
        "description": nodes.text("Purpose of the setting."),
    }
    return nodes.record("One setting.", fields, required=("name",))


def _container() -> Schema:
    fields = {
        "name": nodes.text("Unique name of the container: lower-case letters, digits and -."),
        "image": nodes.anything(
            "The image as text, with a tag or, better, a digest. A map of name and digest is deprecated."
        ),
        "tag": nodes.text("Deprecated: the tag of the image; write it in image."),
        "imagePullSecret": nodes.text("Secret in this namespace with the credentials to pull the image."),
        "resources": _resources(),
        "cmd": nodes.texts("Replaces the entry point of the image."),
        "args": nodes.texts("Arguments of the entry point or of cmd."),
        "env": nodes.array("Environment variables.", _env()),
        "config": nodes.array("Files that are mounted into the container.", _config()),
        "ports": nodes.array("Ports that the container listens on.", _port()),
        "livenessProbe": _probe("Checks whether the container must be restarted."),
        "readinessProbe": _probe("Checks whether the container can serve requests."),
    }
    return nodes.record("One container.", fields, required=("name", "image"))


def _env() -> Schema:
    fields = {
        "name": nodes.text("Unique name of the variable."),
        "value": nodes.text("The value, if fromParam has none."),
        "fromParam": nodes.text("Parameter whose value is used; it takes precedence over `value`."),
        "fromValue": nodes.text("Deprecated spelling of fromParam."),
    }
    return nodes.record("One environment variable.", fields, required=("name",))


def _config() -> Schema:
    fields = {
        "path": nodes.text("Path of the file in the container; a relative path starts at /."),
        "name": nodes.text("Deprecated spelling of path."),
        "value": nodes.text("The content, if fromParam has none."),
        "fromParam": nodes.text("Parameter whose value is used; it takes precedence over `value`."),
    }
    return nodes.ruled(nodes.record("One file.", fields), _PATH, _CONTENT)


def _port() -> Schema:
    fields = {
        "name": nodes.text("Unique name of the port: lower-case letters."),
        "containerPort": nodes.integer("The number of the port.", minimum=1, maximum=65535),
        "protocol": nodes.text("TCP when absent.", choices=("TCP", "UDP", "SCTP", "tcp", "udp", "sctp")),
        **{
            key: nodes.integer("Deprecated spelling of containerPort.", minimum=1, maximum=65535)
            for key in ("value", "port")
        },
        "type": nodes.text("Deprecated spelling of protocol."),
    }
    return nodes.ruled(nodes.record("One port.", fields, required=("name",)), _PORT)


def _probe(description: str) -> Schema:
    header = {"name": nodes.text("Name of the header."), "value": nodes.text("Its value.")}
    http_get = {
        "path": nodes.text("Path of the request; / when absent."),
        "port": nodes.integer("Port of the request.", minimum=1, maximum=65535),
        "httpHeaders": nodes.array(
            "Headers of the request.", nodes.record("One header.", header, required=("name", "value"))
        ),
    }
    fields = {
        "exec": nodes.record(
            "Healthy when the command exits with 0.",
            {"command": nodes.texts("The command with its arguments.")},
            required=("command",),
        ),
        "httpGet": nodes.record("Healthy when the response is 2xx or 3xx.", http_get, required=("port",)),
        "tcpSocket": nodes.record(
            "Healthy when the port accepts a connection.",
            {"port": nodes.integer("The port.", minimum=1, maximum=65535)},
            required=("port",),
        ),
        "initialDelaySeconds": nodes.integer("Seconds from start to the first probe; 0 when absent."),
        "periodSeconds": nodes.integer("Seconds between two probes; 10 when absent."),
        "timeoutSeconds": nodes.integer("Seconds until a probe counts as failed; 1 when absent."),
        "successThreshold": nodes.integer("Consecutive successes until healthy; 1 when absent."),
        "failureThreshold": nodes.integer("Consecutive failures until unhealthy; 3 when absent."),
    }
    return nodes.ruled(nodes.record(f"{description} Exactly one of exec, httpGet and tcpSocket.", fields), _HANDLER)


def _resources() -> Schema:
    fields = {
        "cpu": _amount("CPUs, 0.1 when absent.", "CPUs as a number: 1 is one core, 0.5 half of one."),
        "memory": _amount(
            "Memory, 128 MiB when absent.",
            "Memory: a bare number counts MiB; suffixes K M G T P are decimal, Ki Mi Gi binary.",
        ),
        "gpu": _amount("GPUs, none when absent.", "GPUs as a number, rounded up to whole ones."),
        "volumes": nodes.array("Volumes of the container.", _volume()),
        "extended": nodes.array("Other resources that the container needs.", _extended()),
    }
    return nodes.record("Resources that the container requests.", fields)


def _amount(description: str, required: str) -> Schema:
    fields = {"required": nodes.anything(required)}
    return nodes.any_form(nodes.record(description, fields, required=("required",)))


def _volume() -> Schema:
    disk = {
        "required": nodes.anything("Minimum size: a bare number counts bytes; suffixes as for memory."),
        "ephemeral": nodes.anything("Whether the disk is local to the node and deleted with the pod: true or false."),
    }
    fields = {
        "name": nodes.text("Name of the volume, which a volume-mounter trait refers to."),
        "mountPath": nodes.text("Mount path in the container."),
        "accessMode": nodes.text("RW when absent.", choices=("RW", "RO")),
        "sharingPolicy": nodes.text("Exclusive when absent.", choices=("Exclusive", "Shared")),
        "disk": nodes.record("Disk of the volume.", disk, required=("required",)),
    }
    return nodes.record("One volume.", fields, required=("name", "mountPath"))


def _extended() -> Schema:
    fields = {
        "name": nodes.text("The resource as GROUP/VERSION.Kind."),
        "required": nodes.anything("Required amount."),
    }
    return nodes.record("One other resource.", fields, required=("name", "required"))
