"""Telling people: `announce` writes down what happened, `deliver` sends it to the channels.

At least once: a message whose answer was lost is sent again. Nothing here is on the road of a
command, and nothing of it may stop one.
"""

from .announcements import announce, end

__all__ = ["announce", "end"]
