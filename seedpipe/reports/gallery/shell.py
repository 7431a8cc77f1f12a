"""The HTML around a gallery's data: script and style from `page/`, and the policy that lets only them run.

Hides the order of a page: what can be shown stands before what takes long to read. The script is many small
files, put together in `_SCRIPTS`' order into one function, so that they share names and nothing leaks.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from seedpipe.core.money import usd
from seedpipe.core.safe_text import neutral

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from seedpipe.core.manifest import RunManifest

_SCRIPTS: Final = (
    "dom", "data", "choices", "decisions", "grid", "stage", "viewer", "details", "filters", "keys", "main",
)  # fmt: skip
_DATA: Final = "<!--data-->"
_COLUMNS: Final = ("Sets", "Images", "Failed", "Failed a check", "Warned of")


def gallery_page(manifest: RunManifest, data: Iterable[str], *, series: str | None = None) -> Iterator[str]:
    """Yield a page that shows these data."""
    title = " · ".join(filter(None, (manifest.header.campaign, series, manifest.world)))
    head, _, tail = _shell().replace("<!--title-->", _text(title)).partition(_DATA)
    yield head
    yield '<script type="application/json" id="data">'
    yield from data
    yield "</script>\n"
    yield tail


@dataclass(slots=True, kw_only=True)
class SeriesTotal:
    """What the page of a series shows: sets, pictures, failed sets, sets that a check failed or warned of."""

    sets: int = 0
    images: int = 0
    failed: int = 0
    flagged: int = 0
    warned: int = 0


def index_page(
    manifest: RunManifest, totals: Mapping[str, SeriesTotal], names: Mapping[str, str]
) -> Iterator[str]:
    """Yield the page that leads to those of the series; it has no script."""
    style = _part("style.css")
    title = f"{manifest.header.campaign} · {manifest.world}"
    planned, world = manifest.planned, _text(manifest.world)
    yield _head(title, style, script="")
    yield f'<body class="index">\n<main>\n<h1>{_text(manifest.header.campaign)} '
    yield f'<span class="world {world}">{world}</span></h1>\n'
    kept = f" · {manifest.kept.jobs} kept" if manifest.kept.jobs else ""
    yield f'<p class="quiet">{manifest.done} of {planned.jobs} sets done{kept} · {usd(planned.cost_usd)} '
    yield f"{'if run live' if manifest.world == 'proof' else 'planned'} · a page a series</p>\n"
    yield '<table>\n<thead><tr><th scope="col">Series</th>'
    yield "".join(f'<th scope="col" class="number">{head}</th>' for head in _COLUMNS)
    yield "</tr></thead>\n<tbody>\n"
    for series, file in names.items():
        total = totals[series]
        counts = (total.sets, total.images, total.failed, total.flagged, total.warned)
        yield f'<tr><th scope="row"><a href="./{quote(file)}">{_text(series)}</a></th>'
        yield "".join(f'<td class="number{_tone(place, n)}">{n:,}</td>' for place, n in enumerate(counts))
        yield "</tr>\n"
    yield "</tbody>\n</table>\n</main>\n</body>\n</html>\n"


def _tone(place: int, count: int) -> str:
    """Return the class of a count: what went wrong stands out, and only then."""
    return ("", "", " bad", " bad", " warn")[place] if count else " quiet" if place > 1 else ""


@cache
def _shell() -> str:
    """Return the page with its script and style, and marks where title and data go."""
    style = _part("style.css")
    script = "(() => {\n'use strict';\n" + "\n".join(_part(f"{name}.js") for name in _SCRIPTS) + "})();\n"
    head = _head("<!--title-->", style, script, is_marked=True)
    return f"{head}{_part('body.html').replace('<!--script-->', f'<script>{script}</script>')}"


def _head(title: str, style: str, script: str, *, is_marked: bool = False) -> str:
    scripts = f"'{_hash(script)}'" if script else "'none'"
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src '{_hash(style)}'; img-src 'self' file: data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{title if is_marked else _text(title)}</title>\n<style>{style}</style>\n</head>\n"
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _part(name: str) -> str:
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")


def _text(text: str) -> str:
    return escape(neutral(text))
