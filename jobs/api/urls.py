"""Addresses of the REST API of jobs."""

from typing import Any

from django.urls import URLPattern

from platforms.api.routes import either_way

from .approvals import Approvals
from .brakes import Brakes
from .episodes import Episodes
from .exchange import JobApply, JobExport, JobPlan
from .executions import JobExecutions
from .job_pauses import JobPauses
from .jobs import Jobs
from .maintenance_windows import MaintenanceWindows
from .metrics import Metrics
from .previews import JobPreview, NewJobPreview

READ_MANY: dict[str, Any] = {"get": "list"}
READ_ONE: dict[str, Any] = {"get": "retrieve"}
MAKE: dict[str, Any] = {**READ_MANY, "post": "create"}
CHANGE: dict[str, Any] = {"patch": "partial_update"}
REMOVE: dict[str, Any] = {"delete": "destroy"}

urlpatterns: list[URLPattern] = [
    *either_way("approvals", Approvals.as_view(READ_MANY)),
    *either_way("approvals/decide", Approvals.as_view({"post": "decide"})),
    *either_way("approvals/<id:pk>/approve", Approvals.as_view({"post": "approve"})),
    *either_way("approvals/<id:pk>/decline", Approvals.as_view({"post": "decline"})),
    *either_way("brakes", Brakes.as_view(READ_MANY)),
    *either_way("brakes/<id:pk>", Brakes.as_view(READ_ONE)),
    *either_way("episodes", Episodes.as_view(READ_MANY)),
    *either_way("episodes/<id:pk>", Episodes.as_view(READ_ONE)),
    *either_way("episodes/<id:pk>/acknowledge", Episodes.as_view({"post": "acknowledge"})),
    *either_way("job-executions", JobExecutions.as_view(READ_MANY)),
    *either_way("job-executions/<id:pk>", JobExecutions.as_view(READ_ONE)),
    *either_way("job-pauses", JobPauses.as_view(MAKE)),
    *either_way("job-pauses/<id:pk>", JobPauses.as_view(READ_ONE)),
    *either_way("job-pauses/<id:pk>/lift", JobPauses.as_view({"post": "lift"})),
    *either_way("jobs", Jobs.as_view(MAKE)),
    *either_way("jobs/apply", JobApply.as_view()),
    *either_way("jobs/export", JobExport.as_view()),
    *either_way("jobs/plan", JobPlan.as_view()),
    *either_way("jobs/preview", NewJobPreview.as_view()),
    *either_way("jobs/<id:pk>", Jobs.as_view({**READ_ONE, **CHANGE, **REMOVE})),
    *either_way("jobs/<id:pk>/clone", Jobs.as_view({"post": "clone"})),
    *either_way("jobs/<id:pk>/disable", Jobs.as_view({"post": "disable"})),
    *either_way("jobs/<id:pk>/enable", Jobs.as_view({"post": "enable"})),
    *either_way("jobs/<id:pk>/mode", Jobs.as_view({"post": "mode"})),
    *either_way("jobs/<id:pk>/preview", JobPreview.as_view()),
    *either_way("maintenance-windows", MaintenanceWindows.as_view(MAKE)),
    *either_way("maintenance-windows/preview", MaintenanceWindows.as_view({"post": "preview"})),
    *either_way("maintenance-windows/<id:pk>", MaintenanceWindows.as_view({**READ_ONE, **CHANGE})),
    *either_way(
        "maintenance-windows/<id:pk>/cancel", MaintenanceWindows.as_view({"post": "cancel"})
    ),
    *either_way(
        "maintenance-windows/<id:pk>/preview", MaintenanceWindows.as_view({"get": "coverage"})
    ),
    *either_way("metrics", Metrics.as_view(READ_MANY)),
    *either_way("metrics/<id:pk>", Metrics.as_view(READ_ONE)),
]
