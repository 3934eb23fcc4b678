"""The admin doors of jobs: read input, one call to a stage, show."""

from . import job

__all__ = ["job"]
