"""The sandbox: a service that speaks the wire protocol of the real one, for free proofs and for tests.

Public: `SandboxServer` runs it on loopback, `Switches` choose how it behaves, `Book` and its `Charge`
records say what it charged; `create_app` is the bare ASGI app.
"""

from seedpipe.sandbox.book import Book
from seedpipe.sandbox.server import SandboxServer, create_app
from seedpipe.sandbox.switches import Switches
from seedpipe.sandbox.tasks import Charge

__all__ = ["Book", "Charge", "SandboxServer", "Switches", "create_app"]
