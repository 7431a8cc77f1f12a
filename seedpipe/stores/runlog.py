"""The log of one run: a file of JSON lines for whoever asks later what happened, and when.

Hides where the log lies and what may stand in it. Invariants: every line is redacted and harmless to look
at; a log that cannot be written stops no run and prints nothing; size and number of the files are bounded.
The log is no memory: nothing is ever read back from it.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Final, Self

from seedpipe.core.safe_text import redacted, safe_json

if TYPE_CHECKING:
    from pathlib import Path

    from seedpipe.core.lifecycle import Phase
    from seedpipe.core.model import Json
    from seedpipe.core.records import JobRecord
    from seedpipe.ports import RunListener

_MAX_BYTES: Final = 16 * 2**20  # some hundred thousand lines; then the older half is dropped
_KEPT: Final = 50  # logs of the latest runs


class RunLog:
    """Writes what a run's listener hears, then passes it on. A context manager; `secrets` never show."""

    def __init__(self, folder: Path, run_id: str, listener: RunListener, *, secrets: tuple[str, ...]) -> None:
        self._listener = listener
        self._handler = _opened(folder, run_id, secrets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is not None:
            self.note("run_broke", error=f"{type(error).__name__}: {error}")
        if self._handler:
            with suppress(OSError, ValueError):  # what could not be flushed cannot be closed either
                self._handler.close()

    def note(self, event: str, **facts: Json) -> None:
        """Write one line."""
        if self._handler:
            record = {"name": "seedpipe.run", "levelno": logging.INFO, "msg": event, "facts": facts}
            self._handler.handle(logging.makeLogRecord(record))

    def job_changed(self, record: JobRecord, phase: Phase, note: str = "") -> None:
        """See `seedpipe.ports.RunListener`."""
        self.note("job", job_id=record.job.job_id, label=record.label, phase=phase.value, note=note)
        self._listener.job_changed(record, phase, note)

    def declined(self, record: JobRecord, why: str) -> None:
        """See `seedpipe.ports.RunListener`."""
        self.note("declined", job_id=record.job.job_id, label=record.label, why=why)
        self._listener.declined(record, why)

    def waiting(self, seconds: float, why: str) -> None:
        """See `seedpipe.ports.RunListener`."""
        self.note("waiting", seconds=round(seconds, 3), why=why)
        self._listener.waiting(seconds, why)


class _Lines(logging.Formatter):
    """A record as one line of JSON."""

    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Json] = getattr(record, "facts", {})
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Json] = {"at": at.replace("+00:00", "Z"), "event": record.getMessage()}
        shown = {name: self._clean(value) for name, value in facts.items()}
        return safe_json({**line, **shown})

    def _clean(self, value: Json) -> Json:
        return redacted(value, self._secrets) if isinstance(value, str) else value


class _File(RotatingFileHandler):
    """A log file whose failures are nobody's business: a full disk is told by those who need it."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record


def _opened(folder: Path, run_id: str, secrets: tuple[str, ...]) -> logging.Handler | None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _drop_oldest(folder)
        file = _File(folder / f"{run_id}.log", maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8")
    except OSError:
        return None
    file.setFormatter(_Lines(secrets))
    return file


def _drop_oldest(folder: Path) -> None:
    """Remove logs beyond the latest; a run's name begins with its time."""
    for old in sorted(folder.glob("*.log*"))[: -_KEPT + 1]:
        with suppress(OSError):
            old.unlink()
