"""What carries out a plan. One today: asyncio in this process."""

from seedpipe.engines.adoption import adopt
from seedpipe.engines.clock import SystemClock
from seedpipe.engines.hints import Hints
from seedpipe.engines.local import LocalEngine
from seedpipe.engines.pace import Pace

__all__ = ["Hints", "LocalEngine", "Pace", "SystemClock", "adopt"]
