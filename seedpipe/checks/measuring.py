"""From the bytes of an image to its `Measurements`: the one expensive step, once an image.

Hides how pixels become figures. Decoded once, at a fraction of its size where the format allows; everything
else works on a small copy. Pure: bytes go in, figures come out, the same on every machine.
"""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from seedpipe.checks.colours import hue_distance, lab_of, lab_of_hex, palette_distance
from seedpipe.checks.logos import LOOKING_PX, logo_matches
from seedpipe.checks.unsafe import unsafe_score
from seedpipe.checks.wording import READING_PX, words_in
from seedpipe.core.slug import slug_height

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MEASUREMENTS_FORMAT: Final = 1  # raised whenever equal bytes give other figures: what was kept is made anew
_DETAIL_PX: Final = 768  # the longer side on which sharpness is judged: what a viewer sees of it
_COLOUR_PX: Final = 96  # the longer side of the copy whose colours are compared
_HASH_PX: Final = 64  # the square that is transformed; its 16 × 16 lowest waves are the hash
_HASH_SIDE: Final = 16
_BINS: Final = (4, 6, 6)  # of lightness and the two hues, for the histogram
_TILES: Final = 8  # a side: sharpness is that of the sharper tiles, for backgrounds may be soft
_SHARP_SHARE: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What is known of one image.

    `hash` has 256 bits in hex; `histogram` is its share of pixels by Lab bin; `spread` the standard deviation
    of its lightness (0 to 50); `sharpness` that of the second derivative in its sharper parts (grey levels);
    `unsafe` the probability of nudity; `words` its lines of text; `logo` how many points of the
    brand's logo it has. What nobody asked for is None.
    """

    hash: str
    histogram: tuple[float, ...]
    spread: float
    sharpness: float
    palette: Shares | None = None
    unsafe: float | None = None
    words: tuple[str, ...] | None = None
    logo: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """How an image lies to a palette.

    `strict` and `relaxed` are the shares of pixels within 0, 1, … 30 ΔE2000 of the nearest colour; relaxed
    leaves lightness out. `colours` has the relaxed shares of each colour alone.
    """

    strict: tuple[float, ...]
    relaxed: tuple[float, ...]
    colours: Mapping[str, tuple[float, ...]]


def measurements_of(document: Mapping[str, Any]) -> Measurements:
    """Return the measurements that `document` told."""
    palette = document["palette"]
    return Measurements(
        hash=document["hash"],
        histogram=tuple(document["histogram"]),
        spread=document["spread"],
        sharpness=document["sharpness"],
        palette=None
        if palette is None
        else Shares(
            strict=tuple(palette["strict"]),
            relaxed=tuple(palette["relaxed"]),
            colours={name: tuple(shares) for name, shares in palette["colours"].items()},
        ),
        unsafe=document["unsafe"],
        words=None if document["words"] is None else tuple(document["words"]),
        logo=document["logo"],
    )


def measure(
    data: bytes,
    palette: Mapping[str, str],
    *,
    proof: bool,
    extras: Collection[str] = (),
    logo: bytes | None = None,
) -> Measurements:
    """Measure an image file; a `proof`'s slug is left out. Raises `OSError` or `ValueError` for no image.

    `extras` are the checks that need more than numpy; raises `ImportError` where such an extra is missing.
    `logo` is the file that is looked for; without it none is.
    """
    picture = _decoded(data, _DETAIL_PX, proof=proof)
    grey = np.asarray(picture.convert("L"), dtype=np.float32)
    small = picture.copy()
    small.thumbnail((_COLOUR_PX, _COLOUR_PX), Image.Resampling.BOX)
    lab = lab_of(np.asarray(small, dtype=np.float32).reshape(-1, 3))
    return Measurements(
        hash=_hash(picture),
        histogram=_histogram(lab),
        spread=round(float(lab[:, 0].std()), 3),
        sharpness=round(_sharpness(grey), 3),
        palette=_shares(lab, palette) if palette else None,
        unsafe=unsafe_score(picture) if "nsfw" in extras else None,
        words=words_in(_decoded(data, READING_PX, proof=proof)) if "copy" in extras else None,
        logo=logo_matches(_decoded(data, LOOKING_PX, proof=proof), logo)
        if logo and "logo" in extras
        else None,
    )


def _decoded(data: bytes, longest_px: int, *, proof: bool) -> Image.Image:
    """Return the picture in RGB on white, its longer side at most `longest_px`."""
    with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
        width, height = image.size
        image.draft("RGB", (longest_px, longest_px))
        scale = image.height / height
        if image.has_transparency_data:
            layer = image.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
        else:
            picture = image.convert("RGB")
    if proof:
        kept = picture.height - round(slug_height(width, height) * scale)
        picture = picture.crop((0, 0, picture.width, max(1, kept)))
    picture.thumbnail((longest_px, longest_px), Image.Resampling.BOX, reducing_gap=1.0)
    return picture


def _hash(picture: Image.Image) -> str:
    """Return 256 bits: which of the lowest waves of the picture are above their median."""
    grey = np.asarray(picture.convert("L").resize((_HASH_PX, _HASH_PX), Image.Resampling.BOX), np.float32)
    waves = _COSINES @ grey @ _COSINES.T
    return np.packbits(waves > np.median(waves)).tobytes().hex()


def _cosines() -> Floats:
    """Return the matrix of the discrete cosine transform, its lowest waves without the mean."""
    at = np.arange(_HASH_PX) + 0.5
    waves = np.arange(1, _HASH_SIDE + 1)[:, None]
    return np.cos(np.pi / _HASH_PX * waves * at).astype(np.float32)


_COSINES: Final = _cosines()


def _histogram(lab: Floats) -> tuple[float, ...]:
    ranges = ((0.0, 100.0), (-90.0, 90.0), (-90.0, 90.0))
    inside = np.clip(lab, [low for low, _ in ranges], [high for _, high in ranges])
    counts, _ = np.histogramdd(inside, bins=_BINS, range=ranges)
    return tuple(round(float(share), 5) for share in (counts / len(lab)).ravel())


def _sharpness(grey: Floats) -> float:
    """Return how strong the finest detail is where the picture is sharpest."""
    if min(grey.shape) < _TILES * 3:
        return 0.0
    curve = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    height, width = (side // _TILES for side in curve.shape)
    tiles = curve[: height * _TILES, : width * _TILES].reshape(_TILES, height, _TILES, width)
    return float(np.quantile(tiles.std(axis=(1, 3)), _SHARP_SHARE))


def _shares(lab: Floats, palette: Mapping[str, str]) -> Shares:
    colours = np.stack([lab_of_hex(colour) for colour in palette.values()])
    strict, relaxed = palette_distance(lab, colours), hue_distance(lab, colours)
    by_colour = {name: _within(relaxed[:, at]) for at, name in enumerate(palette)}
    return Shares(strict=_within(strict.min(axis=1)), relaxed=_within(relaxed.min(axis=1)), colours=by_colour)


def _within(distances: Floats) -> tuple[float, ...]:
    """Return the share of pixels within 0, 1, … 30 ΔE2000."""
    bounds = np.arange(31)[:, None]
    return tuple(round(float(share), 4) for share in (distances[None, :] <= bounds).mean(axis=1))


def twins(hashes: Sequence[str], most_bits: int) -> list[tuple[int, int, int]]:
    """Return pairs of positions whose hashes differ by at most so many bits, and by how many.

    Each later one is there once, with the nearest of the earlier ones.
    """
    if not hashes:
        return []
    words = np.frombuffer(bytes.fromhex("".join(hashes)), dtype=np.uint64).reshape(len(hashes), -1)
    pairs = []
    for at in range(1, len(words)):
        bits = np.bitwise_count(words[:at] ^ words[at]).sum(axis=1)
        nearest = int(bits.argmin())
        if bits[nearest] <= most_bits:
            pairs.append((nearest, at, int(bits[nearest])))
    return pairs
