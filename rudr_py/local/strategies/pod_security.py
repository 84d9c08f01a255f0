"""The Pod Security Standards `baseline` and `restricted`, as violations of a pod. Pure.

Source: the page Pod Security Standards of Kubernetes. Messages are those of kube-apiserver v1.36.2. Versions of the
standards are not distinguished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import msgspec

BASELINE: Final = "baseline"
RESTRICTED: Final = "restricted"
LEVELS: Final = ("privileged", BASELINE, RESTRICTED)

_CAPABILITIES: Final = frozenset(
    (
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP"),
        *("SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    )
)
_SYSCTLS: Final = frozenset(
    (
        *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start"),
        *("net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"),
        *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl"),
        *("net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"),
    )
)
_SELINUX_TYPES: Final = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})
_VOLUMES: Final = frozenset(
    (
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "image",
        "persistentVolumeClaim",
        "projected",
        "secret",
    )
)
_SECCOMP: Final = ("RuntimeDefault", "Localhost")
_APPARMOR: Final = "container.apparmor.security.beta.kubernetes.io/"

Container = Mapping[str, Any]


class Pod(msgspec.Struct, frozen=True):
    """The parts of a pod, or of a pod template, that the standards restrict."""

    spec: Mapping[str, Any]
    annotations: Mapping[str, str]

    @property
    def context(self) -> Mapping[str, Any]:
        """The security context of the pod."""
        return self.spec.get("securityContext") or {}

    @property
    def containers(self) -> list[Container]:
        """All containers, in the order of the server's messages."""
        fields = ("initContainers", "containers", "ephemeralContainers")
        return [container for field in fields for container in self.spec.get(field) or ()]

    @property
    def named_containers(self) -> list[tuple[str, Container]]:
        """All containers with their names."""
        return [(str(container.get("name", "")), container) for container in self.containers]


class Violation(msgspec.Struct, frozen=True):
    """A reason, and its details."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


def pod_of(document: Mapping[str, Any]) -> Pod:
    """The pod of a document or of a template: the maps `metadata` and `spec`."""
    metadata = document.get("metadata") or {}
    return Pod(document.get("spec") or {}, metadata.get("annotations") or {})


def violations(level: str, pod: Pod) -> tuple[Violation, ...]:
    """Every violation of a level, in the order of the server's message."""
    checks = {BASELINE: (*_COMMON, *_BASELINE_ONLY), RESTRICTED: (*_COMMON, *_RESTRICTED_ONLY)}.get(level, ())
    if (pod.spec.get("os") or {}).get("name") == "windows":
        checks = tuple(check for check in checks if check not in _NOT_ON_WINDOWS)
    return tuple(violation for check in checks for violation in check(pod))


def message(listed: Iterable[Violation]) -> str:
    """The violations as one text."""
    return ", ".join(map(str, listed))


def _context(container: Container) -> Mapping[str, Any]:
    return container.get("securityContext") or {}


def _quoted(names: Iterable[Any]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _listed(noun: str, names: Iterable[Any]) -> str:
    named = list(names)
    return f"{noun}{'s' if len(named) > 1 else ''} {_quoted(named)}"


def _names(containers: Iterable[Container]) -> list[str]:
    return [str(container.get("name", "")) for container in containers]


def _setters(pod: Pod, is_wrong: Callable[[Mapping[str, Any]], bool]) -> str:
    """The pod and the containers whose security context is wrong, as the subject of a message; empty if none is."""
    names = _names(container for container in pod.containers if is_wrong(_context(container)))
    parts = ["pod"] if is_wrong(pod.context) else []
    parts += [_listed("container", names)] if names else []
    return " and ".join(parts)


def _host_namespaces(pod: Pod) -> Iterator[Violation]:
    fields = [field for field in ("hostNetwork", "hostPID", "hostIPC") if pod.spec.get(field) is True]
    if fields:
        yield Violation("host namespaces", ", ".join(f"{field}=true" for field in fields))


def _host_ports(pod: Pod) -> Iterator[Violation]:
    ports = {
        name: [port["hostPort"] for port in container.get("ports") or () if port.get("hostPort")]
        for name, container in pod.named_containers
    }
    users = [name for name, listed in ports.items() if listed]
    if users:
        numbers = sorted({str(number) for name in users for number in ports[name]})
        verb = "uses" if len(users) == 1 else "use"
        noun = "hostPorts" if len(numbers) > 1 else "hostPort"
        yield Violation("hostPort", f"{_listed('container', users)} {verb} {noun} {', '.join(numbers)}")


def _host_addresses(pod: Pod) -> Iterator[Violation]:
    hosts = {
        name: [host for handler in _handlers(container) if (host := handler.get("host"))]
        for name, container in pod.named_containers
    }
    users = [name for name, listed in hosts.items() if listed]
    if users:
        named = sorted({host for name in users for host in hosts[name]})
        verb = "uses" if len(users) == 1 else "use"
        noun = "hosts" if len(named) > 1 else "host"
        detail = f"{_listed('container', users)} {verb} probe or lifecycle {noun} {_quoted(named)}"
        yield Violation("probe or lifecycle host", detail)


def _handlers(container: Container) -> Iterator[Mapping[str, Any]]:
    """The requests of all probes and handlers of a container."""
    lifecycle = container.get("lifecycle") or {}
    probes = (container.get(f"{name}Probe") for name in ("liveness", "readiness", "startup"))
    for handler in (*probes, lifecycle.get("postStart"), lifecycle.get("preStop")):
        for field in ("httpGet", "tcpSocket"):
            yield (handler or {}).get(field) or {}


def _privileged(pod: Pod) -> Iterator[Violation]:
    names = _names(one for one in pod.containers if _context(one).get("privileged") is True)
    if names:
        yield Violation("privileged", f"{_listed('container', names)} must not set securityContext.privileged=true")


def _proc_mount(pod: Pod) -> Iterator[Violation]:
    if pod.spec.get("hostUsers") is False:
        return
    types = {name: _context(one).get("procMount") for name, one in pod.named_containers}
    wrong = {name: kind for name, kind in types.items() if kind not in (None, "Default")}
    if wrong:
        kinds = _quoted(sorted(set(wrong.values())))
        yield Violation("procMount", f"{_listed('container', wrong)} must not set securityContext.procMount to {kinds}")


def _selinux(pod: Pod) -> Iterator[Violation]:
    def options(context: Mapping[str, Any]) -> Mapping[str, Any]:
        return context.get("seLinuxOptions") or {}

    def is_wrong(context: Mapping[str, Any]) -> bool:
        own = options(context)
        return own.get("type", "") not in _SELINUX_TYPES or bool(own.get("user")) or bool(own.get("role"))

    setters = _setters(pod, is_wrong)
    if not setters:
        return
    all_options = [options(pod.context), *(options(_context(one)) for one in pod.containers)]
    types = sorted({own["type"] for own in all_options if own.get("type", "") not in _SELINUX_TYPES})
    parts = [f"{'types' if len(types) > 1 else 'type'} {_quoted(types)}"] if types else []
    parts += [f"{field} may not be set" for field in ("user", "role") if any(own.get(field) for own in all_options)]
    yield Violation("seLinuxOptions", f"{setters} set forbidden securityContext.seLinuxOptions: {'; '.join(parts)}")


def _apparmor(pod: Pod) -> Iterator[Violation]:
    def profile(context: Mapping[str, Any]) -> Any:
        return (context.get("appArmorProfile") or {}).get("type")

    setters = _setters(pod, lambda context: profile(context) not in (None, *_SECCOMP))
    if setters:
        contexts = [pod.context, *map(_context, pod.containers)]
        kinds = sorted({kind for context in contexts if (kind := profile(context)) not in (None, *_SECCOMP)})
        yield Violation(
            "forbidden AppArmor profile", f"{setters} must not set AppArmor profile type to {_quoted(kinds)}"
        )
    forbidden = [
        f'{key}="{value}"'
        for key, value in sorted(pod.annotations.items())
        if key.startswith(_APPARMOR) and value not in ("", "runtime/default") and not value.startswith("localhost/")
    ]
    if forbidden and not setters:
        yield Violation(
            "forbidden AppArmor profiles", f"annotation must not set AppArmor profile type to {_quoted(forbidden)}"
        )


def _sysctls(pod: Pod) -> Iterator[Violation]:
    names = [entry.get("name", "") for entry in pod.context.get("sysctls") or ()]
    forbidden = [name for name in names if name not in _SYSCTLS]
    if forbidden:
        yield Violation("forbidden sysctls", ", ".join(forbidden))


def _host_process(pod: Pod) -> Iterator[Violation]:
    setters = _setters(pod, lambda context: (context.get("windowsOptions") or {}).get("hostProcess") is True)
    if setters:
        yield Violation("hostProcess", f"{setters} must not set securityContext.windowsOptions.hostProcess=true")


def _baseline_capabilities(pod: Pod) -> Iterator[Violation]:
    added = {
        name: set((_context(container).get("capabilities") or {}).get("add") or ()) - _CAPABILITIES
        for name, container in pod.named_containers
    }
    wrong = {name: extra for name, extra in added.items() if extra}
    if wrong:
        extra = _quoted(sorted({capability for listed in wrong.values() for capability in listed}))
        detail = f"{_listed('container', wrong)} must not include {extra} in securityContext.capabilities.add"
        yield Violation("non-default capabilities", detail)


def _host_paths(pod: Pod) -> Iterator[Violation]:
    names = [volume.get("name", "") for volume in pod.spec.get("volumes") or () if "hostPath" in volume]
    if names:
        yield Violation("hostPath volumes", _listed("volume", names))


def _baseline_seccomp(pod: Pod) -> Iterator[Violation]:
    setters = _setters(pod, lambda context: _seccomp(context) == "Unconfined")
    if setters:
        yield Violation("seccompProfile", f'{setters} must not set securityContext.seccompProfile.type to "Unconfined"')


def _seccomp(context: Mapping[str, Any]) -> Any:
    return (context.get("seccompProfile") or {}).get("type")


def _escalation(pod: Pod) -> Iterator[Violation]:
    names = _names(one for one in pod.containers if _context(one).get("allowPrivilegeEscalation") is not False)
    if names:
        detail = f"{_listed('container', names)} must set securityContext.allowPrivilegeEscalation=false"
        yield Violation("allowPrivilegeEscalation != false", detail)


def _restricted_capabilities(pod: Pod) -> Iterator[Violation]:
    capabilities = {name: _context(container).get("capabilities") or {} for name, container in pod.named_containers}
    keeping = [name for name, own in capabilities.items() if "ALL" not in (own.get("drop") or ())]
    adding = {name: set(own.get("add") or ()) - {"NET_BIND_SERVICE"} for name, own in capabilities.items()}
    adders = [name for name, added in adding.items() if added]
    details = []
    if keeping:
        details.append(f'{_listed("container", keeping)} must set securityContext.capabilities.drop=["ALL"]')
    if adders:
        extra = _quoted(sorted({capability for name in adders for capability in adding[name]}))
        details.append(f"{_listed('container', adders)} must not include {extra} in securityContext.capabilities.add")
    if details:
        yield Violation("unrestricted capabilities", "; ".join(details))


def _restricted_volumes(pod: Pod) -> Iterator[Violation]:
    kinds = {
        volume.get("name", ""): next((key for key in volume if key != "name" and volume[key] is not None), "unknown")
        for volume in pod.spec.get("volumes") or ()
    }
    wrong = {name: kind for name, kind in kinds.items() if kind not in _VOLUMES}
    if wrong:
        types = sorted(set(wrong.values()))
        verb, noun = ("uses", "type") if len(wrong) == 1 else ("use", "type")
        noun = f"{noun}s" if len(types) > 1 else noun
        detail = f"{_listed('volume', wrong)} {verb} restricted volume {noun} {_quoted(types)}"
        yield Violation("restricted volume types", detail)


def _non_root(pod: Pod) -> Iterator[Violation]:
    refusing = _setters(pod, lambda context: context.get("runAsNonRoot") is False)
    if refusing:
        yield Violation("runAsNonRoot != true", f"{refusing} must not set securityContext.runAsNonRoot=false")
    elif pod.context.get("runAsNonRoot") is not True:
        names = _names(one for one in pod.containers if _context(one).get("runAsNonRoot") is None)
        if names:
            detail = f"pod or {_listed('container', names)} must set securityContext.runAsNonRoot=true"
            yield Violation("runAsNonRoot != true", detail)


def _user(pod: Pod) -> Iterator[Violation]:
    setters = _setters(pod, lambda context: context.get("runAsUser") == 0)
    if setters:
        yield Violation("runAsUser=0", f"{setters} must not set runAsUser=0")


def _restricted_seccomp(pod: Pod) -> Iterator[Violation]:
    refused = _setters(pod, lambda context: _seccomp(context) not in (None, *_SECCOMP))
    if refused:
        contexts = [pod.context, *map(_context, pod.containers)]
        kinds = sorted({kind for context in contexts if (kind := _seccomp(context)) not in (None, *_SECCOMP)})
        detail = f"{refused} must not set securityContext.seccompProfile.type to {_quoted(kinds)}"
        yield Violation("seccompProfile", detail)
    elif _seccomp(pod.context) is None:
        names = _names(one for one in pod.containers if _seccomp(_context(one)) is None)
        if names:
            subject = f"pod or {_listed('container', names)}"
            detail = f'{subject} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
            yield Violation("seccompProfile", detail)


_Check = Callable[[Pod], Iterator[Violation]]

_COMMON: Final[tuple[_Check, ...]] = (
    *(_apparmor, _host_namespaces, _host_ports, _host_addresses, _privileged, _proc_mount, _selinux, _sysctls),
    _host_process,
)
_BASELINE_ONLY: Final[tuple[_Check, ...]] = (_baseline_capabilities, _host_paths, _baseline_seccomp)
_RESTRICTED_ONLY: Final[tuple[_Check, ...]] = (
    *(_escalation, _restricted_capabilities, _restricted_volumes, _non_root, _user, _restricted_seccomp),
)
_NOT_ON_WINDOWS: Final[tuple[_Check, ...]] = (_escalation, _restricted_capabilities, _restricted_seccomp)
"""The checks that do not concern a pod with `os: {name: windows}`, since version 1.25 of the standards."""
