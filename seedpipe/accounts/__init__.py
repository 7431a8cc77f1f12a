"""What the service says about money: asked before a run, and held against the ledger after it.

Hides how the answers are gathered: pages, deadlines, silences. What they mean is decided in
`seedpipe.core.quotes` and `seedpipe.core.audit`. Invariant: everything here is free to ask, and no answer, or
none, ever fails a run by itself.
"""

from seedpipe.accounts.asking import ask_account
from seedpipe.accounts.auditing import AuditReport, PlacedImages, audit

__all__ = ["AuditReport", "PlacedImages", "ask_account", "audit"]
