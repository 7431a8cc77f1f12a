"""Image services. One today: WaveSpeedAI, and the sandbox that speaks the same dialect."""

from seedpipe.providers.wavespeed import WaveSpeedProvider
from seedpipe.providers.wire import Limits

__all__ = ["Limits", "WaveSpeedProvider"]
