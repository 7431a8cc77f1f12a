"""What fronts are built of: flat pieces on a wall, windows, the sky behind them.

Hides how a window is put together, and which of them are lit when it is dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from seedpipe.sandbox.render.brief import DARK_LIGHTS, Light
from seedpipe.sandbox.render.colours import linear, mixed
from seedpipe.sandbox.render.geometry import sheet
from seedpipe.sandbox.render.parts import Part, crate, paint
from seedpipe.sandbox.render.shading import Finish

if TYPE_CHECKING:
    from seedpipe.sandbox.render.brief import Brief
    from seedpipe.sandbox.render.canvas import Canvas
    from seedpipe.sandbox.render.geometry import Camera
    from seedpipe.sandbox.render.look import Look
    from seedpipe.sandbox.render.shading import Rig

_SKIES = {
    Light.NIGHT: ("#090D1D", "#1D2645"),
    Light.EVENING: ("#2F3C66", "#D99A82"),
    Light.GOLDEN: ("#7D8CB8", "#FFD7A0"),
}
_PANES = {  # the sky in a pane, at its top and at its foot
    Light.NIGHT: ("#1A2238", "#2A3450"),
    Light.EVENING: ("#1A2238", "#2A3450"),
    Light.GOLDEN: ("#F3DDB9", "#A98F7E"),
}


class Site(NamedTuple):
    """What a front is painted on, from where, in which light, for which brief and look."""

    canvas: Canvas
    camera: Camera
    light: Rig
    brief: Brief
    look: Look

    @property
    def is_dark(self) -> bool:
        """Whether lamps are on."""
        return self.brief.light in DARK_LIGHTS

    def paint(self, parts: list[Part]) -> None:
        """Paint parts in their order."""
        paint(self.canvas, self.camera, self.light, parts)


def paint_sky(site: Site) -> None:
    """Cover everything with the sky of the hour; at night there is a moon."""
    canvas = site.canvas
    top, low = _SKIES.get(site.brief.light, ("#8DBBE0", "#E9F1F4"))
    if site.brief.misty:
        top, low = mixed(top, "#D8DCDF", 0.6), mixed(low, "#E4E7E8", 0.7)
    rise = np.linspace(0, 1, 40)[:, None, None]
    canvas.flood(np.broadcast_to(linear(top) * (1 - rise) + linear(low) * rise, (40, 4, 3)), even=True)
    if site.brief.light is Light.NIGHT:
        x, y, radius = canvas.width * 0.86, canvas.height * 0.12, 0.028 * min(canvas.width, canvas.height)
        canvas.ellipse(x, y, radius * 1.9, radius * 1.9, "#F3EFDF", 0.07)
        canvas.ellipse(x, y, radius, radius, "#F3EFDF", 0.92)


def upright(
    box: tuple[float, float, float, float],
    colour: str,
    y: float,
    *,
    gloss: float = 0.03,
    opacity: float = 1.0,
) -> Part:
    """Return a flat piece that stands before a wall: left, foot, width, height."""
    x, z, wide, high = box
    return Part(
        patch=sheet((x, y, z), (wide, 0, 0), (0, 0, high), 6, 6),
        finish=Finish(colour=colour, gloss=gloss, opacity=opacity),
    )


def paint_glass(site: Site, box: tuple[float, float, float, float], y: float, *, lit: bool) -> None:
    """Paint a pane: lamplight if it is lit, else the sky in it."""
    x, z, wide, high = box
    shades = ("#FFE0A0", "#F2A24E") if lit else _PANES.get(site.brief.light, ("#C3DAE6", "#64838F"))
    corners = np.array([(x, y, z), (x + wide, y, z), (x + wide, y, z + high), (x, y, z + high)])
    pixels, _ = site.camera.seen(corners)
    fill = np.array([linear(shades[0]), linear(shades[1])])[:, None, :].repeat(2, axis=1)
    site.canvas.shape([(float(a), float(b)) for a, b in pixels], fill)


def paint_window(site: Site, box: tuple[float, float, float, float], frame: str, y: float = 0.0) -> None:
    """Paint a window in a wall at `y`: left, foot, width, height of its glass."""
    x, z, wide, high = box
    is_lit = site.is_dark and int(x * 7 + z * 5 + site.look.seed) % 3 != 0
    site.paint([upright((x - 0.06, z - 0.06, wide + 0.12, high + 0.12), frame, y - 0.005)])
    paint_glass(site, box, y - 0.01, lit=is_lit)
    bars = [(x + wide / 2 - 0.015, z, 0.03, high), (x, z + high * 0.6, wide, 0.03)]
    site.paint([upright(bar, frame, y - 0.012) for bar in bars])
    sill = Finish(colour=mixed(frame, "#8A847C", 0.15))
    site.paint(crate((x + wide / 2, y - 0.05, z - 0.1), (wide + 0.2, 0.14, 0.05), sill))
