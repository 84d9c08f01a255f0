"""secret-env: variables and files of containers from Secrets and ConfigMaps, which the controller never reads."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, mappings_in, reject
from rudr_py.api.forms import Name
from rudr_py_pod.forms import Containers, EnvName, Key, MountPath

OneOf = Annotated[Name | None, msgspec.Meta(description="The name; exactly one of secretName and configMapName.")]


Mode = Annotated[int, msgspec.Meta(ge=0, le=0o777)]


class Source(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A Secret or a ConfigMap of the namespace. `optional`: pods start without it, too."""

    secret_name: OneOf = None
    config_map_name: OneOf = None
    optional: Annotated[bool, msgspec.Meta(description="Whether pods start without it.")] = False

    def reference(self, **fields: Any) -> dict[str, Any]:
        """The reference of Kubernetes, with further fields."""
        return {
            "name": self.secret_name or self.config_map_name,
            **fields,
            **({"optional": True} if self.optional else {}),
        }


class Variable(Source, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A variable with the value of one key, by default the key with the name of the variable."""

    name: Annotated[EnvName, msgspec.Meta(description="The name of the variable.", examples=["PGPASSWORD"])]
    key: Annotated[Key | None, msgspec.Meta(description="The key; by default the name of the variable.")] = None


class Variables(Source, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Variables of all keys, with a prefix."""

    prefix: Annotated[str, msgspec.Meta(description="A prefix of the names of the variables.")] = ""


class Files(Source, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A directory with a file for each key, or for the keys in `items` under the paths there. Files change in place."""

    mount_path: MountPath
    items: Annotated[dict[Key, str], msgspec.Meta(description="Keys with the paths of their files.")] = msgspec.field(
        default_factory=dict
    )
    mode: Annotated[Mode | None, msgspec.Meta(description="The mode of the files, as a number.")] = None


class SecretEnvProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Variables and files, for all containers or those in `containers`."""

    env: Annotated[
        tuple[Variable, ...],
        msgspec.Meta(
            description="Variables from single keys.",
            examples=[[{"name": "PGPASSWORD", "secretName": "database", "key": "password"}]],
        ),
    ] = ()
    env_from: Annotated[tuple[Variables, ...], msgspec.Meta(description="Variables from all keys of an object.")] = ()
    files: Annotated[tuple[Files, ...], msgspec.Meta(description="Directories with a file for each key.")] = ()
    containers: Containers = ()


class SecretEnv(PodTrait[SecretEnvProperties]):
    """Sets variables and mounts files from Secrets and ConfigMaps; replaces a variable that the component sets."""

    name = "secret-env"
    properties = SecretEnvProperties

    def edits(self, ctx: TraitContext[SecretEnvProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """Edits of the containers, and a volume for each directory."""
        properties = ctx.properties
        reject([*_problems(properties), *_taken(properties, place)])
        for name in place.selected(properties.containers):
            for variable in properties.env:
                field = "secretKeyRef" if variable.secret_name else "configMapKeyRef"
                value = {"valueFrom": {field: variable.reference(key=variable.key or variable.name)}}
                yield place.edit_container(name, ("env", {"name": variable.name}), value)
            if properties.env_from:
                yield place.edit_container(name, ("envFrom",), [_env_from(source) for source in properties.env_from])
            for index, files in enumerate(properties.files):
                mount = {"name": f"secret-env-{index}", "readOnly": True}
                yield place.edit_container(name, ("volumeMounts", {"mountPath": files.mount_path}), mount)
        for index, files in enumerate(properties.files):
            yield place.edit(("spec", "volumes", {"name": f"secret-env-{index}"}), _volume(files))


def _env_from(source: Variables) -> dict[str, Any]:
    prefix = {"prefix": source.prefix} if source.prefix else {}
    return {**prefix, "secretRef" if source.secret_name else "configMapRef": source.reference()}


def _volume(files: Files) -> dict[str, Any]:
    optional: dict[str, Any] = {
        "items": [{"key": key, "path": path} for key, path in sorted(files.items.items())],
        "defaultMode": files.mode,
        "optional": files.optional or None,
    }
    named = {"secretName": files.secret_name} if files.secret_name else {"name": files.config_map_name}
    source = {**named, **{key: value for key, value in optional.items() if value not in (None, [])}}
    return {"secret" if files.secret_name else "configMap": source}


def _problems(properties: SecretEnvProperties) -> Iterator[Problem]:
    """Entries with no source or with two, and repeated names and paths."""
    for name in ("env", "env_from", "files"):
        field = "envFrom" if name == "env_from" else name
        for index, source in enumerate(getattr(properties, name)):
            if bool(source.secret_name) == bool(source.config_map_name):
                yield Problem("needs exactly one of secretName and configMapName", path=f"$.{field}[{index}]")
    for field, key, values in (
        ("env", "name", [variable.name for variable in properties.env]),
        ("files", "mountPath", [posixpath.normpath(files.mount_path) for files in properties.files]),
    ):
        for index, value in enumerate(values):
            if value in values[:index]:
                yield Problem(f"{value} is listed twice", path=f"$.{field}[{index}].{key}")


def _taken(properties: SecretEnvProperties, place: PodTemplatePlace) -> Iterator[Problem]:
    """Directories at which the component mounts something."""
    for name in place.selected(properties.containers):
        mounted = {
            posixpath.normpath(str(mount.get("mountPath")))
            for mount in mappings_in(place.container(name), "volumeMounts")
        }
        for index, files in enumerate(properties.files):
            if posixpath.normpath(files.mount_path) in mounted:
                message = f'container "{name}" has a mount at {files.mount_path} already'
                yield Problem(message, path=f"$.files[{index}].mountPath")
