"""The exceptions of seedpipe, named by the caller's next move.

::

    SeedpipeError
    ├── InputError        the user can fix it; carries every diagnostic            exit 2
    ├── RunError          stopped before the end; the same command resumes it      exit 3
    │   ├── LedgerLocked      another run writes to this ledger                    exit 6
    │   └── LedgerDamaged     the ledger cannot be trusted                         exit 5
    └── ProviderError     an answer of the service, or none; never leaves the engine
        ├── Refused           not accepted and never will be as it stands
        ├── Unavailable       surely not accepted; the same request may be sent later
        ├── Uncertain         it may have been accepted: must not be repeated
        └── Malformed         an answer came that cannot be understood

A failed job is data, not an exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seedpipe.core.diagnostics import Diagnostic


class SeedpipeError(Exception):
    """Any failure that seedpipe expected: the message is for the user."""

    hint: str | None = None

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class InputError(SeedpipeError):
    """The user's files or flags are wrong; nothing was sent and nothing was charged."""

    def __init__(
        self, message: str, *, diagnostics: Sequence[Diagnostic] = (), hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)


class RunError(SeedpipeError):
    """The run stopped before its end and can be resumed by the same command."""


class DiskFailed(RunError):  # noqa: N818 - named for what is so, not for being an error
    """The disk is full, or a file or folder on it cannot be used."""


class LedgerLocked(RunError):  # noqa: N818 - named for what is so, not for being an error
    """Another process holds the ledger's lock."""


class LedgerDamaged(RunError):  # noqa: N818
    """The ledger cannot be read or written as it must be."""


class ProviderError(SeedpipeError):
    """The service's answer to one request was not a usable success.

    `status` is the HTTP status when there was one; `code` the service's own number;
    `retry_after_s` what the service asked us to wait, in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s


class Refused(ProviderError):  # noqa: N818
    """The service definitely did not accept the request."""


class Unavailable(ProviderError):  # noqa: N818
    """The request surely was not accepted; the same one may be sent later."""


class Uncertain(ProviderError):  # noqa: N818
    """The request may have been accepted and billed; repeating it could pay twice."""


class Malformed(ProviderError):  # noqa: N818
    """The service answered with something that is not what it promises."""
