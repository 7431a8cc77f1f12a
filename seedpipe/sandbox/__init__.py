"""The sandbox: a service that speaks the wire protocol of the real one, for free proofs and for tests.

Public: `SandboxServer` runs it on loopback, `Switches` choose how it behaves (`switched` reads them from
words), `Book` and its `Charge` records say what it charged.
"""

from seedpipe.sandbox.book import Book
from seedpipe.sandbox.server import SandboxServer
from seedpipe.sandbox.switches import Switches, switched
from seedpipe.sandbox.tasks import Charge

__all__ = ["Book", "Charge", "SandboxServer", "Switches", "switched"]
