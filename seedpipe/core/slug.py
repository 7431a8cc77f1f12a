"""The strip at the foot of a proof: how high it is.

The sandbox draws it and the checks leave it out, for its colours and letters are no part of the picture.
"""

from __future__ import annotations

import math
from typing import Final

_SHARE: Final = 0.06  # of the side of a square as large as the picture
_LEAST_PX: Final = 26


def slug_height(width: int, height: int) -> int:
    """Return how many of a proof's lowest rows are the slug."""
    return max(_LEAST_PX, round(_SHARE * math.sqrt(width * height)))
