"""What looking at an image costs: CPU seconds for the core checks, beside scikit-image over all pixels.

Usage: `make bench`. A photograph that comes in a package, enlarged to 2048², as JPEG and as PNG, and three
colours in the palette; both sides find the same kinds of figures. The median of some rounds, and the ratio.
"""

from __future__ import annotations

import io
import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import skimage.data
from PIL import Image
from scipy.fft import dctn
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.filters import laplace

from seedpipe.checks import measure

if TYPE_CHECKING:
    from collections.abc import Callable

SIDE_PX = 2048
ROUNDS = 3
PALETTE = {"ember": "#E4572E", "dusk": "#2E3A59", "oat": "#F3E9DC"}


def main() -> None:
    """Print the table."""
    photograph = Image.fromarray(skimage.data.astronaut()).resize((SIDE_PX, SIDE_PX))
    print(f"| {SIDE_PX}² | seedpipe CPU s | scikit-image CPU s | ratio |\n|---|--:|--:|--:|")
    for form in ("JPEG", "PNG"):
        file = io.BytesIO()
        photograph.save(file, form)
        data = file.getvalue()
        ours = _cpu_s(lambda data=data: measure(data, PALETTE, proof=False))
        theirs = _cpu_s(lambda data=data: _over_all_pixels(data))
        print(f"| {form} | {ours:.3f} | {theirs:.2f} | {theirs / ours:.0f} |")


def _over_all_pixels(data: bytes) -> tuple[float, ...]:
    """Find palette shares, a hash, a histogram, spread and sharpness the direct way."""
    with Image.open(io.BytesIO(data)) as image:
        picture = image.convert("RGB")
    lab = rgb2lab(np.asarray(picture))
    colours = [bytes.fromhex(colour[1:]) for colour in PALETTE.values()]
    wanted = rgb2lab(np.array([[list(colour)] for colour in colours], dtype=np.uint8))
    near = np.min([deltaE_ciede2000(lab, np.broadcast_to(one, lab.shape)) for one in wanted], axis=0)
    grey = np.asarray(picture.convert("L"), dtype=np.float64)
    waves = dctn(np.asarray(picture.convert("L").resize((64, 64))))[:16, :16]
    histogram, _ = np.histogramdd(lab.reshape(-1, 3), bins=(4, 6, 6))
    hash_ones = (waves > np.median(waves)).sum()
    return (near < 12).mean(), hash_ones, histogram.max(), lab[..., 0].std(), laplace(grey).std()  # noqa: PLR2004


def _cpu_s(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(ROUNDS + 1):
        began = time.process_time()
        work()
        taken.append(time.process_time() - began)
    return statistics.median(taken[1:])  # the first finds cold caches


if __name__ == "__main__":
    main()
