"""Image services. One today: WaveSpeedAI, and the sandbox that speaks the same dialect."""

from seedpipe.providers.wavespeed import Limits, WaveSpeedProvider

__all__ = ["Limits", "WaveSpeedProvider"]
