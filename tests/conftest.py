"""For all tests: fixes the inputs of property tests, restores logging, keeps collections cheap and Ctrl-C working.

The inputs of a property test depend on its source only, so that a commit passes or fails on each machine alike.
`make check` runs the property tests with `--hypothesis-profile=random`.

With thousands of test items each full collection would take a large part of a second, and with the default threshold
collections take a tenth of the time of the tests.
"""

from __future__ import annotations

import gc
import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture.providers import HypothesisProvider
from hypothesis.internal.constants_ast import Constants

DETERMINISTIC, RANDOM = "deterministic", "random"

# a loaded machine must not fail a test: no limits of time
settings.register_profile(
    RANDOM, derandomize=False, print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(DETERMINISTIC, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(DETERMINISTIC)


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.hookimpl(trylast=True)  # hypothesis loads the profile of the command line in this hook
def pytest_configure() -> None:
    if settings.get_current_profile_name() == DETERMINISTIC:
        # Hypothesis draws constants of all imported modules of the repository: an edit of any module, or another order
        # of the tests, would change the inputs. Its settings cannot turn this off.
        HypothesisProvider._local_constants = Constants()  # type: ignore[assignment] # a private attribute
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
