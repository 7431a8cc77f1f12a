"""A live campaign of numbered cards, and what the sandbox beside it has charged."""

import time
from collections import Counter

from seedpipe.core.model import canonical_json
from seedpipe.sandbox import Book

CAMPAIGN = """\
seedpipe: 1
name: {name}
model: bytedance/seedream-v4
matrix:
  number: [{numbers}]
series:
  hero:
    input: {{size: 1024*1024}}
    prompt: "A card with the number {{{{ number }}}} in #E4572E"
budget: {{usd: {usd}}}
{more}
"""
SETS = """\
seedpipe: 1
name: cards
model: bytedance/seedream-v4/sequential
matrix:
  card: [one, two]
series:
  hero:
    input: {size: 1024*1024, max_images: 2}
    prompt: "Generate a series of {{ max_images }} cards in #E4572E {{ card }}"
budget: {usd: 5}
"""
HANG_S = 60


def card_campaign(cards, *, name="cards", usd="100", more=""):
    """The text of a campaign with a job of one image for each of these cards."""
    return CAMPAIGN.format(name=name, numbers=", ".join(map(str, cards)), usd=usd, more=more)


def write_cards(seedpipe, count, *, name="cards", more=""):
    """Put a campaign of so many cards into a project, with a key for live runs."""
    (seedpipe.project / "campaign.yaml").write_text(card_campaign(range(count), name=name, more=more))
    seedpipe.environment["WAVESPEED_API_KEY"] = "a-key-of-the-tests"
    return seedpipe


def charges(seedpipe, sandbox="sandbox"):
    """Every charge in the book of the sandbox that the project has served, or another by its folder."""
    book = Book(seedpipe.project / ".seedpipe" / sandbox)
    try:
        return list(book.charges())
    finally:
        book.close()


def count_charges(seedpipe, sandbox="sandbox"):
    """How many charges there are."""
    return len(charges(seedpipe, sandbox))


def charged_requests(seedpipe):
    """How often each request was charged."""
    return Counter(canonical_json(dict(charge.inputs)) for charge in charges(seedpipe))


def wait_for_charges(seedpipe, count):
    """Wait until so many requests were charged."""
    deadline = time.monotonic() + HANG_S
    while count_charges(seedpipe) < count:
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.02)
