"""Faults are proved on the stage of the engine's tests and with real processes."""

from tests.e2e.conftest import environment, quickstart, seedpipe
from tests.engines.conftest import stage

__all__ = ["environment", "quickstart", "seedpipe", "stage"]
