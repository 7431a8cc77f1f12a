"""What an issue calls fast, side by side with what a user would pick instead, as ratios.

Usage: `make bench`. Each pair runs in turn, A B A B, and the medians are compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

RUNS = 9
ROWS = 100  # of each axis: 10,000 cells
# The script that somebody without seedpipe would write: the same prompts, nothing checked, nothing priced.
PLAIN_LOOP = f"""
import csv, jinja2
template = jinja2.Template("A {{{{ product.name }}}} for {{{{ market }}}}, number {{{{ product.sku }}}}")
rows = list(csv.DictReader(open("products.csv")))
prompts = [template.render(product=row, market=f"m{{n}}") for row in rows for n in range({ROWS})]
assert len(prompts) == {ROWS * ROWS}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two commands for one purpose: ours, and what it is measured against."""

    purpose: str
    ours: list[str]
    other_name: str
    other: list[str]


def main() -> None:
    """Measure every pair and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        _write_campaign(Path(folder))
        print("| purpose | seedpipe s | against | s | ratio |\n|---|--:|---|--:|--:|")
        for pair in _pairs():
            ours, other = _medians(pair, Path(folder))
            print(f"| {pair.purpose} | {ours:.3f} | {pair.other_name} | {other:.3f} | {ours / other:.2f} |")


def _pairs() -> list[Pair]:
    seedpipe = [str(Path(sys.executable).with_name("seedpipe"))]
    return [
        Pair(
            purpose="`--help`",
            ours=[*seedpipe, "--help"],
            other_name="`import click`",
            other=[sys.executable, "-c", "import click"],
        ),
        Pair(
            purpose=f"plan {ROWS * ROWS:,} jobs",
            ours=[*seedpipe, "plan", "campaign.yaml", "--json"],
            other_name="a plain Jinja loop",
            other=[sys.executable, "-c", PLAIN_LOOP],
        ),
    ]


def _medians(pair: Pair, folder: Path) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for run in range(RUNS + 1):
        for command, taken in zip((pair.ours, pair.other), times, strict=True):
            began = time.perf_counter()
            subprocess.run(command, cwd=folder, capture_output=True, check=True)
            if run:  # the first warms the caches of the file system
                taken.append(time.perf_counter() - began)
    return statistics.median(times[0]), statistics.median(times[1])


def _write_campaign(folder: Path) -> None:
    rows = "".join(f"P{number},product {number}\n" for number in range(ROWS))
    (folder / "products.csv").write_text("sku,name\n" + rows)
    markets = ", ".join(f"m{number}" for number in range(ROWS))
    (folder / "campaign.yaml").write_text(
        "seedpipe: 1\nname: bench\nmodel: bytedance/seedream-v4\n"
        f"matrix:\n  product: {{file: products.csv, key: sku}}\n  market: [{markets}]\n"
        "series:\n  hero:\n    prompt: A photo of {{ product.name }} for {{ market }}, number {{ product }}\n"
        f"budget: {{max_jobs: {ROWS * ROWS}}}\n"
    )


if __name__ == "__main__":
    main()
