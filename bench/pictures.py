"""What a proof costs: CPU seconds and memory, by kind of picture and size.

Usage: `make bench`. Each kind runs in a process of its own, on one thread; JPEG; the median of a set.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

from seedpipe.core.catalogue import Size
from seedpipe.sandbox.render import render
from seedpipe.sandbox.tasks import Picture

SIDES_PX = (1024, 2048, 4096)
MEMBERS = 4
PROMPTS = {
    "stage": "A serum dropper bottle for Lumen Skin, palette #F2C6B4 #2F4B3C #E8E2D0 #D9825B, soft daylight",
    "in hand": "A soda can held in hand, electric blue and mustard",
    "portrait": "Portrait of a barista wearing a sage apron, cream background, mustard accent",
    "two people": "Two friends laughing, mustard and teal",
    "several packs": "Skincare trio: serum, moisturizer and cleanser for Halden, sage and ivory, studio",
    "burger": "Burger with fries",
    "forest": "Misty pine forest, deep green",
    "landscape": "Rolling hills in autumn, golden hour",
    "desert": "Desert dunes at golden hour, terracotta and sand",
    "interior": "Living room interior, sofa in forest green, terracotta and cream, window light",
    "shop front": 'Façade of a bakery called "Brotzeit" at night, navy and mustard',
    "house": "A small house in white with a red door, daylight",
    "poster": 'Typography poster "OPEN ALL NIGHT" in neon pink, midnight, lime',
    "watercolour": "A mug for Halden, terracotta and sage, watercolour",
    "oil": "Living room interior, sofa in forest green, terracotta and cream, oil painting",
    "flat illustration": "Portrait of a barista wearing a sage apron, cream background, flat illustration",
    "card": "Quarterly synergy in #E4572E and #2E3A59",
}


def main() -> None:
    """Print the table; with a kind as argument, measure that kind."""
    if len(sys.argv) > 1:
        print(" | ".join(_measured(PROMPTS[sys.argv[1]])))
        return
    sizes = " | ".join(f"{side}² CPU s" for side in SIDES_PX)
    print(f"| picture | {sizes} | memory MB |\n|---|{'--:|' * (len(SIDES_PX) + 1)}")
    for kind in PROMPTS:
        done = subprocess.run([sys.executable, __file__, kind], capture_output=True, check=True, text=True)
        print(f"| {kind} | {done.stdout.strip()} |")


def _measured(prompt: str) -> list[str]:
    """Return the median CPU seconds for every size, and the peak of the whole process."""
    _drawn(prompt, 320, 1)  # fonts, tables and caches are there
    cells = []
    for side in SIDES_PX:
        taken = statistics.median(_drawn(prompt, side, number) for number in range(1, MEMBERS + 1))
        cells.append(f"{taken:.2f}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [*cells, f"{peak:.0f}"]


def _drawn(prompt: str, side: int, number: int) -> float:
    began = _cpu_s()
    render(Picture(prompt=prompt, size=Size(side, side), number=number, of=MEMBERS, format="jpeg"))
    return _cpu_s() - began


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
