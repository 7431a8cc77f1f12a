"""Commands that run a campaign, settle its doubts and import paid work."""

from __future__ import annotations

import os
import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedpipe.cli.help import Command, Section, option
from seedpipe.cli.options import (
    budget_option,
    concurrency_option,
    file_argument,
    last_run_of,
    last_run_options,
    level_option,
    live_only,
    origin_option,
    out_option,
    partial_option,
    redo_option,
    screen_among,
    screen_of,
    screen_options,
    settle_option,
    state_option,
    world_options,
    yes_option,
)
from seedpipe.cli.variants import retold, variant_options, with_places

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.app import Agreed, PlanReview, RunResult
    from seedpipe.cli.console import Screen
    from seedpipe.cli.progress import Spectator
    from seedpipe.cli.variants import VariantOf
    from seedpipe.core.quotes import AccountReview
    from seedpipe.settings import Settings


@click.command(cls=Command, short_help="Generate images: free proofs, or --live")
@file_argument("[FILE|PLAN]")
@world_options("Use the real service and pay for the images.", "Make free proofs in the sandbox (default).")
@option(
    Section.MAIN,
    "--fail-fast/--keep-going",
    default=False,
    help="After the first failed job, submit no more jobs. Default: keep going.",
)
@yes_option
@budget_option
@partial_option
@redo_option
@variant_options
@origin_option
@level_option
@concurrency_option
@option(
    Section.SERVICE,
    "--adopt/--no-adopt",
    default=None,
    help="Look for already-paid results in the service's list. Default: before a live run buys.",
)
@settle_option
@option(
    Section.SERVICE,
    "--webhook-listen",
    metavar="HOST:PORT",
    help="Listen for webhooks, to hear of results sooner.",
)
@option(
    Section.SERVICE,
    "--webhook-url",
    metavar="URL",
    help="The https URL at which the service reaches --webhook-listen.",
)
@out_option
@option(Section.FILES, "--no-report", is_flag=True, help="Write no reports; `seedpipe report` does it later.")
@state_option
@screen_options
def run(file: Path, *, world: str | None, variant_of: VariantOf, no_report: bool, **options: Any) -> int:
    """Run a campaign or a saved plan: free proofs, or with --live a live run (paid)."""
    from seedpipe import app
    from seedpipe.cli import progress
    from seedpipe.cli.views import reporting, running
    from seedpipe.core.variant import AS_IT_STANDS
    from seedpipe.settings import Settings

    console, variant = screen_among(options), variant_of(file)
    options |= {"live": world == "live", "interactive": _is_interactive()}
    settings = Settings.read(os.environ, reports=not no_report, **options)
    saved = app.is_saved(file)
    with progress.listener(console) as listener:
        consent = partial(_consent, settings, console, listener)
        if saved:
            if variant != AS_IT_STANDS:
                raise click.UsageError(
                    "a saved plan runs as it is: use these options with `seedpipe plan -o` instead"
                )
            warn = partial(running.warn_of_changes, screen=console)
            result = app.run_saved(file, settings, consent=consent, listener=listener, warn=warn)
        else:
            result = app.run(file, settings, variant, consent=consent, listener=listener)
    runs = shlex.quote(str(file)) if saved else retold(file, variant)
    asked = with_places(runs, options, "base_url", "state")
    again = with_places(f"seedpipe run {asked}", options, "live", "partial", "out")
    campaign = with_places(_campaign_of(result) if saved else runs, options, "state")
    running.show_result(result, console, runs=asked, campaign=campaign, again=again)
    if result.reported:
        reporting.annotate(result.reported.annotations)
    return result.exit_code


@click.command(cls=Command, short_help="Continue the last run")
@last_run_options
@yes_option
@budget_option
@partial_option
@redo_option
@level_option
@concurrency_option
@settle_option
@origin_option
@out_option
@state_option
@screen_options
def resume(
    base_url: str | None,
    world: str | None,
    campaign: str | None,
    state: str | None,
    **options: Any,
) -> int:
    """Continue the last run with the plan, profile and selection it had."""
    from seedpipe import app
    from seedpipe.cli import progress
    from seedpipe.cli.views import reporting, running
    from seedpipe.settings import Settings

    console = screen_among(options)

    def settings_for(origin: str) -> Settings:
        interactive = _is_interactive()
        return Settings.of_ledger(
            os.environ, origin, base_url=base_url, state=state, interactive=interactive, **options
        )

    with progress.listener(console) as listener:

        def consent(reviewed: app.PlanReview, account: Callable[[], AccountReview]) -> app.Agreed:
            return _consent(settings_for(reviewed.origin), console, listener, reviewed, account)

        last_run = last_run_of(world, campaign, state)
        result = app.resume(Path.cwd(), settings_for, consent=consent, listener=listener, **last_run)
    chosen = {"base_url": base_url, "campaign": campaign, "state": state, **options}
    last = f"seedpipe resume --{world}" if world else "seedpipe resume"
    again = with_places(last, chosen, "campaign", "base_url", "state", "partial", "out")
    named = with_places(_campaign_of(result), chosen, "base_url", "state")
    campaign = with_places(_campaign_of(result), chosen, "state")
    running.show_result(result, console, runs=named, campaign=campaign, again=again)
    if result.reported:
        reporting.annotate(result.reported.annotations)
    return result.exit_code


def _campaign_of(result: RunResult) -> str:
    """Return the campaign of a run that did not name it, with its options, as somebody would type it here."""
    from seedpipe.cli.views.words import near
    from seedpipe.core.variant import Variant

    return retold(Path(near(result.campaign)), Variant.of(result.manifest.header.variant))


def _is_interactive() -> bool:
    """Say whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def _consent(
    settings: Settings,
    console: Screen,
    listener: Spectator,
    reviewed: PlanReview,
    account: Callable[[], AccountReview],
) -> Agreed:
    """Say what a run would do, ask for consent if need be, and return what may be paid for again."""
    from seedpipe.cli.consent import ask_for_consent, needed_flags
    from seedpipe.cli.views import planning
    from seedpipe.settings import World

    planning.show_opening(reviewed, console)
    agreed = ask_for_consent(reviewed, settings, account)
    planning.show_account(account(), console)
    if reviewed.to_resend.jobs and (account().no_resend or not agreed.resubmits):
        why = account().no_resend or f"to pay for them, add {needed_flags(reviewed)}"
        planning.show_no_resend(reviewed, why, console)
    listener.begin(reviewed.totals.all.jobs, free=settings.world is World.PROOF)
    return agreed


@click.command(cls=Command, short_help="Look up requests in doubt")
@last_run_options
@option(
    Section.MAIN,
    "--write-off",
    metavar="CELL|JOB",
    help="Give up on one request in doubt: count it as failed.",
)
@settle_option
@origin_option
@state_option
@screen_options
def reconcile(
    write_off: str | None,
    base_url: str | None,
    settle: str | None,
    world: str | None,
    campaign: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Look up requests in doubt in the service's list. Nothing is submitted."""
    from seedpipe import app
    from seedpipe.cli import progress
    from seedpipe.cli.views import running
    from seedpipe.settings import Settings

    console = screen_of(**screen)

    def settings_for(origin: str) -> Settings:
        return Settings.of_ledger(os.environ, origin, base_url=base_url, state=state, settle=settle)

    last_run = last_run_of(world, campaign, state)
    if write_off is not None:
        running.show_written_off(app.write_off(Path.cwd(), write_off, **last_run), console)
        return 0
    with progress.listener(console) as listener:
        result = app.reconcile(Path.cwd(), settings_for, listener=listener, **last_run)
    running.show_reconciled(result, console)
    return result.exit_code


@click.command(cls=Command, short_help="Import already-paid results")
@file_argument()
@live_only
@variant_options
@origin_option
@state_option
@screen_options
def adopt(file: Path, base_url: str | None, variant_of: VariantOf, state: str | None, **screen: Any) -> int:
    """Import already-paid results of a campaign from the service's list. Nothing is submitted."""
    from seedpipe import app
    from seedpipe.cli.views import running
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=True, base_url=base_url, state=state)
    running.show_adopted(app.adopt(file, settings, variant_of(file)), file, screen_of(**screen))
    return 0
