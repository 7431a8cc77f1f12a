"""`gallery.html`: every set with its images, beside the files themselves.

A first, plain gallery: one page, no script, images linked from the output folder. All text is escaped,
and the page's content security policy lets nothing load but images beside it.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import quote

import jinja2

from seedpipe.core.lifecycle import Phase
from seedpipe.core.manifest import output_paths, published_outputs
from seedpipe.core.money import usd
from seedpipe.core.safe_text import neutral

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from seedpipe.core.manifest import RunManifest
    from seedpipe.core.records import JobRecord


def gallery_html(manifest: RunManifest, jobs: Callable[[], Iterable[JobRecord]]) -> Iterator[str]:
    """Yield the page; links are relative to the output folder."""
    yield from _template().generate(manifest=manifest, header=manifest.header, jobs=jobs())


def _harmless(value: object) -> object:
    """Return what a template prints with nothing in it that turns text around."""
    return neutral(value) if isinstance(value, str) else value


@cache
def _template() -> jinja2.Template:
    text = resources.files(__package__).joinpath("gallery.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, finalize=_harmless)
    environment.globals.update(
        Phase=Phase, usd=usd, output_paths=output_paths, published_outputs=published_outputs, href=quote
    )
    return environment.from_string(text)
