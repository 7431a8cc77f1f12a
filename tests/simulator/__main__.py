"""Play histories by seed: `python -m tests.simulator --seed 7` with its trace, or `--seeds 0:1000000`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulator.scenario import drawn
from tests.simulator.world import Failure, failures, play

_CHUNK = 500


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="play one history and print its trace")
    which.add_argument("--seeds", metavar="A:B", help="play every history from A up to B")
    parser.add_argument("-j", "--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _one(arguments.seed)
    first, _, last = arguments.seeds.partition(":")
    return _many(int(first), int(last), arguments.processes)


def _one(seed):
    trace, scenario = [], drawn(seed)
    print(scenario)
    try:
        play(scenario, trace=trace)
    except Failure as failure:
        print("\n".join(trace))
        print(str(failure).partition("\n")[0])
        return 1
    print("\n".join(trace), "\nall promises kept")
    return 0


def _many(first, last, processes):
    began, played, broken = time.monotonic(), 0, 0
    ranges = [(start, min(start + _CHUNK, last)) for start in range(first, last, _CHUNK)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for (start, stop), found in zip(ranges, pool.map(failures, ranges), strict=True):
            played += stop - start
            broken += len(found)
            for failure in found:
                print(f"\n{failure}", flush=True)
            print(f"\r{played:,} histories, {broken} failures", end="", file=sys.stderr, flush=True)
    print(f" in {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
