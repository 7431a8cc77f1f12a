"""The ledgers that run the contract suites: a new one is one more line."""

from collections import defaultdict

from seedpipe.ledger import SqliteLedger
from tests.fakes.plain_ledger import PlainLedger
from tests.fakes.plain_memory import Memory

_MEMORIES = defaultdict(Memory)  # by folder, which a test has for itself

LEDGERS = {
    "sqlite": lambda folder, origin: SqliteLedger.open(folder / "ledger.db", origin=origin),
    "plain": lambda folder, origin: PlainLedger(_MEMORIES[folder], origin=origin),
}
