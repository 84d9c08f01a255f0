"""Kubeconfig files, merged as kubectl does, and the credentials of users that have them in the files.

Exec plugins and auth providers are not run here. Contents of files are never part of an error.
"""

from __future__ import annotations

import atexit
import base64
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import yaml

Fields = dict[str, Any]


class Entry(msgspec.Struct, frozen=True):
    """A cluster or a user, and the folder of its file, to which its paths are relative."""

    fields: Fields = {}
    folder: Path = Path()

    def text(self, name: str) -> str:
        """A field as text; empty where it is absent."""
        value = self.fields.get(name)
        return "" if value is None else str(value)

    def path(self, name: str) -> str:
        """The absolute path in a field; empty where it is absent."""
        value = self.text(name)
        return str(Path(os.path.normpath(self.folder / value))) if value else ""

    def file(self, name: str) -> str:
        """The path of a file whose content may be in the field `NAME-data` instead. Raises FileNotFoundError."""
        data = self.text(f"{name}-data")
        path = _written(base64.standard_b64decode(data)) if data else self.path(name)
        if path and not Path(path).is_file():
            raise FileNotFoundError(f"{name} is not a file: {path}")
        return path


class Context(msgspec.Struct, frozen=True):
    """The context to use: its name, its namespace, its cluster and its user. `paths` are those of the files read."""

    paths: str
    name: str
    namespace: str
    cluster_entry: Entry
    user_entry: Entry

    @property
    def needs_plugin(self) -> bool:
        """Whether another program or service provides the credentials."""
        return any(self.user_entry.fields.get(name) for name in ("exec", "auth-provider"))


def read(paths: str, name: str | None) -> Context:
    """The context of this name, None for the current one. `paths` are joined as in the variable KUBECONFIG.

    Raises ValueError and TypeError, and OSError when a file cannot be read.
    """
    documents = [(path, _document(path)) for path in map(_expanded, paths.split(os.pathsep)) if path and path.exists()]
    if not documents:
        raise FileNotFoundError("no such file")
    if not any(document for _, document in documents):
        raise TypeError("this is not a kubeconfig")
    current = (str(document["current-context"]) for _, document in documents if document.get("current-context"))
    chosen = name or next(current, "")
    context = _entry(documents, "contexts", "context", chosen)
    if context is None:
        raise ValueError(f'context "{chosen}" does not exist' if chosen else "there is no current context")
    cluster = _entry(documents, "clusters", "cluster", context.text("cluster"))
    if cluster is None:
        raise ValueError(f'the cluster of context "{chosen}" does not exist')
    user = _entry(documents, "users", "user", context.text("user"))
    read_paths = os.pathsep.join(str(path) for path, document in documents if document)
    return Context(read_paths, chosen, context.text("namespace") or "default", cluster, user or Entry())


def authorization(user_entry: Entry) -> str:
    """The header of a user with a token or a password; empty for one without. Raises OSError."""
    if token := _token(user_entry):
        return f"Bearer {token}"
    if {"username", "password"} <= user_entry.fields.keys():
        pair = f"{user_entry.text('username')}:{user_entry.text('password')}"
        return "Basic " + base64.b64encode(pair.encode()).decode()
    return ""


def impersonation(user_entry: Entry) -> tuple[tuple[str, str], ...]:
    """The headers of a user that acts as another one, by the fields `as*`. Raises ValueError and TypeError."""
    groups, extra = user_entry.fields.get("as-groups") or [], user_entry.fields.get("as-user-extra") or {}
    if not isinstance(groups, list) or not isinstance(extra, Mapping):
        raise TypeError("as-groups must be a list, and as-user-extra a map of lists")
    headers = [("Impersonate-User", user_entry.text("as")), ("Impersonate-Uid", user_entry.text("as-uid"))]
    headers += [("Impersonate-Group", str(group)) for group in groups]
    for name, values in extra.items():
        headers += [(f"Impersonate-Extra-{quote(str(name), safe='')}", str(value)) for value in values]
    headers = [(name, value) for name, value in headers if value]
    if not all(value.isprintable() for _, value in headers):
        raise ValueError("a field as* contains a line break or another control character")
    if headers and not user_entry.text("as"):
        raise ValueError("as-uid, as-groups and as-user-extra require as")
    return tuple(headers)


def _token(user_entry: Entry) -> str:
    """The token of a user: that of the file, which is renewed, or the fixed one if the file cannot be read."""
    token, path = user_entry.text("token"), user_entry.path("tokenFile")
    if not path:
        return token
    try:
        return Path(path).read_text()
    except OSError:
        if not token:
            raise
        return token


def _expanded(path: str) -> Path | None:
    return Path(path).expanduser() if path else None


def _document(path: Path) -> Fields:
    try:
        document = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f": line {mark.line + 1}" if mark is not None else ""
        raise ValueError(f"this is not YAML{line}") from None  # the message of the parser quotes the line
    if document is not None and not isinstance(document, dict):
        raise TypeError("this is not a kubeconfig")
    return document or {}


def _entry(documents: list[tuple[Path, Fields]], listed: str, kind: str, name: str) -> Entry | None:
    """The first entry of a list with this name."""
    for path, document in documents:
        entries = document.get(listed) or []
        if not isinstance(entries, list):
            raise TypeError(f"{listed} must be a list")
        for entry in entries:
            if isinstance(entry, Mapping) and entry.get("name") == name:
                return Entry(dict(entry.get(kind) or {}), path.parent.absolute())
    return None


_written_files: dict[bytes, str] = {}


def _written(content: bytes) -> str:
    """The path of a private file with this content, which exists until the process ends: OpenSSL reads only files."""
    if content not in _written_files:
        descriptor, path = tempfile.mkstemp(prefix="rudr-")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        _written_files[content] = path
        atexit.register(Path(path).unlink, missing_ok=True)
    return _written_files[content]
