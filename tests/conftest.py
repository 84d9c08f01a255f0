"""For every test: what was collected is not looked at again by the garbage collector, and Ctrl-C is not ignored.

Thousands of test items would make each full collection take a good part of a second, in the middle of anything.
"""

from __future__ import annotations

import gc
import signal


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()


def pytest_configure() -> None:
    # a shell ignores it in what it starts in the background, and every process that a test starts inherits that
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
