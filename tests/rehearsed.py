"""Importing this reads a campaign once, so that what that compiles and loads at its first time is there.

For the server that real processes are forked from: patterns, schemas, the lexer of templates. Each process
still reads its own campaign; nothing of this one is kept.
"""

from pathlib import Path

from seedpipe.app import validate

validate(Path(__file__).parents[1] / "examples" / "pipelines" / "quickstart" / "campaign.yaml")
