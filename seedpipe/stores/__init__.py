"""What stays on this machine: `LocalStore`, objects known by content on a local disk; `RunLog`, a run's log.

Hides how a download becomes a file that is whole, durable and in its place. Absent on purpose: the network,
which hands in chunks; judgements about a picture's merit, which are checks.
"""

from seedpipe.stores.atomic import append_bounded, write_atomically
from seedpipe.stores.decisions import DecisionsFile
from seedpipe.stores.derived import clean_derived, keep_derived
from seedpipe.stores.local import LocalStore
from seedpipe.stores.lock import LockFile
from seedpipe.stores.published import PublishedFolder
from seedpipe.stores.runlog import RunLog
from seedpipe.stores.thumbnails import LocalPictures

__all__ = [
    "DecisionsFile",
    "LocalPictures",
    "LocalStore",
    "LockFile",
    "PublishedFolder",
    "RunLog",
    "append_bounded",
    "clean_derived",
    "keep_derived",
    "write_atomically",
]
