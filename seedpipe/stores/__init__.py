"""Where images live: `LocalStore`, objects known by content on a local disk.

Hides how a download becomes a file that is whole, durable and in its place. Absent on purpose: the network,
which hands in chunks; judgements about a picture's merit, which are checks.
"""

from seedpipe.stores.atomic import write_atomically
from seedpipe.stores.local import LocalStore

__all__ = ["LocalStore", "write_atomically"]
