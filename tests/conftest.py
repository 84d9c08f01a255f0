"""For all tests: restores logging, keeps garbage collection cheap, and keeps Ctrl-C working.

With thousands of test items each full collection would take a large part of a second, and with the default threshold
collections take a tenth of the time of the tests.
"""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

settings.register_profile("rudr", deadline=None)  # a loaded machine must not fail a test
settings.load_profile("rudr")


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


def pytest_configure() -> None:
    # background processes of a shell ignore SIGINT, and processes that tests start would inherit it
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Restore logging, which commands that run in this process configure."""
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
