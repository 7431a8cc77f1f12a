"""The memory that money depends on: `SqliteLedger`, one file with one writer.

Hides how entries become durable. Inside, from the pure to the plain: `history` says what an entry does to an
attempt, `rows` spells values as columns, `schema` is the file and its versions, `lock` keeps a second writer
out, `queries` are the words to SQLite, `plans` takes a plan in, `books` writes one entry, `records` puts rows
together again, `sqlite` is the port.

Absent on purpose: any decision of the lifecycle, which is in `seedpipe.core.lifecycle`; time, which entries
bring along; and state between two calls, so that a PostgreSQL ledger can keep the same promises.
"""

from seedpipe.ledger.lock import lock_holder
from seedpipe.ledger.place import file_system_of, is_network
from seedpipe.ledger.schema import sqlite_version
from seedpipe.ledger.sqlite import SqliteLedger

__all__ = ["SqliteLedger", "file_system_of", "is_network", "lock_holder", "sqlite_version"]
