"""Commands of the review: where it stands, approvals, rejections, what is published."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedpipe.cli.help import Command, Section, option
from seedpipe.cli.options import (
    file_and_cells,
    file_argument,
    last_run_by_default,
    live_by_default,
    screen_of,
    screen_options,
    state_option,
)
from seedpipe.cli.variants import retold, variant_options

if TYPE_CHECKING:
    from seedpipe.cli.variants import VariantOf
    from seedpipe.settings import World


by_option = option(
    Section.MAIN, "--by", metavar="NAME", default="", help="Who decides. Default: git's user.name."
)


@click.command(cls=Command, short_help="Show what is approved, rejected and open")
@file_argument()
@last_run_by_default
@option(
    Section.MAIN,
    "--take",
    metavar="JSON",
    type=click.Path(path_type=Path),
    help="Import the decisions exported from the gallery.",
)
@by_option
@option(Section.MAIN, "--check", is_flag=True, help="Exit 1 when something is not approved.")
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
    """Show which images are approved, rejected and open, and where the gallery is."""
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


def _judging(name: str) -> click.Command:
    """Return the command `approve` or `reject`."""
    about = f"{name.capitalize()} the images of cells"

    @click.command(name, cls=Command, short_help=about, help=f"{about}. Nothing is sent or charged.")
    @file_and_cells
    @last_run_by_default
    @option(Section.MAIN, "--all", "every", is_flag=True, help="All cells of the selection that have images.")
    @option(
        Section.MAIN, "--image", type=click.IntRange(min=1), metavar="N", help="Only image N of each set."
    )
    @option(Section.MAIN, "--note", metavar="TEXT", default="", help="The reason.")
    @option(Section.MAIN, "--undo", is_flag=True, help="Undo the decision.")
    @by_option
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
            raise click.UsageError("name the cells, or use --all")
        said = Said.APPROVED if name == "approve" else Said.REJECTED
        judgement = app.Judgement(said=said, by=by, image=image, note=note, undo=undo)
        chosen, variant = _world(world), variant_of(file)
        settings = Settings.read(os.environ, live=chosen != "proof", state=state)
        judged = app.judge(file, cells, judgement, variant, settings, world=chosen)
        reviewing.show_judged(judged, judgement, retold(file, variant), screen_of(**screen))
        return 0

    return command


approve = _judging("approve")
reject = _judging("reject")


@click.command(cls=Command, short_help="Write approved images in their formats")
@file_argument()
@live_by_default
@option(
    Section.MAIN,
    "--approved-only",
    is_flag=True,
    help="Exit 0 even if images that are not approved are left out.",
)
@option(
    Section.FILES, "--to", metavar="DIR", help="Folder to write to. Default: published/ in the output folder."
)
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
        hint = f"`seedpipe run {retold(file, variant_of(file))} --live` buys images that can be published"
        raise InputError("proofs are never published", hint=hint)
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
