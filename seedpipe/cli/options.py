"""The options and arguments that commands share, each spelt once.

Hides their spelling, and which campaign is meant where none is named. Options that change a campaign or
choose a part of it are in `variants`.
"""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from seedpipe.cli.help import Section, option, together

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.cli.console import Screen
    from seedpipe.cli.help import Decorator

_CAMPAIGN: Final = Path("campaign.yaml")  # what is meant where no file is named
_CAMPAIGN_SUFFIXES: Final = (".yaml", ".yml")

# ---- output and places ------------------------------------------------------------------------

screen_options = together(
    option(Section.OUTPUT, "--json", "as_json", is_flag=True, help="Print one JSON document on stdout."),
    option(Section.OUTPUT, "-q", "--quiet", is_flag=True, help="Results and errors only."),
    option(Section.OUTPUT, "-v", "--verbose", is_flag=True, help="More detail."),
    option(
        Section.OUTPUT,
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        help="Use colours (NO_COLOR is honoured).",
    ),
)
state_option = option(
    Section.FILES, "--state", metavar="DIR", help="State directory. Default: .seedpipe in the project root."
)
out_option = option(
    Section.FILES,
    "--out",
    metavar="DIR",
    help="Output folder of images and reports. Default: out/CAMPAIGN for `run`, else the last run's.",
)

# ---- money ------------------------------------------------------------------------------------

yes_option = option(
    Section.MONEY, "--yes", "assume_yes", is_flag=True, help="Do not ask before paying; needs a budget."
)
budget_option = option(Section.MONEY, "--budget", metavar="USD", help="The most this command may spend.")
partial_option = option(
    Section.MONEY, "--partial", is_flag=True, help="Stop when the budget is used up, instead of not starting."
)
redo_option = option(
    Section.MONEY,
    "--redo",
    metavar="WORDS",
    help="Buy again: changed, failed, short, missing, rejected (comma-separated). Earlier takes are kept.",
)

# ---- the service ------------------------------------------------------------------------------

origin_option = option(
    Section.SERVICE,
    "--base-url",
    metavar="ORIGIN",
    help="Use another live service: https, or http on this machine.",
)
level_option = option(
    Section.SERVICE,
    "--level",
    metavar="LEVEL",
    help="Account level: bronze, silver, gold or ultra. Default: SEEDPIPE_LEVEL.",
)
concurrency_option = option(
    Section.SERVICE, "-j", "--concurrency", type=int, metavar="N", default=None, help="Concurrent jobs."
)
settle_option = option(
    Section.SERVICE,
    "--settle-s",
    "settle",
    metavar="SECONDS",
    help="How far the service's list may lag before a doubt counts as not accepted. Default: 180.",
)

# ---- which runs -------------------------------------------------------------------------------


def world_options(live: str, proof: str) -> Decorator:
    """Give a command `--live` and `--proof`, with these texts; it receives `world`, None for neither."""
    flags = together(
        option(Section.MAIN, "--live", is_flag=True, help=live),
        option(Section.MAIN, "--proof", is_flag=True, help=proof),
    )

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_world(*, live: bool, proof: bool, **options: Any) -> Any:
            if live and proof:
                raise click.UsageError("--live and --proof exclude each other")
            return command(world="live" if live else "proof" if proof else None, **options)

        return flags(with_world)

    return decorated


live_by_default = world_options("The live service (default).", "The proofs instead of the live service.")
last_run_by_default = world_options(
    "The live images. Default: those of the last run.", "The proofs. Default: those of the last run."
)
live_only = option(
    Section.MAIN, "--live", is_flag=True, expose_value=False, help="The live service (default, no other)."
)


def last_run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose a last run; it hands them to `last_run_of`."""
    worlds = world_options(
        "The last live run. Default: the last run.", "The last proof. Default: the last run."
    )
    campaign = option(Section.MAIN, "--campaign", metavar="NAME", help="The last run of this campaign.")
    return worlds(campaign(command))


def last_run_of(world: str | None, campaign: str | None, state: str | None) -> dict[str, Any]:
    """Return which last run these options choose, as the use cases take it."""
    from seedpipe.settings import World

    return {
        "world": World(world) if world else None,
        "campaign": campaign,
        "state": Path(state) if state else None,
    }


# ---- which campaign ---------------------------------------------------------------------------


def _default_campaign(context: click.Context) -> Path:
    if _CAMPAIGN.is_file() or context.resilient_parsing:
        return _CAMPAIGN
    raise click.UsageError(
        f"no FILE given, and there is no {_CAMPAIGN} in this folder\n"
        f"Name a campaign file, or create a project with: seedpipe init DIR",
        context,
    )


def _file(context: click.Context, _: click.Parameter, file: Path | None) -> Path:
    return file or _default_campaign(context)


def _files(context: click.Context, _: click.Parameter, files: tuple[Path, ...]) -> tuple[Path, ...]:
    return files or (_default_campaign(context),)


def file_argument(metavar: str = "[FILE]") -> Decorator:
    """Give a command the campaign it is about, `campaign.yaml` in this folder where none is named."""
    kind = click.Path(path_type=Path)
    return click.argument("file", type=kind, required=False, metavar=metavar, callback=_file)


files_argument = click.argument(
    "files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]...", callback=_files
)


def file_and_cells(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command a campaign and cells of it; the campaign may go unnamed."""

    @wraps(command)
    def with_cells(*, words: tuple[str, ...], **options: Any) -> Any:
        named = words and (not _CAMPAIGN.is_file() or _is_campaign(words[0]))
        file = Path(words[0]) if named else _default_campaign(click.get_current_context())
        return command(file=file, cells=words[1:] if named else words, **options)

    return click.argument("words", nargs=-1, type=click.Path(), metavar="[FILE] CELL...")(with_cells)


def file_and_subject(metavar: str) -> Decorator:
    """Give a command a campaign and one thing of it, `subject`; the campaign may go unnamed."""

    def decorated(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)
        def with_subject(*, words: tuple[str, ...], **options: Any) -> Any:
            if not words or len(words) > 2:  # noqa: PLR2004 - the file and the subject
                raise click.UsageError(f"give one {metavar}, after the FILE if you name one")
            if len(words) == 1 and _is_campaign(words[0]):
                raise click.UsageError(f"which {metavar}? It comes after the FILE")
            file = Path(words[0]) if words[1:] else _default_campaign(click.get_current_context())
            return command(file=file, subject=words[-1], **options)

        return click.argument("words", nargs=-1, type=click.Path(), metavar=f"[FILE] {metavar}")(with_subject)

    return decorated


def _is_campaign(word: str) -> bool:
    """Say whether a word names a file, not a cell."""
    return word.endswith(_CAMPAIGN_SUFFIXES) or Path(word).is_file()


# ---- the screen -------------------------------------------------------------------------------


def screen_of(*, as_json: bool, quiet: bool, verbose: bool, color: str) -> Screen:
    """Return the screen that these options ask for."""
    from seedpipe.cli.console import Screen

    return Screen(as_json=as_json, quiet=quiet, verbose=verbose, color=color)


def screen_among(options: dict[str, Any]) -> Screen:
    """Return the screen that a command's options ask for, and take those that say so out of them."""
    return screen_of(**{name: options.pop(name) for name in ("as_json", "quiet", "verbose", "color")})
