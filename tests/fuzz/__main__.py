"""`python -m tests.fuzz SEED COUNT [TARGET]`: run COUNT inputs from SEED on, of one target or divided among all."""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(path) for path in ROOT.glob("plugins/*")]

from tests.fuzz import kept, run  # noqa: E402 - the packages in plugins/ are imported from their sources


def main(arguments: list[str]) -> int:
    """Run the inputs of the command line; print and keep one failure of each kind, and print the number of all."""
    first, count = int(arguments[0]), int(arguments[1])
    counts = dict.fromkeys(arguments[2:], count) or run.shares(count)
    seen: dict[str, int] = {}
    for name, number in counts.items():
        begin = time.process_time()
        for failure in run.failures(name, first, number):
            place = "\n".join(failure.reason.splitlines()[-3:])
            seen[place] = seen.get(place, 0) + 1
            if seen[place] == 1:
                kept.add([(name, failure.seed)])
                sys.stdout.write(f"{name} {failure.seed}: {failure.reason}\n")
                sys.stdout.flush()
        sys.stdout.write(f"{name}: {number} inputs, {time.process_time() - begin:.1f} s of CPU time\n")
    sys.stdout.write(f"{sum(seen.values())} failures of {len(seen)} kinds\n")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
