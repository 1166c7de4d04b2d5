"""An org of Landfall for tests: started or joined, reset between tests, with its clock and its faults in their hands."""

from .org import Clock, ControlError, Org
from .process import join, start

__all__ = ["Clock", "ControlError", "Org", "join", "start"]
