"""Commands that run a campaign, settle its doubts and take over paid work."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from seedpipe.cli.options import (
    FILE,
    last_run_of,
    last_run_options,
    level_option,
    screen_of,
    screen_options,
    settle_option,
    state_option,
)
from seedpipe.cli.variants import retold, variant_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.cli.variants import VariantOf
    from seedpipe.core.quotes import AccountReview


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
    help="Buy again what is changed, failed, short, missing (with commas between); earlier takes are kept.",
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
def run(
    file: Path,
    live: bool,  # noqa: FBT001
    assume_yes: bool,  # noqa: FBT001
    budget: str | None,
    partial: bool,  # noqa: FBT001
    base_url: str | None,
    webhook_listen: str | None,
    webhook_url: str | None,
    redo: str | None,
    fail_fast: bool,  # noqa: FBT001
    concurrency: int | None,
    out: str | None,
    variant_of: VariantOf,
    adopt: bool | None,  # noqa: FBT001
    settle: str | None,
    level: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Run a campaign: free proofs, or with --live the real thing. Run it again to resume."""
    from seedpipe import app
    from seedpipe.cli import progress
    from seedpipe.cli.consent import ask_for_consent
    from seedpipe.cli.views import planning, running
    from seedpipe.settings import DEFAULT_CONCURRENCY, Settings

    console, variant = screen_of(**screen), variant_of(file)
    settings = Settings.read(
        os.environ,
        live=live,
        base_url=base_url,
        state=state,
        out=out,
        concurrency=DEFAULT_CONCURRENCY if concurrency is None else concurrency,
        budget=budget,
        assume_yes=assume_yes,
        partial=partial,
        webhook_listen=webhook_listen,
        webhook_url=webhook_url,
        adopt=adopt,
        settle=settle,
        interactive=sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI"),
        redo=redo,
        fail_fast=fail_fast,
        level=level,
    )
    with progress.listener(console) as listener:

        def consent(reviewed: app.PlanReview, account: Callable[[], AccountReview]) -> bool:
            planning.show_opening(reviewed, console)
            policy_may_buy = ask_for_consent(reviewed, settings, account)
            planning.show_account(account(), console)
            listener.begin(reviewed.totals.all.jobs)
            return policy_may_buy

        result = app.run(file, settings, variant, consent=consent, listener=listener)
    running.show_result(result, retold(file, variant), console)
    return result.exit_code


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
