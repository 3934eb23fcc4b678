"""The admin doors of jobs: read input, one call to a stage, show."""

from . import brake, episode, execution, job, job_pause, metric, window

__all__ = ["brake", "episode", "execution", "job", "job_pause", "metric", "window"]
