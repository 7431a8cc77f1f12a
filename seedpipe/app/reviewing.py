"""The review of a campaign's images: where it stands, what the gallery has exported, approvals, rejections.

Hides how a word about a cell becomes decisions about the content of its images. Nothing here sends or buys.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from seedpipe.app.planning import no_such_cell
from seedpipe.app.showing import Scene, scene_of
from seedpipe.core.errors import InputError
from seedpipe.core.exported import MOST_EXPORT_BYTES, read_export
from seedpipe.core.reviewing import (
    CellReview,
    Decision,
    Decisions,
    ReviewRules,
    Said,
    checked_note,
    person_name,
    reviewed,
)
from seedpipe.settings import World
from seedpipe.sources import user_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from seedpipe.core.exported import Export, ExportedDecision
    from seedpipe.core.reviewing import ShownCell, ShownImage
    from seedpipe.core.variant import Variant
    from seedpipe.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReviews:
    """Where the review of a campaign stands; `gallery` is the page to look at, None where there is none.

    `decisions` is the file that holds the decisions, as people would type it.
    """

    world: World
    campaign: str
    rules: ReviewRules
    cells: tuple[CellReview, ...]
    decisions: str
    gallery: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What was taken over from an export, and whose it is now.

    `known` counts decisions that the person has made already, here or later; `unknown` are the labels of
    those about pictures that the campaign does not show.
    """

    by: str
    taken: int
    known: int
    unknown: tuple[str, ...]
    reviews: ImageReviews


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a person says of the images of cells, or of image number `image` of each; `undo` takes it back."""

    said: Said
    by: str = ""
    image: int | None = None
    note: str = ""
    undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Whom a judgement is of, and how many images it is about.

    `cells` are those that were meant, `elsewhere` others that show the same images.
    """

    by: str
    images: int
    cells: tuple[str, ...]
    elsewhere: tuple[str, ...]
    reviews: ImageReviews


def review_images(
    file: Path, variant: Variant, settings: Settings, *, world: World | None = None
) -> ImageReviews:
    """Return where the review of a campaign's images stands."""
    with scene_of(file, variant, settings, world) as scene:
        return _reviews(scene, _shown(scene), scene.decisions.read())


def take_decisions(
    file: Path, export: Path, variant: Variant, settings: Settings, *, by: str, world: World | None = None
) -> Taken:
    """Take over what a gallery has exported, as the decisions of one person; `by` is empty for git's name.

    Raises `InputError` for a file that no gallery wrote, or of another campaign or world.
    """
    now = datetime.now(UTC)
    said = read_export(_content(export), str(export), now)
    with scene_of(file, variant, settings, world or World(said.world)) as scene:
        _refuse_other(said, scene, export)
        person, shown = _person(by, scene), _shown(scene)
        places, known = _places(scene, shown), scene.decisions.read()
        found = [
            (one, _taken(one, person, places[one.sha256])) for one in said.decisions if one.sha256 in places
        ]
        fresh = [decision for _, decision in found if _is_news(decision, known)]
        known = scene.decisions.add(fresh) if fresh else known
        return Taken(
            by=person,
            taken=len(fresh),
            known=len(found) - len(fresh),
            unknown=tuple(one.label for one in said.decisions if one.sha256 not in places),
            reviews=_reviews(scene, shown, known),
        )


def judge(
    file: Path,
    cells: Collection[str],
    judgement: Judgement,
    variant: Variant,
    settings: Settings,
    *,
    world: World | None = None,
) -> Judged:
    """Approve or reject images of some cells, or of all with no names.

    Raises `InputError` for a cell without such an image, and when there is nothing to take back.
    """
    with scene_of(file, variant, settings, world) as scene:
        person, shown = _person(judgement.by, scene), _shown(scene)
        places, known = _places(scene, shown), scene.decisions.read()
        meant = list(_named(cells, shown))
        chosen = {
            image.sha256 for each in meant for image in _images(each, judgement.image, is_named=bool(cells))
        }
        made = [_decision(judgement, person, sha256, places[sha256]) for sha256 in sorted(chosen)]
        if judgement.undo:
            made = [one for one in made if (last := known.last_of(one)) and last.said is judgement.said]
        if not made:
            raise _nothing_done(person, judgement)
        known = scene.decisions.add(made)
        at = {place for one in made for place in one.cells}
        named = {scene.header.place(each.cell.address) for each in meant} & at
        return Judged(
            by=person,
            images=len(made),
            cells=tuple(sorted(named)),
            elsewhere=tuple(sorted(at - named)),
            reviews=_reviews(scene, shown, known),
        )


def _shown(scene: Scene) -> list[ShownCell]:
    return [shown for _, shown in scene.cells()]


def _reviews(scene: Scene, shown: list[ShownCell], decisions: Decisions) -> ImageReviews:
    rules, gallery = scene.plan.campaign.review, scene.out / "gallery.html"
    return ImageReviews(
        world=scene.settings.world,
        campaign=scene.plan.campaign.name,
        rules=rules,
        cells=tuple(reviewed(each, decisions, rules) for each in shown),
        decisions=scene.decisions.shown,
        gallery=gallery if gallery.exists() else None,
    )


def _places(scene: Scene, shown: list[ShownCell]) -> Mapping[str, dict[str, int]]:
    """Return where each image stands, by its content: the places of cells, and its number in their sets."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for each in shown:
        for image in each.images:
            found[image.sha256].setdefault(scene.header.place(each.cell.address), image.number)
    return found


def _person(by: str, scene: Scene) -> str:
    """Return who decides: the name that was given, else the one that their commits carry."""
    name = by or user_name(scene.tree.root)
    if not name:
        hint = "add --by NAME, or set git's user.name"
        raise InputError("a decision needs a name", hint=hint)
    return person_name(name)


def _content(export: Path) -> bytes:
    try:
        with export.open("rb") as file:
            return file.read(MOST_EXPORT_BYTES + 1)
    except OSError as error:
        raise InputError(f"{export} cannot be read: {error.strerror}") from error


def _refuse_other(said: Export, scene: Scene, export: Path) -> None:
    here = (scene.plan.campaign.name, scene.settings.world.value)
    if (said.campaign, said.world) != here:
        raise InputError(
            f"{export} has decisions about {said.world} images of campaign '{said.campaign}', and these are"
            f" {here[1]} images of '{here[0]}'",
            hint="name the campaign of that gallery, and --live or --proof",
        )


def _taken(one: ExportedDecision, person: str, places: Mapping[str, int]) -> Decision:
    return Decision(
        sha256=one.sha256,
        by=person,
        said=one.said,
        note=one.note,
        at=one.at,
        cells=tuple(places),
        image=min(places.values()),
    )


def _is_news(decision: Decision, known: Decisions) -> bool:
    last = known.last_of(decision)
    return last is None or last.at < decision.at


def _named(cells: Collection[str], shown: list[ShownCell]) -> Iterator[ShownCell]:
    by_address = {each.cell.address: each for each in shown}
    for address in cells or by_address:
        if address not in by_address:
            raise no_such_cell(address, by_address)
        yield by_address[address]


def _images(shown: ShownCell, number: int | None, *, is_named: bool) -> Iterator[ShownImage]:
    """Yield the images of a cell that are meant; one that was named must have them."""
    found = [image for image in shown.images if number in (None, image.number)]
    if not found and is_named:
        what = "no images yet" if number is None or not shown.images else f"no image {number}"
        raise InputError(
            f"'{shown.cell.address}' has {what}", hint="`seedpipe review FILE --json` lists all images"
        )
    yield from found


def _decision(judgement: Judgement, person: str, sha256: str, places: Mapping[str, int]) -> Decision:
    return Decision(
        sha256=sha256,
        by=person,
        said=Said.UNDECIDED if judgement.undo else judgement.said,
        note=checked_note(judgement.note),
        at=datetime.now(UTC),
        cells=tuple(places),
        image=min(places.values()),
    )


def _nothing_done(person: str, judgement: Judgement) -> InputError:
    if judgement.undo:
        message = f"{person} has {judgement.said.value} none of these images"
        return InputError(message, hint="--by NAME decides for somebody else")
    return InputError("there are no images to review yet", hint="`seedpipe run FILE` makes them")
