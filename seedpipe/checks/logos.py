"""Where a logo is in a picture: its own points found again, turned, scaled and on any ground.

Hides the features (SIFT, of the extra `logo`) and what counts as found again: points of the logo that lie in
the picture as one turn, one scale and one shift put them. A logo is looked for on white, on grey and on
black, for what it stands on is part of every point at its edge. Nothing is fetched.
"""

import io
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Features = tuple[NDArray[np.float32], NDArray[np.float32]]  # places (n, 2), descriptors (n, 128)

LOOKING_PX: Final = 1024  # the longer side of a picture that is searched
_LOGO_PX: Final = 320  # the longer side of the logo: it is found from a third to thrice of that
_MARGIN_PX: Final = 24
_GROUNDS: Final = (255, 128, 0)
_CONTRAST: Final = 0.02  # half of what is usual: logos are flat
_SURER: Final = 0.8  # than the second best match (Lowe 2004)
_STRAY_PX: Final = 5.0
_CELL_PX: Final = 3.0  # points in one such cell are one: a flat logo has many at a corner
_FEWEST: Final = 4


def logo_matches(picture: Image.Image, logo: bytes) -> int:
    """Return how many points of a logo lie in a picture as they do in the logo, 0 when it is not there.

    Raises `ImportError` without the extra, `OSError` or `ValueError` for a logo that is no image.
    """
    import cv2  # noqa: PLC0415 - an extra, and only workers load it

    cv2.setNumThreads(1)  # there is a worker a core
    cv2.setRNGSeed(1)  # equal pictures have equal figures
    wanted, known = _features_of(logo)
    seen, shown = _features(np.asarray(picture.convert("L")))
    if len(wanted) < _FEWEST or len(seen) < _FEWEST:
        return 0
    pairs = cv2.BFMatcher().knnMatch(known, shown, k=2)
    sure = [best for best, second in pairs if best.distance < _SURER * second.distance]
    if len(sure) < _FEWEST:
        return 0
    here = wanted[[match.queryIdx for match in sure]]
    there = seen[[match.trainIdx for match in sure]]
    found: Any = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=_STRAY_PX, maxIters=5000, confidence=0.999
    )
    turn, fits = found
    if turn is None:  # the points agree on nothing
        return 0
    inside = fits.ravel() > 0
    return min(_apart(here[inside]), _apart(there[inside]))


def _apart(places: "NDArray[np.float32]") -> int:
    return len(np.unique(np.floor(places / _CELL_PX), axis=0))


@lru_cache(maxsize=1)
def _features_of(logo: bytes) -> "Features":
    with Image.open(io.BytesIO(logo), formats=("PNG", "JPEG", "WEBP")) as image:
        layer = image.convert("RGBA")
    scale = _LOGO_PX / max(layer.size)
    layer = layer.resize((max(1, round(layer.width * scale)), max(1, round(layer.height * scale))))
    found = [_features(_on_ground(layer, ground)) for ground in _GROUNDS]
    return np.concatenate([places for places, _ in found]), np.concatenate([many for _, many in found])


def _on_ground(layer: Image.Image, ground: int) -> "NDArray[np.uint8]":
    whole = Image.new("RGBA", (layer.width + 2 * _MARGIN_PX, layer.height + 2 * _MARGIN_PX), (ground,) * 3)
    whole.alpha_composite(layer, (_MARGIN_PX, _MARGIN_PX))
    return np.asarray(whole.convert("L"))


def _features(grey: "NDArray[np.uint8]") -> "Features":
    import cv2  # noqa: PLC0415 - see above

    sift: Any = cv2.SIFT.create(contrastThreshold=_CONTRAST)
    points, many = sift.detectAndCompute(grey, None)
    if many is None:
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    return np.array([point.pt for point in points], np.float32), many
