"""Commands of people's judgement: where the review stands, approvals, rejections, what is published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedpipe.cli.options import FILE, screen_of, screen_options, state_option
from seedpipe.cli.variants import retold, variant_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.cli.variants import VariantOf
    from seedpipe.settings import World


def world_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose whose images it is about."""
    for option in (
        click.option("--live", "world", flag_value="live", default=None, help="The live images."),
        click.option("--proof", "world", flag_value="proof", help="The proofs. Default: the last run's."),
    ):
        command = option(command)
    return command


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--by`."""
    return click.option(
        "--by", metavar="NAME", default="", help="Who decides. Default: git's user.name here."
    )(command)


@click.command()
@FILE
@click.option(
    "--take", metavar="JSON", type=click.Path(path_type=Path), help="Take over what a gallery has exported."
)
@click.option("--check", is_flag=True, help="Exit with 1 when something is not approved.")
@by_option
@world_options
@variant_options
@state_option
@screen_options
def review(
    file: Path,
    take: Path | None,
    check: bool,  # noqa: FBT001
    by: str,
    world: str | None,
    variant_of: VariantOf,
    state: str | None,
    **screen: Any,
) -> int:
    """Say which images are approved, rejected and open, and which page to look at."""
    from seedpipe import app
    from seedpipe.cli.views import reviewing
    from seedpipe.core.reviewing import all_tally, is_settled
    from seedpipe.settings import Settings

    console, variant, chosen = screen_of(**screen), variant_of(file), _world(world)
    settings = Settings.read(os.environ, live=chosen != "proof", state=state)
    if take is None:
        reviews = app.review_images(file, variant, settings, world=chosen)
    else:
        taken = app.take_decisions(file, take, variant, settings, by=by, world=chosen)
        reviewing.show_taken(taken, console)
        reviews = taken.reviews
    reviewing.show_reviews(reviews, retold(file, variant), console)
    return int(check and not is_settled(all_tally(reviews.cells, reviews.rules), reviews.rules))


def _judging(name: str, about: str) -> click.Command:
    """Return the command `approve` or `reject`."""

    @click.command(name, help=about)
    @FILE
    @click.argument("cells", nargs=-1, metavar="CELL...")
    @click.option("--all", "every", is_flag=True, help="Every cell that has images, as far as --select goes.")
    @click.option("--image", type=click.IntRange(min=1), metavar="N", help="Only image N of each set.")
    @click.option("--note", metavar="TEXT", default="", help="Why.")
    @click.option("--undo", is_flag=True, help="Take it back.")
    @by_option
    @world_options
    @variant_options
    @state_option
    @screen_options
    def command(
        file: Path,
        cells: tuple[str, ...],
        every: bool,  # noqa: FBT001
        image: int | None,
        note: str,
        undo: bool,  # noqa: FBT001
        by: str,
        world: str | None,
        variant_of: VariantOf,
        state: str | None,
        **screen: Any,
    ) -> int:
        from seedpipe import app
        from seedpipe.cli.views import reviewing
        from seedpipe.core.reviewing import Said
        from seedpipe.settings import Settings

        if bool(cells) is every:
            raise click.UsageError("name the cells, or say --all")
        said = Said.APPROVED if name == "approve" else Said.REJECTED
        judgement = app.Judgement(said=said, by=by, image=image, note=note, undo=undo)
        chosen, variant = _world(world), variant_of(file)
        settings = Settings.read(os.environ, live=chosen != "proof", state=state)
        judged = app.judge(file, cells, judgement, variant, settings, world=chosen)
        reviewing.show_judged(judged, judgement, retold(file, variant), screen_of(**screen))
        return 0

    return command


approve = _judging("approve", "Approve the images of cells. Nothing is sent or charged.")
reject = _judging("reject", "Reject the images of cells. Nothing is sent or charged.")


@click.command()
@FILE
@click.option("--to", metavar="DIR", help="Where to. Default: published/ in the campaign's output folder.")
@click.option(
    "--approved-only", is_flag=True, help="Exit with 0 although images are left out that are not approved."
)
@world_options
@variant_options
@state_option
@screen_options
def publish(
    file: Path,
    to: str | None,
    approved_only: bool,  # noqa: FBT001
    world: str | None,
    variant_of: VariantOf,
    state: str | None,
    **screen: Any,
) -> int:
    """Write the approved images in their formats. Nothing is sent or charged."""
    from seedpipe import app
    from seedpipe.cli import progress
    from seedpipe.cli.views import publishing
    from seedpipe.core.errors import InputError
    from seedpipe.settings import Settings

    if world == "proof":
        raise InputError("proofs are never published", hint="`seedpipe run FILE --live` makes the real thing")
    settings, variant = Settings.read(os.environ, live=True, state=state), variant_of(file)
    console = screen_of(**screen)
    with progress.working(console, "publishing"):
        published = app.publish(file, variant, settings, to=Path(to) if to else None)
    publishing.show_published(published, retold(file, variant), console)
    wanting = [why for why, images in published.left_out.items() if images and not why.is_unapproved]
    unapproved = any(images for why, images in published.left_out.items() if why.is_unapproved)
    return int(bool(published.troubles or wanting or (unapproved and not approved_only)))


def _world(name: str | None) -> World | None:
    from seedpipe.settings import World

    return World(name) if name else None
