"""The commands and the one error boundary: the only place that ends the process.

Hides how an outcome becomes an exit code. The codes are published in the README; the first that
applies: 70 our bug · 5 ledger damaged · 6 another run holds the lock · 2 bad input, nothing sent ·
130/143 interrupted · 4 jobs in doubt · 3 stopped before the end · 1 finished with failures · 0 done.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from seedpipe import __version__
from seedpipe.cli.commands import COMMANDS
from seedpipe.cli.help import Group

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

EXIT_BUG = 70


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(exit_code_of(arguments))


def exit_code_of(arguments: list[str] | None = None) -> int:
    """Run one command; every failure ends here, as words on stderr and an exit code."""
    from seedpipe.core.errors import SeedpipeError

    terminated = threading.Event()
    try:
        with _interrupted_by_sigterm(terminated):
            outcome = seedpipe.main(args=arguments, prog_name="seedpipe", standalone_mode=False)
    except click.ClickException as error:
        _tell(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 128 + (signal.SIGTERM if terminated.is_set() else signal.SIGINT)
    except SeedpipeError as error:
        from seedpipe.cli.views.mistakes import show_error

        show_error(error)
        return _exit_code_for(error)
    except BrokenPipeError:
        # Whoever read our output has gone (`seedpipe plan | head`): nothing is left to say, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the one catch-all
        return _confess(error)
    return outcome if isinstance(outcome, int) else 0


@contextmanager
def _interrupted_by_sigterm(terminated: threading.Event) -> Iterator[None]:
    """Have SIGTERM let go of files, locks and workers as Ctrl-C does; a second one ends it at once.

    Whoever hears Ctrl-C at that moment is told: an event loop cancels its work in order.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        terminated.set()
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):  # Ctrl-C is ignored, as in the background of a script
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="seedpipe")
def seedpipe() -> None:
    """Campaigns as code for AI image generation.

    Without --live, `seedpipe run` uses an embedded sandbox: free proofs, no key, no network.
    """


seedpipe.add_commands(COMMANDS)
