"""Tables of deciding: jobs, what they remember of players, episodes and what was done in them."""

from .brake import Brake
from .episode import Ending, Episode, GateVerdict, JobExecution, Outcome, Standing
from .job import Job, Joined, Mode, Trigger
from .job_parts import (
    Action,
    Condition,
    Floor,
    Function,
    JobTarget,
    OperatingHours,
    Operator,
    Rung,
)
from .metric import MonitoringMetric
from .track import Clock, Criterion, Engine, Track
from .window import JobPause, MaintenanceWindow

__all__ = [
    "Action",
    "Brake",
    "Clock",
    "Condition",
    "Criterion",
    "Ending",
    "Engine",
    "Episode",
    "Floor",
    "Function",
    "GateVerdict",
    "Job",
    "JobExecution",
    "JobPause",
    "JobTarget",
    "Joined",
    "MaintenanceWindow",
    "Mode",
    "MonitoringMetric",
    "OperatingHours",
    "Operator",
    "Outcome",
    "Rung",
    "Standing",
    "Track",
    "Trigger",
]
