"""The commands and the one error boundary: the only place that ends the process.

Hides how an outcome becomes an exit code. The codes are published in the README; the first that
applies: 70 our bug · 5 ledger damaged · 6 another run holds the lock · 2 bad input, nothing sent ·
130/143 interrupted · 4 jobs in doubt · 3 stopped before the end · 1 finished with failures · 0 done.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from seedpipe import __version__
from seedpipe.cli.variants import retold, variant_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from seedpipe.cli.console import Screen
    from seedpipe.cli.variants import VariantOf
    from seedpipe.core.quotes import AccountReview

EXIT_BUG = 70
_Command = TypeVar("_Command", bound="Callable[..., Any]")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(exit_code_of(arguments))


def exit_code_of(arguments: list[str] | None = None) -> int:
    """Run one command; every failure ends here, as words on stderr and an exit code."""
    from seedpipe.core.errors import SeedpipeError

    try:
        outcome = seedpipe.main(args=arguments, prog_name="seedpipe", standalone_mode=False)
    except click.ClickException as error:
        _tell(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except SeedpipeError as error:
        from seedpipe.cli.views import show_error

        show_error(error)
        return _exit_code_for(error)
    except BrokenPipeError:
        # Whoever read our output has gone (`seedpipe plan | head`): nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the one catch-all
        return _confess(error)
    return outcome if isinstance(outcome, int) else 0


def _exit_code_for(error: Exception) -> int:
    from seedpipe.core.errors import InputError, LedgerDamaged, LedgerLocked

    codes: tuple[tuple[type[Exception], int], ...] = ((LedgerDamaged, 5), (LedgerLocked, 6), (InputError, 2))
    return next((code for kind, code in codes if isinstance(error, kind)), 3)


def _tell(error: click.ClickException) -> None:
    """Print click's own words about a mistake on the command line, which may hold any text."""
    import io

    from seedpipe.core.safe_text import neutral

    words = io.StringIO()
    error.show(file=words)
    click.echo(neutral(words.getvalue()), err=True, nl=False)


def _confess(error: Exception) -> int:
    import traceback

    from seedpipe.core.safe_text import neutral, redacted

    def harmless(text: str) -> str:
        return neutral(redacted(text, [os.environ.get("WAVESPEED_API_KEY", "").strip()]))

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    what = f"this is a bug in seedpipe {__version__}: {type(error).__name__} at {where}: {error}"
    click.echo(harmless(what), err=True)
    if os.environ.get("SEEDPIPE_TRACEBACK"):
        click.echo(harmless("".join(traceback.format_exception(error))), err=True)
    else:
        click.echo("  hint: SEEDPIPE_TRACEBACK=1 shows where; what was paid is safe in the ledger", err=True)
    return EXIT_BUG


def _screen_options(command: _Command) -> _Command:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout."),
        click.option("-q", "--quiet", is_flag=True, help="Results and errors only."),
        click.option("-v", "--verbose", is_flag=True, help="Lists as well as sums."),
        click.option(
            "--color",
            type=click.Choice(["auto", "always", "never"]),
            default="auto",
            help="Colours (NO_COLOR is honoured).",
        ),
    ):
        command = option(command)
    return command


def _state_option(command: _Command) -> _Command:
    return click.option(
        "--state",
        metavar="DIR",
        help="Ledgers and images by content. Default: .seedpipe in the project root.",
    )(command)


def _last_run_options(command: _Command) -> _Command:
    for option in (
        click.option("--live", "world", flag_value="live", default=None, help="The last live run."),
        click.option("--proof", "world", flag_value="proof", help="The last proof."),
        click.option("--campaign", metavar="NAME", help="The last run of this campaign."),
    ):
        command = option(command)
    return command


def _settle_option(command: _Command) -> _Command:
    return click.option(
        "--settle-s",
        "settle",
        metavar="SECONDS",
        help="How long the service's list may run behind before a request counts as absent. Default: 180.",
    )(command)


_FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="seedpipe")
def seedpipe() -> None:
    """Campaigns as code for AI image generation.

    Without --live everything runs against an embedded sandbox: free proofs, no key, no network.
    """


@seedpipe.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@variant_options
@_screen_options
def validate(files: tuple[Path, ...], variant_of: VariantOf, **screen: Any) -> int:
    """Check campaign files: every error, with file, line and column."""
    from seedpipe import app
    from seedpipe.cli import views
    from seedpipe.core.errors import InputError

    findings: list[views.Validation] = []
    for file in files:
        try:
            findings.append(views.Validation(file=str(file), totals=app.validate(file, variant_of(file))))
        except InputError as error:
            findings.append(views.Validation(file=str(file), error=error))
    views.show_validation(findings, _screen(**screen))
    return 2 if any(finding.error for finding in findings) else 0


@seedpipe.command()
@_FILE
@click.option("--proof", is_flag=True, help="Against the proofs instead of the live service.")
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@variant_options
@_state_option
@_screen_options
def plan(
    file: Path,
    proof: bool,  # noqa: FBT001
    base_url: str | None,
    variant_of: VariantOf,
    state: str | None,
    **screen: Any,
) -> int:
    """Show the jobs and the money. Nothing is sent or charged."""
    from seedpipe import app
    from seedpipe.cli import views
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=not proof, base_url=base_url, state=state)
    variant = variant_of(file)
    reviewed = app.review(file, settings, variant)
    views.show_plan(reviewed, retold(file, variant), _screen(**screen))
    return 2 if reviewed.over_by_usd else 0


@seedpipe.command()
@_FILE
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
    help="Buy again what is failed, short, missing (with commas between); earlier takes are kept.",
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
@_settle_option
@_state_option
@_screen_options
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
    state: str | None,
    **screen: Any,
) -> int:
    """Run a campaign: free proofs, or with --live the real thing. Run it again to resume."""
    from seedpipe import app
    from seedpipe.cli import progress, views
    from seedpipe.cli.consent import ask_for_consent
    from seedpipe.settings import DEFAULT_CONCURRENCY, Settings

    console, variant = _screen(**screen), variant_of(file)
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
    )
    with progress.listener(console) as listener:

        def consent(reviewed: app.PlanReview, account: Callable[[], AccountReview]) -> bool:
            views.show_opening(reviewed, console)
            policy_may_buy = ask_for_consent(reviewed, settings, account)
            views.show_account(account(), console)
            listener.begin(reviewed.totals.all.jobs)
            return policy_may_buy

        result = app.run(file, settings, variant, consent=consent, listener=listener)
    views.show_result(result, retold(file, variant), console)
    return result.exit_code


@seedpipe.command()
@click.option("--write-off", metavar="CELL|JOB", help="Give up one doubt: take its request as failed.")
@_settle_option
@_last_run_options
@_state_option
@_screen_options
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
    from seedpipe.cli import progress, views
    from seedpipe.settings import SANDBOX_ORIGIN, Settings

    console = _screen(**screen)

    def settings_for(origin: str) -> Settings:
        live = origin != SANDBOX_ORIGIN
        base_url = origin if live else None
        return Settings.read(os.environ, live=live, base_url=base_url, state=state, settle=settle)

    last_run = _last_run(world, campaign, state)
    if write_off is not None:
        views.show_written_off(app.write_off(Path.cwd(), write_off, settings_for, **last_run), console)
        return 0
    with progress.listener(console) as listener:
        result = app.reconcile(Path.cwd(), settings_for, listener=listener, **last_run)
    views.show_reconciled(result, console)
    return result.exit_code


@seedpipe.command()
@_FILE
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@variant_options
@_state_option
@_screen_options
def adopt(file: Path, base_url: str | None, variant_of: VariantOf, state: str | None, **screen: Any) -> int:
    """Take over what the service's list shows of a campaign. Nothing is submitted."""
    from seedpipe import app
    from seedpipe.cli import views
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=True, base_url=base_url, state=state)
    views.show_adopted(app.adopt(file, settings, variant_of(file)), file, _screen(**screen))
    return 0


@seedpipe.command()
@_last_run_options
@_state_option
@_screen_options
def status(world: str | None, campaign: str | None, state: str | None, **screen: Any) -> int:
    """Show where the last run of this project stands."""
    from seedpipe import app
    from seedpipe.cli import views

    reviewed = app.status(Path.cwd(), **_last_run(world, campaign, state))
    views.show_status(reviewed, _screen(**screen))
    return 0


@seedpipe.command()
@click.argument("cell_or_job")
@_last_run_options
@_state_option
@_screen_options
def show(cell_or_job: str, world: str | None, campaign: str | None, state: str | None, **screen: Any) -> int:
    """Show one cell or job of the last run: request, attempts, prediction, outputs, cost."""
    from seedpipe import app
    from seedpipe.cli import views

    records = app.show(Path.cwd(), cell_or_job, **_last_run(world, campaign, state))
    views.show_jobs(records, _screen(**screen))
    return 0


@seedpipe.command()
@click.option(
    "--by",
    default="campaign",
    show_default=True,
    metavar="WHAT",
    help="campaign, brand, month, series, model, or the name of an axis, like market.",
)
@click.option("--csv", "as_csv", is_flag=True, help="A table for a spreadsheet on stdout.")
@click.option("--proof", is_flag=True, help="Of the proofs instead of the live service.")
@click.option("--base-url", metavar="ORIGIN", help="Of another live service.")
@_state_option
@_screen_options
def spend(
    by: str,
    as_csv: bool,  # noqa: FBT001
    proof: bool,  # noqa: FBT001
    base_url: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Show what was spent, by campaign, brand, month or an axis."""
    from seedpipe import app
    from seedpipe.cli.books import show_spend
    from seedpipe.settings import Settings

    settings = Settings.read(os.environ, live=not proof, base_url=base_url, state=state)
    show_spend(app.spend(Path.cwd(), settings, by=by), settings, _screen(**screen), as_csv=as_csv)
    return 0


@seedpipe.command()
@click.option("--live", "world", flag_value="live", default=None, help="The live runs.")
@click.option("--proof", "world", flag_value="proof", help="The proofs.")
@click.option("--no-bills", is_flag=True, help="Do not ask the service for its bills.")
@click.option("--base-url", metavar="ORIGIN", help="The live service that the ledger belongs to.")
@click.option("--out", metavar="DIR", help="Where the images are. Default: out/<campaign>.")
@_state_option
@_screen_options
def audit(
    world: str | None,
    no_bills: bool,  # noqa: FBT001
    base_url: str | None,
    out: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Check every image against its hash, every job against the ledger, every bill against the plan."""
    from seedpipe import app
    from seedpipe.cli.books import show_audit
    from seedpipe.settings import Settings, World

    settings = Settings.read(os.environ, live=world != "proof", base_url=base_url, state=state, out=out)
    chosen = World(world) if world else None
    report = app.audit(Path.cwd(), settings, world=chosen, with_bills=not no_bills)
    show_audit(report, _screen(**screen))
    return 1 if report.discrepancies else 0


@seedpipe.command()
@click.option("--proof", is_flag=True, help="Look at the proofs' place instead of the live service's.")
@click.option(
    "--live", is_flag=True, help="Buy one cheapest image to see how the service answers; asks first."
)
@click.option("--yes", "assume_yes", is_flag=True, help="Do not ask; needs --budget.")
@click.option("--budget", metavar="USD", help="What --live may cost at most.")
@click.option("--base-url", metavar="ORIGIN", help="Another live service: https, or http on this machine.")
@_state_option
@_screen_options
def doctor(
    proof: bool,  # noqa: FBT001
    live: bool,  # noqa: FBT001
    assume_yes: bool,  # noqa: FBT001
    budget: str | None,
    base_url: str | None,
    state: str | None,
    **screen: Any,
) -> int:
    """Say what is wrong here: key, service, balance, clock, disk, lock, ledger, versions."""
    from seedpipe import app
    from seedpipe.cli.consent import ask_for_probe
    from seedpipe.cli.doctor import show_check_up
    from seedpipe.core.checkup import all_well
    from seedpipe.settings import Settings

    if live and proof:
        raise click.UsageError("--live and --proof exclude each other")
    settings = Settings.read(
        os.environ,
        live=not proof,
        base_url=base_url,
        state=state,
        budget=budget,
        assume_yes=assume_yes,
        interactive=sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI"),
    )
    lines = app.doctor(Path.cwd(), settings)
    learned = None
    if live and all_well(lines):
        learned = app.probe(Path.cwd(), settings, consent=lambda usd: ask_for_probe(usd, settings))
    show_check_up(lines, _screen(**screen), learned)
    return 0 if all_well(lines) and (learned is None or learned.state == "completed") else 1


@seedpipe.group()
def sandbox() -> None:
    """Run the embedded sandbox on its own."""


@sandbox.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes a free one."
)
@click.option(
    "--switch",
    "switches",
    multiple=True,
    metavar="NAME=VALUE",
    help="How the service behaves; see docs/sandbox.md.",
)
@_state_option
def serve(port: int, switches: tuple[str, ...], state: str | None) -> int:
    """Serve the sandbox on loopback for any client of the API; any non-empty bearer token is accepted."""
    from seedpipe import app

    def ready(base_url: str) -> None:
        click.echo(base_url)
        click.echo("sandbox: nothing here is paid. Ctrl-C ends it.", err=True)

    folder = Path(state) if state else None
    app.serve_sandbox(Path.cwd(), port=port, state=folder, switches=switches, ready=ready)
    return 0


def _screen(*, as_json: bool, quiet: bool, verbose: bool, color: str) -> Screen:
    from seedpipe.cli.console import Screen

    return Screen(as_json=as_json, quiet=quiet, verbose=verbose, color=color)


def _last_run(world: str | None, campaign: str | None, state: str | None) -> dict[str, Any]:
    from seedpipe.settings import World

    return {
        "world": World(world) if world else None,
        "campaign": campaign,
        "state": Path(state) if state else None,
    }
