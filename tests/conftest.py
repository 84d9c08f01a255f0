"""For every test: logging is as before the last, the garbage collector passes over what was collected, Ctrl-C counts.

Thousands of test items would make each full collection take a good part of a second, in the middle of anything.
"""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Iterator

import pytest


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    # a shell ignores it in what it starts in the background, and every process that a test starts inherits that
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Whoever runs a command in this process lets it set logging up, which must not deafen the next test."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], _levels()
    yield
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
    for name, level in _levels().items():
        if level != levels.get(name, logging.NOTSET):
            logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))
    logging.captureWarnings(capture=False)


def _levels() -> dict[str, int]:
    loggers = logging.root.manager.loggerDict.items()
    return {"": logging.root.level} | {
        name: logger.level for name, logger in loggers if isinstance(logger, logging.Logger)
    }
