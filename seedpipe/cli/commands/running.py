"""Commands that run a campaign, settle its doubts and take over paid work."""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedpipe.cli.options import (
    FILE,
    last_run_of,
    last_run_options,
    level_option,
    screen_among,
    screen_of,
    screen_options,
    settle_option,
    state_option,
)
from seedpipe.cli.variants import retold, variant_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.app import PlanReview
    from seedpipe.cli.console import Screen
    from seedpipe.cli.progress import Spectator
    from seedpipe.cli.variants import VariantOf
    from seedpipe.core.quotes import AccountReview
    from seedpipe.settings import Settings


@click.command()
@FILE
@click.option(
    "--live", is_flag=True, help="Use the real service and pay. Without it: free proofs in the sandbox."
)
@click.option("--yes", "assume_yes", is_flag=True, help="Do not ask; needs a budget.")
@click.option("--budget", metavar="USD", help="What this run may spend at most.")
@click.option("--partial", is_flag=True, help="Go as far as the budgets reach when the new jobs cost more.")
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@click.option(
    "--redo",
    metavar="WORDS",
    help="Buy again what is changed, failed, short, missing, rejected (with commas); earlier takes are kept.",
)
@click.option(
    "--fail-fast/--keep-going",
    default=False,
    help="Submit nothing more after the first failed job. Default: keep going.",
)
@click.option("-j", "--concurrency", type=int, default=None, help="Jobs in the air at a time.")
@click.option(
    "--webhook-listen", metavar="HOST:PORT", help="Hear the service's webhooks here, as hints to ask now."
)
@click.option(
    "--webhook-url", metavar="URL", help="The https URL under which the service reaches that address."
)
@click.option("--no-report", is_flag=True, help="Write no reports; `seedpipe report` does it later.")
@click.option("--out", metavar="DIR", help="Images and reports. Default: out/<campaign> in the project root.")
@variant_options
@click.option(
    "--adopt/--no-adopt",
    default=None,
    help="Look in the service's list for work that is paid already. Default: in a campaign's first live run.",
)
@settle_option
@level_option
@state_option
@screen_options
def run(file: Path, *, variant_of: VariantOf, no_report: bool, **options: Any) -> int:
    """Run a campaign or a saved plan: free proofs, or with --live the real thing."""
    from seedpipe import app
    from seedpipe.cli import progress
    from seedpipe.cli.views import reporting, running
    from seedpipe.core.variant import AS_IT_STANDS
    from seedpipe.settings import Settings

    console, variant = screen_among(options), variant_of(file)
    settings = Settings.read(os.environ, interactive=_is_interactive(), reports=not no_report, **options)
    with progress.listener(console) as listener:
        consent = partial(_consent, settings, console, listener)
        if app.is_saved(file):
            if variant != AS_IT_STANDS:
                raise click.UsageError("a saved plan is carried out as it is: plan anew with these options")
            warn = partial(running.warn_of_changes, screen=console)
            result = app.run_saved(file, settings, consent=consent, listener=listener, warn=warn)
        else:
            result = app.run(file, settings, variant, consent=consent, listener=listener)
    running.show_result(result, retold(file, variant), console)
    if result.reported:
        reporting.annotate(result.reported.annotations)
    return result.exit_code


@click.command()
@click.option("--yes", "assume_yes", is_flag=True, help="Do not ask; needs a budget.")
@click.option("--budget", metavar="USD", help="What this run may spend at most.")
@click.option("--partial", is_flag=True, help="Go as far as the budgets reach when the new jobs cost more.")
@click.option("--redo", metavar="WORDS", help="Buy again what is changed, failed, short, missing, rejected.")
@click.option("-j", "--concurrency", type=int, default=None, help="Jobs in the air at a time.")
@click.option("--out", metavar="DIR", help="Images and reports. Default: out/<campaign> in the project root.")
@settle_option
@level_option
@last_run_options
@state_option
@screen_options
def resume(
    world: str | None,
    campaign: str | None,
    state: str | None,
    **options: Any,
) -> int:
    """Go on with the last run's plan as it was, with its profile and selection."""
    from seedpipe import app
    from seedpipe.cli import progress
    from seedpipe.cli.views import reporting, running
    from seedpipe.core.model import SANDBOX_ORIGIN
    from seedpipe.settings import Settings

    console = screen_among(options)
    read = partial(Settings.read, os.environ, state=state, interactive=_is_interactive(), **options)

    def settings_for(origin: str) -> Settings:
        live = origin != SANDBOX_ORIGIN
        return read(live=live, base_url=origin if live else None)

    with progress.listener(console) as listener:

        def consent(reviewed: app.PlanReview, account: Callable[[], AccountReview]) -> bool:
            return _consent(settings_for(reviewed.origin), console, listener, reviewed, account)

        last_run = last_run_of(world, campaign, state)
        result = app.resume(Path.cwd(), settings_for, consent=consent, listener=listener, **last_run)
    running.show_result(result, "FILE", console)
    if result.reported:
        reporting.annotate(result.reported.annotations)
    return result.exit_code


def _is_interactive() -> bool:
    """Say whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


def _consent(
    settings: Settings,
    console: Screen,
    listener: Spectator,
    reviewed: PlanReview,
    account: Callable[[], AccountReview],
) -> bool:
    """Say what a run would do, ask for consent if need be, and return whether the policy may buy again."""
    from seedpipe.cli.consent import ask_for_consent
    from seedpipe.cli.views import planning

    planning.show_opening(reviewed, console)
    policy_may_buy = ask_for_consent(reviewed, settings, account)
    planning.show_account(account(), console)
    listener.begin(reviewed.totals.all.jobs)
    return policy_may_buy


@click.command()
@click.option("--write-off", metavar="CELL|JOB", help="Give up one doubt: take its request as failed.")
@settle_option
@last_run_options
@state_option
@screen_options
def reconcile(
    write_off: str | None,
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
    from seedpipe.core.model import SANDBOX_ORIGIN
    from seedpipe.settings import Settings

    console = screen_of(**screen)

    def settings_for(origin: str) -> Settings:
        live = origin != SANDBOX_ORIGIN
        base_url = origin if live else None
        return Settings.read(os.environ, live=live, base_url=base_url, state=state, settle=settle)

    last_run = last_run_of(world, campaign, state)
    if write_off is not None:
        running.show_written_off(app.write_off(Path.cwd(), write_off, settings_for, **last_run), console)
        return 0
    with progress.listener(console) as listener:
        result = app.reconcile(Path.cwd(), settings_for, listener=listener, **last_run)
    running.show_reconciled(result, console)
    return result.exit_code


@click.command()
@FILE
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@variant_options
@state_option
@screen_options
def adopt(file: Path, base_url: str | None, variant_of: VariantOf, state: str | None, **screen: Any) -> int:
    """Take over what the service's list shows of a campaign. Nothing is submitted."""
    from seedpipe import app
    from seedpipe.cli.views import running
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=True, base_url=base_url, state=state)
    running.show_adopted(app.adopt(file, settings, variant_of(file)), file, screen_of(**screen))
    return 0
