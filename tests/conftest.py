"""For every test: what was collected is not looked at again by the garbage collector.

Thousands of test items would make each full collection take a good part of a second, in the middle of anything.
"""

from __future__ import annotations

import gc


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
