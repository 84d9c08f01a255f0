"""The values of `--log-level`: a level, or levels of single loggers as in Rudr's RUST_LOG. Pure."""

from __future__ import annotations

import difflib
import logging
from typing import Final

import msgspec

from rudr_py.errors import ConfigError

OFF: Final = logging.CRITICAL + 10
"""Above every level: nothing is logged."""

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
"""The crates of Rudr, and the packages that replace them."""

_QUIET: Final = {"kubernetes_asyncio": logging.INFO, "asyncio": logging.INFO, "urllib3": logging.INFO}
"""The lowest levels of some loggers: at `debug`, kubernetes_asyncio logs the responses of token servers."""


class LogLevels(msgspec.Struct, frozen=True):
    """The level of all loggers, and those of single loggers, as numbers of the module logging."""

    everything: int = logging.INFO
    loggers: dict[str, int] = {}

    def apply(self) -> None:
        """Set the levels of the loggers."""
        logging.getLogger().setLevel(self.everything)
        for name, lowest in _QUIET.items():
            logging.getLogger(name).setLevel(max(lowest, self.everything))
        for name, level in self.loggers.items():
            logging.getLogger(name).setLevel(max(level, _QUIET.get(name.partition(".")[0], level)))


def from_options(text: str | None, verbosity: int) -> LogLevels:
    """The levels for `--log-level` and the number of `-v`, which takes precedence. Raises ConfigError.

    By default `rudr_py.kube` logs only warnings and errors.
    """
    if verbosity:
        return LogLevels(logging.DEBUG if verbosity > 1 else logging.INFO)
    return LogLevels(logging.INFO, {"rudr_py.kube": logging.WARNING}) if text is None else parse(text)


def parse(text: str) -> LogLevels:
    """Read `warning`, `rudr=info,kube=debug` or `error,rudr_py.plugins=debug`. Raises ConfigError.

    A name without a level means all messages of that logger, as in env_logger. If there are only names, all other
    loggers log warnings and errors. `rudr` and `kube`, the crates of Rudr, are replaced by the names of packages.
    """
    directives = [directive.strip() for directive in text.split(",") if directive.strip()]
    everything: int | None = None
    loggers: dict[str, int] = {}
    for directive in directives:
        name, equals, word = (part.strip() for part in directive.partition("="))
        if equals:
            loggers[_logger(name, text)] = _level(word, text)
        elif name.lower() in WORDS:
            everything = WORDS[name.lower()]
        else:
            loggers[_logger(name, text)] = logging.DEBUG
    if everything is None:
        everything = logging.WARNING if loggers else logging.INFO
    return LogLevels(everything, loggers)


def _level(word: str, text: str) -> int:
    if word.lower() not in WORDS:
        raise _invalid(word, text)
    return WORDS[word.lower()]


def _logger(name: str, text: str) -> str:
    """The logger of a name. A word that is similar to a level is an error, not a logger."""
    path = name.replace("::", ".").split(".")
    if not all(part.isidentifier() for part in path) or difflib.get_close_matches(
        name.lower(), WORDS, n=1, cutoff=0.75
    ):
        raise _invalid(name, text)
    return ".".join([_PARTS.get(path[0], path[0]), *path[1:]])


def _invalid(word: str, text: str) -> ConfigError:
    words = ", ".join(WORDS)
    return ConfigError(
        f'invalid log level "{text}": "{word}" is not one of {words}; for example: rudr=info,kube=warning'
    )
