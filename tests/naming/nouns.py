"""Rule 1: a parameter or attribute of one of our classes uses the class's noun, or names a role.

`ClusterState` allows `state`, `cluster_state`, `new_state`, `states`. Not checked are unions of several classes,
collections and callables of a class, and names without an annotation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

from tests.naming.sources import Module, Violation
from tests.naming.spelling import singular, snake, words

_PAIR = "one of two values of the same class that are compared"
_RELATION = "the relation to another object, which matters more than the class"
_STATE = "which of several states of the same object"
_FIELD = "a field of the Kubernetes API that a decoded value keeps the name of"

ROLES = {
    **dict.fromkeys(("old", "new", "before", "after", "previous", "current", "last", "next"), _PAIR),
    **dict.fromkeys(("left", "right", "first", "second", "other"), _PAIR),
    **dict.fromkeys(("owner", "parent", "child", "children", "root", "source", "target"), _RELATION),
    **dict.fromkeys(("inner", "outer", "wrapped", "original"), "the wrapped value, in a class that wraps one"),
    **dict.fromkeys(("desired", "live", "expected", "actual", "default", "fallback", "candidate"), _STATE),
    **dict.fromkeys(("added", "removed", "modified"), "the part of a comparison"),
    **dict.fromkeys(("metadata", "spec", "status", "items", "regarding"), _FIELD),
    **dict.fromkeys(("requests", "limits", "liveness", "readiness", "startup", "stop", "start"), _FIELD),
    **dict.fromkeys(("up", "down"), _FIELD + ": scaleUp and scaleDown of an autoscaler's behavior"),
}
"""The last word of a name that may stand instead of the class's noun, and why."""

OBJECTS = {"application", "component", "workload", "trait", "scope", "pod", "lease", "kubeconfig", "namespace"}
"""Words for objects. They are roles for the classes of OBJECT_CLASSES, of which any object can be an instance."""

OBJECT_CLASSES = {"Live", "LiveObject", "Document", "ParsedDocument", "Key", "ObjectKey", "Ref", "Target", "Manifest"}
OBJECT_CLASSES |= {"Offer", "BoundType", "Health"}
"""Those of a workload, trait or scope: `workload: Offer[WorkloadType]`."""

CONTAINERS = {"Recent", "TtlMap", "Ranking", "PriorityHeap", "MultiMap", "WeightedLru"}
"""Our collections. Like a dict or a list they are named for what they hold, so they are not checked."""

ABBREVIATIONS = {"ctx": "context"}
"""Short forms that the field uses: click, kopf and controller-runtime call a context `ctx`."""

WRAPPERS = {"Optional", "Annotated", "ClassVar", "Final", "Required", "NotRequired", "ReadOnly"}
"""Generic types of `typing` whose first argument is the type of the value."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def violations(modules: Sequence[Module]) -> list[Violation]:
    """The names that use neither the noun of their class nor a role. Classes are those defined in the modules."""
    classes = {node.name for module in modules for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)}
    return [violation for module in modules for violation in _in_module(module, classes)]


def uses_noun(name: str, class_name: str) -> bool:
    """Whether a name contains a word of the class's name, in singular or plural, or its words written together."""
    own = {singular(word) for word in words(class_name)}
    used = [singular(ABBREVIATIONS.get(word, word)) for word in words(name)]
    return not own.isdisjoint(used) or "".join(words(class_name)) in "".join(words(name))


def names_role(name: str, class_name: str) -> bool:
    """Whether the last word of a name is one of ROLES, or names an object where the class can hold any object."""
    last = words(name)[-1]
    forms = {last, singular(last)}
    return not forms.isdisjoint(ROLES) or (class_name in OBJECT_CLASSES and not forms.isdisjoint(OBJECTS))


def _in_module(module: Module, classes: set[str]) -> Iterator[Violation]:
    resolver = _Resolver(module, classes)
    for name, annotation, line in _annotated(module.tree):
        class_name = resolver.resolve(annotation)
        if not class_name or class_name in CONTAINERS or not words(name):
            continue
        if not uses_noun(name, class_name) and not names_role(name, class_name):
            yield Violation(module.path, line, f"{name}: {class_name}", _suggestion(class_name))


def _suggestion(class_name: str) -> str:
    last, whole = words(class_name)[-1], snake(class_name)
    return last if last == whole else f"{last} or {whole}"


def _annotated(tree: ast.Module) -> Iterator[tuple[str, ast.expr, int]]:
    """Parameters, attributes of classes, and attributes of `self`, each with its annotation and line."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield from _parameters(node)
            yield from _self_attributes(node)
        elif isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    yield statement.target.id, statement.annotation, statement.lineno


def _parameters(function: Function) -> Iterator[tuple[str, ast.expr, int]]:
    arguments = function.args
    extra = (argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None)
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra):
        if argument.annotation is not None:
            yield argument.arg, argument.annotation, argument.lineno


def _self_attributes(function: Function) -> Iterator[tuple[str, ast.expr, int]]:
    """Attributes with an annotation of their own, and those that a parameter is assigned to as it is."""
    annotations = {name: annotation for name, annotation, _ in _parameters(function)}
    for node in ast.walk(function):
        match node:
            case ast.AnnAssign(target=ast.Attribute(value=ast.Name("self"), attr=name), annotation=annotation):
                yield name, annotation, node.lineno
            case ast.Assign(targets=[ast.Attribute(value=ast.Name("self"), attr=name)], value=ast.Name(parameter)):
                if parameter in annotations:
                    yield name, annotations[parameter], node.lineno


class _Resolver:
    """Resolves annotations of one module to the classes of the project."""

    def __init__(self, module: Module, classes: set[str]) -> None:
        self._classes = classes
        self._names = {node.name: node.name for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef)}
        self._modules: set[str] = set()
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ImportFrom) and (node.level or _is_own(node.module or "")):
                self._add(node.names)
            elif isinstance(node, ast.Import):
                own = (alias for alias in node.names if _is_own(alias.name))
                self._modules |= {alias.asname or alias.name.partition(".")[0] for alias in own}

    def _add(self, aliases: Iterable[ast.alias]) -> None:
        for alias in aliases:
            if alias.name in self._classes:
                self._names[alias.asname or alias.name] = alias.name
            else:
                self._modules.add(alias.asname or alias.name)

    def resolve(self, annotation: ast.expr) -> str | None:
        """The name of the class, or None where the annotation is anything but one class, optional or not."""
        match _unwrapped(annotation):
            case ast.Name(name):
                return self._names.get(name)
            case ast.Attribute(value=value, attr=name) if _leftmost(value) in self._modules:
                return name if name in self._classes else None
            case _:
                return None


def _unwrapped(annotation: ast.expr) -> ast.expr:
    """An annotation without quotes, `| None`, WRAPPERS and the arguments of a generic class."""
    match annotation:
        case ast.Constant(value=str(text)):
            return _unwrapped(ast.parse(text, mode="eval").body)
        case ast.BinOp(left=inner, op=ast.BitOr(), right=ast.Constant(None)):
            return _unwrapped(inner)
        case ast.BinOp(left=ast.Constant(None), op=ast.BitOr(), right=inner):
            return _unwrapped(inner)
        case ast.Subscript(value=generic, slice=inner) if _last(generic) in WRAPPERS:
            return _unwrapped(inner.elts[0] if isinstance(inner, ast.Tuple) else inner)
        case ast.Subscript(value=generic):
            return generic
        case _:
            return annotation


def _is_own(module: str) -> bool:
    return module.partition(".")[0].startswith("rudr_py")


def _leftmost(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
