"""A run as it goes: a bar on a terminal, one line per job in CI, silence when asked."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Final, Protocol, Self

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from seedpipe.cli.views.words import cost, phase_word
from seedpipe.core.lifecycle import Phase, is_settled
from seedpipe.core.words import PHASE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seedpipe.cli.console import Screen
    from seedpipe.core.records import JobRecord

_RESTING: Final = (Phase.IN_DOUBT,)


class Spectator(Protocol):
    """A run listener that is told how many jobs to expect."""

    def begin(self, jobs: int, *, free: bool) -> None:
        """Hear that work begins on so many jobs; `free` ones are proofs."""

    def job_changed(self, record: JobRecord, phase: Phase, note: str = "") -> None:
        """See `seedpipe.ports.RunListener`."""

    def declined(self, record: JobRecord, why: str) -> None:
        """See `seedpipe.ports.RunListener`."""

    def waiting(self, seconds: float, why: str) -> None:
        """See `seedpipe.ports.RunListener`."""


@contextmanager
def listener(screen: Screen) -> Iterator[Spectator]:
    """Return the listener that fits the screen; leaves the screen tidy when it ends."""
    if screen.quiet:
        yield _Silence()
    elif screen.animated:
        with _Bar(screen) as bar:
            yield bar
    else:
        yield _Lines(screen)


@contextmanager
def working(screen: Screen, words: str) -> Iterator[None]:
    """Show on a terminal that something goes on which takes its time."""
    with screen.err.status(escape(words)) if screen.animated and not screen.quiet else nullcontext():
        yield


class _Silence:
    def begin(self, jobs: int, *, free: bool) -> None: ...

    def job_changed(self, record: JobRecord, phase: Phase, note: str = "") -> None: ...

    def declined(self, record: JobRecord, why: str) -> None: ...

    def waiting(self, seconds: float, why: str) -> None: ...


class _Lines:
    """A line when this run brings a job to rest: what it is, how it ended, what it cost."""

    def __init__(self, screen: Screen) -> None:
        self._console = screen.err
        self._jobs = 0
        self._free = False
        self._rested: set[str] = set()

    def begin(self, jobs: int, *, free: bool) -> None:
        self._jobs, self._free = jobs, free

    def job_changed(self, record: JobRecord, phase: Phase, note: str = "") -> None:
        if not _newly_rested(self._rested, record, phase) or record.phase is phase:
            return
        width = len(str(self._jobs))
        place = f"[dim]{len(self._rested):>{width}}/{self._jobs}[/]  " if self._jobs else ""
        words = f"  {escape(note)}" if note else ""
        self._console.print(
            f"{place}{phase_word(phase)}  {escape(record.label)}"
            f"  {cost(record.job.cost_usd, free=self._free)}{words}",
            soft_wrap=True,
        )

    def declined(self, record: JobRecord, why: str) -> None:
        self._console.print(_declined(record, why), soft_wrap=True)

    def waiting(self, seconds: float, why: str) -> None:
        self._console.print(f"[dim]waiting {seconds:.0f} s: {escape(why)}[/]", soft_wrap=True)


class _Bar:
    """A bar for the whole run, with lines only for what went wrong."""

    def __init__(self, screen: Screen) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=40),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}"),
            console=screen.err,
        )
        self._task = self._progress.add_task("jobs", total=None, note="", start=False, visible=False)
        self._rested: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, jobs: int, *, free: bool) -> None:
        del free
        self._progress.update(self._task, total=jobs, visible=True)
        self._progress.start_task(self._task)
        self._progress.start()

    def job_changed(self, record: JobRecord, phase: Phase, note: str = "") -> None:
        self._progress.update(self._task, note=f"{record.label} {PHASE_WORDS[phase].short}")
        if _newly_rested(self._rested, record, phase):
            self._progress.update(self._task, completed=len(self._rested))
            if phase is not Phase.DONE and record.phase is not phase:
                self._progress.console.print(f"{phase_word(phase)}  {escape(record.label)}  {escape(note)}")

    def declined(self, record: JobRecord, why: str) -> None:
        self._progress.console.print(_declined(record, why))

    def waiting(self, seconds: float, why: str) -> None:
        self._progress.update(self._task, note=f"waiting {seconds:.0f} s: {escape(why)}")


def _declined(record: JobRecord, why: str) -> str:
    return f"{phase_word(record.phase)}  {escape(record.label)}  {escape(why)}"


def _newly_rested(rested: set[str], record: JobRecord, phase: Phase) -> bool:
    """Say whether a job of the plan has come to rest for the first time, and remember it."""
    if not (is_settled(phase) or phase in _RESTING):
        rested.discard(record.job.job_id)  # it is submitted once more
        return False
    if not record.cells or record.job.job_id in rested:
        return False
    rested.add(record.job.job_id)
    return True
