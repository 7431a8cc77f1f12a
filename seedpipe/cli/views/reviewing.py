"""Where the review of images stands, and what was decided just now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.markup import escape
from rich.table import Table
from rich.text import Text

from seedpipe.cli.console import print_json
from seedpipe.cli.views.words import FORMAT, badge, count, near, say_next
from seedpipe.core.reviewing import ReviewState, ReviewUnit, Said, all_tally, is_settled, tally
from seedpipe.core.shared_lines import time_text
from seedpipe.settings import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.app import ImageReviews, Judged, Judgement, Taken
    from seedpipe.cli.console import Screen
    from seedpipe.cli.views.words import Step
    from seedpipe.core.reviewing import CellReview, Decision, ImageReview, ReviewTally

_MOST_CELLS: Final = 12  # cells shown in detail; --json has all
_MOST_UNKNOWN: Final = 8
_STYLES: Final = {ReviewState.APPROVED: "green", ReviewState.REJECTED: "red", ReviewState.OPEN: "yellow"}
_WORDS: Final = {ReviewState.EMPTY: "without images"}


def show_reviews(reviews: ImageReviews, file: str, screen: Screen) -> None:
    """Show where the review stands: by series, then what is rejected and open."""
    if screen.as_json:
        print_json(reviews_document(reviews))
        return
    rules = reviews.rules
    if not screen.quiet:
        quorum = f"{count(rules.quorum, 'approval')} needed"
        unit = "reviewed by set" if rules.unit is ReviewUnit.SET else "reviewed by image"
        screen.err.print(f"{badge(reviews.world)} {escape(reviews.campaign)}: {unit}, {quorum}")
    screen.out.print(_table(reviews))
    for line in _details(reviews, verbose=screen.verbose):
        screen.out.print(line, soft_wrap=True)
    _print_gallery(reviews, screen)
    say_next(screen, *_next(reviews, file))


def show_taken(taken: Taken, screen: Screen) -> None:
    """Say on stderr what was imported from an export; the review itself follows on stdout."""
    console = screen.err
    words = [count(taken.taken, "decision") + f" imported as {taken.by}'s into {taken.reviews.decisions}"]
    words += [f"{taken.known} already known"] if taken.known else []
    console.print(escape("; ".join(words)), soft_wrap=True)
    if taken.unknown:
        left = f"{count(len(taken.unknown), 'decision')} skipped: about images that are no longer shown"
        console.print(f"[yellow]{left}[/]:")
        for label in taken.unknown[:_MOST_UNKNOWN]:
            console.print(f"  {escape(label)}", soft_wrap=True)
        if more := len(taken.unknown) - _MOST_UNKNOWN:
            console.print(f"  … and {more} more") if more > 0 else None


def show_judged(judged: Judged, judgement: Judgement, file: str, screen: Screen) -> None:
    """Say what was approved or rejected, by whom, and where else those pictures are."""
    whole = all_tally(judged.reviews.cells, judged.reviews.rules)
    word = f"no longer {judgement.said}" if judgement.undo else judgement.said.value
    if screen.as_json:
        print_json(
            {
                "format": FORMAT,
                "by": judged.by,
                "said": Said.UNDECIDED.value if judgement.undo else judgement.said.value,
                "images": judged.images,
                "cells": list(judged.cells),
                "elsewhere": list(judged.elsewhere),
                "total": _tally_document(whole),
            }
        )
        return
    sets = count(len(judged.cells), "cell")
    screen.out.print(
        f"{count(judged.images, 'image')} of {sets} {word} by {escape(judged.by)}"
        f" ({escape(judged.reviews.decisions)})",
        soft_wrap=True,
    )
    if judged.elsewhere:
        places = ", ".join(judged.elsewhere[:_MOST_UNKNOWN])
        screen.out.print(f"the same images are also at {escape(places)}", soft_wrap=True)
    if not screen.quiet:
        screen.err.print(_sum(whole))
    say_next(
        screen,
        (f"seedpipe review {file}{_world(judged.reviews)}", "shows what is approved, rejected and open"),
    )


def reviews_document(reviews: ImageReviews) -> dict[str, Any]:
    """Return `seedpipe review --json`: totals, each series, each cell with its images and who said what."""
    return {
        "format": FORMAT,
        "world": reviews.world.value,
        "campaign": reviews.campaign,
        "unit": reviews.rules.unit.value,
        "quorum": reviews.rules.quorum,
        "decisions": reviews.decisions,
        "gallery": str(reviews.gallery) if reviews.gallery else None,
        "total": _tally_document(all_tally(reviews.cells, reviews.rules)),
        "series": {name: _tally_document(one) for name, one in tally(reviews.cells, reviews.rules).items()},
        "cells": [_cell_document(cell) for cell in reviews.cells],
    }


def _tally_document(one: ReviewTally) -> dict[str, Any]:
    return {
        "sets": {state.value: number for state, number in one.sets.items()},
        "images": {state.value: number for state, number in one.images.items() if state != ReviewState.EMPTY},
        "missing": one.missing,
    }


def _cell_document(cell: CellReview) -> dict[str, Any]:
    return {
        "cell": cell.cell.address,
        "state": cell.state.value,
        "missing": cell.missing,
        "images": [_image_document(image) for image in cell.images],
    }


def _image_document(image: ImageReview) -> dict[str, Any]:
    return {
        "image": image.shown.number,
        "sha256": image.shown.sha256,
        "state": image.state.value,
        "missing": image.missing,
        "decisions": [
            {"by": one.by, "said": one.said.value, "note": one.note, "at": time_text(one.at)}
            for one in image.decisions
        ],
    }


def _world(reviews: ImageReviews) -> str:
    return f" --{reviews.world.value}"


def _table(reviews: ImageReviews) -> Table:
    """Return one line per series, and their sum: sets, then images, by where they stand."""
    by_series = tally(reviews.cells, reviews.rules)
    whole = all_tally(reviews.cells, reviews.rules)
    states = [state for state in ReviewState if state is not ReviewState.EMPTY or whole.sets[state]]
    table = Table.grid(padding=(0, 2), pad_edge=True)
    table.add_column(justify="left", overflow="fold")
    for _ in (*states, "images"):
        table.add_column(justify="right")
    words = [Text(_WORDS.get(state, state.value), style=_STYLES.get(state, "")) for state in states]
    table.add_row(Text("sets", style="dim"), *words, Text("images approved", style="dim"))
    rows = list(by_series.items()) + ([("all", whole)] if len(by_series) > 1 else [])
    for name, one in rows:
        images = f"{one.images[ReviewState.APPROVED]:,} of {sum(one.images.values()):,}"
        table.add_row(Text(name), *(f"{one.sets[state]:,}" for state in states), images)
    return table


def _details(reviews: ImageReviews, *, verbose: bool) -> Iterator[Text]:
    """Yield a line for each of the first cells that somebody rejects or that wait for approval."""
    wanted = (ReviewState.REJECTED, ReviewState.OPEN, *(tuple(ReviewState) if verbose else ()))
    cells = sorted(
        (cell for cell in reviews.cells if cell.state in wanted),
        key=lambda cell: wanted.index(cell.state),
    )
    shown = cells if verbose else cells[:_MOST_CELLS]
    for cell in shown:
        word = Text(_WORDS.get(cell.state, cell.state.value), style=_STYLES.get(cell.state, "dim"))
        yield Text("  ").append_text(word).append(f"  {cell.cell.address}{_why(cell)}")
    if hidden := len(cells) - len(shown):
        yield Text(f"  … and {hidden:,} more; -v lists them", style="dim")


def _why(cell: CellReview) -> str:
    if cell.state is ReviewState.OPEN:
        people = {one.by for image in cell.images for one in image.decisions if one.said is Said.APPROVED}
        so_far = f", approved by {', '.join(sorted(people))}" if people else ""
        return f"  needs {cell.missing} more approval{'' if cell.missing == 1 else 's'}{so_far}"
    if cell.state is not ReviewState.REJECTED:
        return ""
    said = [
        _said(image, one) for image in cell.images for one in image.decisions if one.said is Said.REJECTED
    ]
    return f"  {'; '.join(said[:3])}"


def _said(image: ImageReview, one: Decision) -> str:
    return f"image {image.shown.number} by {one.by}" + (f': "{one.note}"' if one.note else "")


def _sum(whole: ReviewTally) -> str:
    sets = whole.sets
    parts = [f"{sets[state]:,} {_WORDS.get(state, state.value)}" for state in ReviewState if sets[state]]
    return f"sets: {', '.join(parts)}"


def _print_gallery(reviews: ImageReviews, screen: Screen) -> None:
    words = near(reviews.gallery) if reviews.gallery else "none here; a run writes one"
    screen.out.print(f"gallery  {escape(words)}", soft_wrap=True)


def _next(reviews: ImageReviews, file: str) -> Iterator[Step]:
    whole, live = all_tally(reviews.cells, reviews.rules), reviews.world is World.LIVE
    rejected = whole.sets[ReviewState.REJECTED]
    if not is_settled(whole, reviews.rules):
        world = _world(reviews)
        yield (
            f"seedpipe review {file}{world} --take decisions.json",
            "imports the decisions exported from the gallery",
        )
        yield f"seedpipe approve {file}{world} CELL", "or decide here; also reject"
    if rejected and live:
        yield f"seedpipe run {file} --live --redo rejected", "buys the rejected sets again"
    if whole.images[ReviewState.APPROVED] and live:
        yield f"seedpipe publish {file}", "writes the approved images in their formats"
    if not live:
        yield f"seedpipe run {file} --live", "live run (paid)"
