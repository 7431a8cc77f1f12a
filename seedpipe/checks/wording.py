"""What a picture says: its words read back, and how near they are to those that were asked for.

Hides the reader (PP-OCR, its models in the wheel of the extra `copy`), what counts as asked for (what a
prompt has in quotes) and what counts as the same (letters and digits of either case). Nothing is fetched.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from PIL import Image
    from rapidocr import RapidOCR

READING_PX: Final = (
    1024  # the longer side on which words are read: 0.5 s and 500 MB, at 1536 it is 1.3 s and 700 MB
)
_MOST_LINES: Final = 100  # kept of one picture
_MOST_LETTERS: Final = 2000  # compared of one picture: a page of text is no copy
_MOST_WANTED: Final = 20  # of one prompt
_QUOTED: Final = re.compile(
    "|".join(
        rf"(?<!\w){opening}\s?([^{opening}{closing}\n]{{1,200}}?)\s?[{closing}](?!\w)"
        for opening, closing in (('"', '"'), ("“", "”"), ("„", "“”"), ("«", "»"))
    )
    + "|「([^「」\n]{1,200})」"
)


def words_in(picture: "Image.Image") -> tuple[str, ...]:
    """Return the lines of text in a picture, from top to bottom; raises `ImportError` without the extra."""
    read = _reader()(np.asarray(picture)[:, :, ::-1])  # it takes blue first
    return tuple(islice(getattr(read, "txts", None) or (), _MOST_LINES))


def wanted_words(prompt: str) -> tuple[str, ...]:
    """Return what a prompt has in quotes, each once; of an inch or an apostrophe there is no quote."""
    found = (next(part for part in match.groups() if part) for match in _QUOTED.finditer(prompt))
    return tuple(islice(dict.fromkeys(text for text in found if _letters(text)), _MOST_WANTED))


def likeness(wanted: str, lines: Sequence[str]) -> float:
    """Return how much of a text stands in the lines of a picture, 0 to 1; it may run over lines.

    A letter that is wrong, missing or too much costs its share of the text.
    """
    letters = _letters(wanted)
    text = _letters("".join(lines))
    wrong = [0] * (
        len(text) + 1
    )  # fewest edits that make what is wanted so far of what ends here (Sellers 1980)
    for row, letter in enumerate(letters, 1):
        above, wrong = wrong, [row]
        for at, seen in enumerate(text, 1):
            wrong.append(min(above[at - 1] + (letter != seen), above[at] + 1, wrong[at - 1] + 1))
    return 1 - min(wrong) / len(letters)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    kept = (one for one in plain if one.isalnum() or unicodedata.category(one).startswith("M"))
    return "".join(islice(kept, _MOST_LETTERS))


@cache
def _reader() -> "RapidOCR":
    from rapidocr import RapidOCR  # noqa: PLC0415 - an extra, and only workers load it

    models = [str(file) for file in files("rapidocr").joinpath("models").iterdir()]
    settings = {
        "Global.log_level": "error",
        "Global.use_cls": False,  # whether a line stands on its head
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # there is a worker a core
        "Det.model_path": _named("_det_", models),
        "Rec.model_path": _named("_rec_", models),
    }
    return RapidOCR(params=settings)


def _named(part: str, models: Iterable[str]) -> str:
    """Return the model for a part of reading; a path that is named is never fetched."""
    found = next((model for model in models if part in model), None)
    if found is None:
        raise ImportError("the package rapidocr has come without its models")
    return found
