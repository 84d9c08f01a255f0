"""`python -m tests.simulation SEED` prints the trace of a seed; with FIRST and LAST, the failing seeds of a range."""

from __future__ import annotations

import sys
import time

from tests.simulation.run import simulate


def main(arguments: list[str]) -> int:
    """Run the seeds of the command line."""
    if len(arguments) == 1:
        outcome = simulate(int(arguments[0]))
        sys.stdout.write("\n".join((*outcome.lines, f"digest {outcome.digest}", *outcome.violations, "")))
        return 1 if outcome.violations else 0
    first, last = map(int, arguments)
    failed, begun = 0, time.process_time()
    for seed in range(first, last + 1):
        outcome = simulate(seed)
        if outcome.violations:
            failed += 1
            sys.stdout.write("".join(f"seed {seed}: {text}\n" for text in outcome.violations[:4]))
            sys.stdout.flush()
    seconds = time.process_time() - begun
    sys.stdout.write(f"{failed} of {last - first + 1} seeds failed; {seconds:.1f} s of CPU\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
