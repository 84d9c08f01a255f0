"""The registry of served kinds: names, API paths and verbs.

Built-in kinds come from a release; custom ones follow their CustomResourceDefinition. A kind that is served in several
versions has one `Resource` for each version over one table of the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from rudr_py.local.schema.node import SchemaNode

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


class KindInfo(msgspec.Struct, frozen=True):
    """The apiVersion and kind of an object, such as `KindInfo("apps/v1", "Deployment")`."""

    api_version: str
    kind: str


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of `kubectl get`: `path` is a JSONPath such as `.spec.replicas`."""

    name: str
    type: str
    path: str
    format: str = ""
    description: str = ""
    priority: int = 0


class ScalePaths(msgspec.Struct, frozen=True, kw_only=True):
    """The dotted paths that the scale subresource of a kind reads and writes."""

    spec_replicas: str = ".spec.replicas"
    status_replicas: str = ".status.replicas"
    selector: str = ""


def _no_schema() -> SchemaNode | None:
    return None


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """A kind in one served version.

    `table` is its table in the store and `storage_version` the version in which objects are stored. `schema` returns
    the schema of the object, which is built on the first call; `custom` is true for kinds of a CRD. `subresources` are
    those in discovery besides status and scale.
    """

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    namespaced: bool
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS
    status: bool = False
    subresources: tuple[str, ...] = ()
    scale: ScalePaths | None = None
    schema: Callable[[], SchemaNode | None] = _no_schema
    columns: tuple[Column, ...] = ()
    selectable: tuple[str, ...] = ()
    table: str = ""
    storage_version: str = ""
    custom: bool = False
    deprecation: str = ""

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def group_resource(self) -> str:
        """The resource in messages of the server, such as `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def node(self) -> SchemaNode | None:
        """The schema of the object; None if any value is allowed."""
        return self.schema()

    def has(self, subresource: str) -> bool:
        """Return whether a subresource is served."""
        if subresource == "status":
            return self.status
        return self.scale is not None if subresource == "scale" else subresource in self.subresources

    @property
    def id(self) -> KindInfo:
        """The apiVersion and kind of objects in this version."""
        return KindInfo(self.api_version, self.kind)


class ObjectTarget(msgspec.Struct, frozen=True):
    """The object that a request targets; the namespace is empty for cluster-scoped kinds."""

    resource: Resource
    namespace: str
    name: str


class Registry:
    """The served resources, indexed by path and by kind.

    The first resource that is added for a table has the storage version.
    """

    def __init__(self, resources: Iterable[Resource] = ()) -> None:
        self.generation = 0
        self._by_path: dict[tuple[str, str, str], Resource] = {}
        self._by_kind: dict[KindInfo, Resource] = {}
        self._by_table: dict[str, Resource] = {}
        for resource in resources:
            self.add(resource)

    def add(self, resource: Resource) -> None:
        """Serve a resource, or replace it."""
        self._by_path[(resource.group, resource.version, resource.plural)] = resource
        self._by_kind[resource.id] = resource
        stored = self._by_table.setdefault(resource.table, resource)
        if stored.id == resource.id:
            self._by_table[resource.table] = resource
        self.generation += 1

    def remove(self, table: str) -> None:
        """Stop serving the resources of a table."""
        for resource in [each for each in self if each.table == table]:
            del self._by_path[(resource.group, resource.version, resource.plural)]
            self._by_kind.pop(resource.id, None)
        self._by_table.pop(table, None)
        self.generation += 1

    def by_path(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource at `/apis/<group>/<version>/…/<plural>`, or None."""
        return self._by_path.get((group, version, plural))

    def serves(self, group: str, version: str) -> bool:
        """Return whether a group and version has resources."""
        return any(key[0] == group and key[1] == version for key in self._by_path)

    def by_kind(self, kind: KindInfo) -> Resource | None:
        """Return the resource of a kind, or None."""
        return self._by_kind.get(kind)

    def storage_resource(self, table: str) -> Resource | None:
        """Return the resource in whose version the objects of a table are stored, or None."""
        return self._by_table.get(table)

    def __iter__(self) -> Iterator[Resource]:
        return iter(list(self._by_path.values()))
