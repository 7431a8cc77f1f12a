"""Image services. One today: WaveSpeedAI, and the sandbox that speaks the same dialect.

`receiver`, which brings a server along, is imported by those who listen for webhooks only.
"""

from seedpipe.providers.wavespeed import WaveSpeedProvider
from seedpipe.providers.wire import Limits

__all__ = ["Limits", "WaveSpeedProvider"]
