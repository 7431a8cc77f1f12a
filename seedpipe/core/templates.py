"""Jinja, fenced in: prompts, inputs and output paths."""

from __future__ import annotations


class Keyed(str):
    """A row of an axis: text that is its key, with columns behind it."""

    __slots__ = ()


class Template:
    """A compiled template."""
