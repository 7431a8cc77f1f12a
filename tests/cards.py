"""A live campaign of numbered cards, and what the sandbox beside it has charged."""

import time

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
budget: {{usd: 100}}
"""
HANG_S = 60


def write_cards(seedpipe, count, *, name="cards"):
    """Put a campaign of so many jobs of one image into a project, with a key for live runs."""
    numbers = ", ".join(map(str, range(count)))
    (seedpipe.project / "campaign.yaml").write_text(CAMPAIGN.format(name=name, numbers=numbers))
    seedpipe.environment["WAVESPEED_API_KEY"] = "a-key-of-the-tests"
    return seedpipe


def charges(seedpipe):
    """Every charge in the book of the sandbox that the project has served."""
    book = Book(seedpipe.project / ".seedpipe" / "sandbox")
    try:
        return list(book.charges())
    finally:
        book.close()


def wait_for_charges(seedpipe, count):
    """Wait until so many requests were charged."""
    deadline = time.monotonic() + HANG_S
    while len(charges(seedpipe)) < count:
        assert time.monotonic() < deadline, "the run does not get on"
        time.sleep(0.02)
