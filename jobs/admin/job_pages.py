"""The page of one job."""

from .job_deeds import JobDeeds


class JobPages(JobDeeds):
    """What stands around the form of a job."""
