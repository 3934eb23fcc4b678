"""Whether commands helped, as the players tell that hang on the switched lines."""

from datetime import datetime


def verify(now: datetime) -> int:
    """Judge every watched command that was sent; return how many are decided."""
    return 0
