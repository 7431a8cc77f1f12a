"""Make `proofs.jpg`: a contact sheet of what the sandbox draws, from nothing but prompts.

Usage: `python docs/pictures/proofs.py`. Every picture is drawn as a member of a set of six.
"""

import io
import sys
from pathlib import Path

from PIL import Image

from seedpipe.core.catalogue import Size
from seedpipe.sandbox.render import render
from seedpipe.sandbox.tasks import Picture

HERE = Path(__file__).parent
SHEET_PX, GAP_PX, GROUND = 1800, 14, "#1B1C20"
AURORA = "Keep the palette consistent: #E4572E, #2E3A59, #F3E9DC."
LUMEN = "A serum dropper bottle for Lumen Skin, palette #F2C6B4 #2F4B3C #E8E2D0 #D9825B, soft daylight"
KISU = 'Sparkling yuzu soda can for Kisu, copy "FRESH YUZU", electric blue and mustard with cream background'
LAMP = "Images of a bedside lamp, frosted glass on an oak base, autumn evening light."
# Rows of prompts, each with width, height and which member of the set; a row is as wide as the sheet.
ROWS = (
    ((LUMEN, 1024, 1024, 1), (LUMEN, 1024, 1024, 2), (LUMEN, 1024, 1024, 4), (LUMEN, 1024, 1024, 5)),
    (
        (f'{LAMP} Headline "Light for longer evenings". {AURORA}', 1664, 936, 1),
        (
            f"Close-up images of a scented candle, amber glass, cork lid, and the Aurora logo. {AURORA}",
            936,
            936,
            1,
        ),
        ("Portrait of a barista wearing a sage apron, cream background, mustard accent", 749, 936, 1),
    ),
    (
        (KISU, 820, 1024, 1),
        ("A coffee mug for North Roast, charcoal, rust and cream, moody night", 1024, 1024, 1),
        ("Hand cream tube for Oat & Ash, terracotta and ivory. Shots: front, in-hand", 820, 1024, 2),
        ('Typography poster "OPEN ALL NIGHT" in neon pink, midnight, lime', 820, 1024, 2),
        ("Face cream jar in cream colour on a sage background, for Halden", 820, 1024, 1),
    ),
    (
        ("Desert dunes at golden hour, terracotta and sand", 2016, 864, 1),
        ("Living room interior, sofa in forest green, terracotta and cream, window light", 1536, 864, 1),
        ('Façade of a bakery called "Brotzeit" at night, navy and mustard', 1080, 864, 2),
    ),
    (
        ('A bowl of ramen, red and black, headline "Late, hot, yours"', 1536, 864, 1),
        ('Burger with fries, "HUNGRY?"', 864, 864, 1),
        ("Cake in mint with berries, cream background", 691, 864, 2),
        ("Skincare trio: serum, moisturizer and cleanser for Halden, sage and ivory", 1152, 864, 2),
    ),
    (
        ("An alpine lake between mountains, autumn", 1536, 864, 1),
        ("A small house in white with a red door, daylight", 1280, 864, 1),
        ("A young man with a beard and a coffee mug, terracotta jacket, sage background", 864, 864, 1),
        ("A mug for Halden, terracotta and sage, watercolour", 864, 864, 2),
    ),
)


def main() -> None:
    """Draw every picture, set them in rows, and write the sheet."""
    strips = [_strip(row) for row in ROWS]
    sheet = Image.new("RGB", (SHEET_PX, sum(strip.height + GAP_PX for strip in strips) + GAP_PX), GROUND)
    top = GAP_PX
    for strip in strips:
        sheet.paste(strip, (0, top))
        top += strip.height + GAP_PX
    sheet.save(HERE / "proofs.jpg", quality=86, optimize=True)
    sys.stdout.write(f"{HERE / 'proofs.jpg'}\n")


def _strip(row: tuple[tuple[str, int, int, int], ...]) -> Image.Image:
    ratio = sum(width / height for _, width, height, _ in row)
    high = round((SHEET_PX - GAP_PX * (len(row) + 1)) / ratio)
    strip = Image.new("RGB", (SHEET_PX, high), GROUND)
    left = GAP_PX
    for prompt, width, height, number in row:
        picture = Picture(prompt=prompt, size=Size(width, height), number=number, of=6, format="png")
        with Image.open(io.BytesIO(render(picture))) as image:
            small = image.resize((round(high * width / height), high), Image.Resampling.LANCZOS)
        strip.paste(small, (left, 0))
        left += small.width + GAP_PX
    return strip


if __name__ == "__main__":
    main()
