"""The HTML around a gallery's data: script and style from `page/`, and the policy that lets only them run.

Hides the order of a page: what can be shown stands before what takes long to read. The script is many small
files, put together in `_SCRIPTS`' order into one function, so that they share names and nothing leaks.
"""

from __future__ import annotations

from base64 import b64encode
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


def gallery_page(manifest: RunManifest, data: Iterable[str], *, series: str | None = None) -> Iterator[str]:
    """Yield a page that shows these data."""
    title = " · ".join(filter(None, (manifest.header.campaign, series, manifest.world)))
    head, _, tail = _shell().replace("<!--title-->", _text(title)).partition(_DATA)
    yield head
    yield '<script type="application/json" id="data">'
    yield from data
    yield "</script>\n"
    yield tail


def index_page(manifest: RunManifest, images: Mapping[str, int], names: Mapping[str, str]) -> Iterator[str]:
    """Yield the page that leads to those of the series; it has no script."""
    style = _part("style.css")
    title = f"{manifest.header.campaign} · {manifest.world}"
    yield _head(title, style, script="")
    yield f'<body class="index">\n<main>\n<h1>{_text(manifest.header.campaign)}</h1>\n'
    yield f'<p><span class="world {_text(manifest.world)}">{_text(manifest.world)}</span> '
    planned = manifest.planned
    yield f"{manifest.done} of {planned.jobs} sets done · {usd(planned.cost_usd)} planned</p>\n"
    yield "<p>A page a series, for one would be too large.</p>\n<ul>\n"
    for series, file in names.items():
        yield f'<li><a href="./{quote(file)}">{_text(series)}</a> {images[series]} images</li>\n'
    yield "</ul>\n</main>\n</body>\n</html>\n"


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
