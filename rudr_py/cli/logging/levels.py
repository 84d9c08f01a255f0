"""What `--log-level` means: one word, or a list of names with words as Rudr's RUST_LOG had it. Pure."""

from __future__ import annotations

import difflib
import logging
from typing import Final

import msgspec

from rudr_py.errors import ConfigError

OFF: Final = logging.CRITICAL + 10
"""Above every level: nothing is told."""

WORDS: Final = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "off": OFF,
}

_PARTS: Final = {"rudr": "rudr_py", "kube": "rudr_py.kube"}
"""The crates of Rudr, and where their work is done here."""

_QUIET: Final = {"kubernetes_asyncio": logging.INFO, "asyncio": logging.INFO, "urllib3": logging.INFO}
"""Loggers that are never asked for more: at `debug`, the first one tells the answers of token servers."""


class LogLevels(msgspec.Struct, frozen=True):
    """The level of everything, and of single loggers, as numbers of the module logging."""

    everything: int = logging.INFO
    loggers: dict[str, int] = {}

    def apply(self) -> None:
        """Set the levels of the loggers; that of everything is the root's."""
        logging.getLogger().setLevel(self.everything)
        for name, least in _QUIET.items():
            logging.getLogger(name).setLevel(max(least, self.everything))
        for name, level in self.loggers.items():
            logging.getLogger(name).setLevel(max(level, _QUIET.get(name.partition(".")[0], level)))


def chosen(text: str | None, verbosity: int) -> LogLevels:
    """What the user asked for: `-v` beats words. Unless told otherwise, `rudr_py.kube` tells what went wrong only."""
    if verbosity:
        return LogLevels(logging.DEBUG if verbosity > 1 else logging.INFO)
    return LogLevels(logging.INFO, {"rudr_py.kube": logging.WARNING}) if text is None else parse(text)


def parse(text: str) -> LogLevels:
    """Read `warning`, `rudr=info,kube=debug` or `error,rudr_py.plugins=debug`. Raises ConfigError.

    A name without a word means everything of that name, as in env_logger. Where only names are given, the others tell
    warnings and errors. Names are those of loggers; `rudr` and `kube`, the crates of Rudr, mean the parts that do
    their work.
    """
    directives = [directive.strip() for directive in text.split(",") if directive.strip()]
    everything: int | None = None
    loggers: dict[str, int] = {}
    for directive in directives:
        name, equals, word = (part.strip() for part in directive.partition("="))
        if equals:
            loggers[_logger(name, text)] = _number(word, text)
        elif name.lower() in WORDS:
            everything = WORDS[name.lower()]
        else:
            loggers[_logger(name, text)] = logging.DEBUG
    if everything is None:
        everything = logging.WARNING if loggers else logging.INFO
    return LogLevels(everything, loggers)


def _number(word: str, text: str) -> int:
    if word.lower() not in WORDS:
        raise _wrong(word, text)
    return WORDS[word.lower()]


def _logger(name: str, text: str) -> str:
    """The logger of a name; a word that is nearly a level is a typing mistake, not a logger."""
    path = name.replace("::", ".").split(".")
    if not all(part.isidentifier() for part in path) or difflib.get_close_matches(
        name.lower(), WORDS, n=1, cutoff=0.75
    ):
        raise _wrong(name, text)
    return ".".join([_PARTS.get(path[0], path[0]), *path[1:]])


def _wrong(word: str, text: str) -> ConfigError:
    known = ", ".join(WORDS)
    return ConfigError(f'log level "{text}": "{word}" is none of {known}; give one of them, or rudr=info,kube=warning')
