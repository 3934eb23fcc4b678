"""What API views derive from: rows of the caller's platforms, every write audited."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from rest_framework import exceptions, mixins, serializers, viewsets
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.views import APIView

from platforms import audit
from platforms.audit import Action
from platforms.authentication import actor_of, principal_of
from platforms.models import TokenKind
from platforms.roles import Deed

from .bodies import JsonBody
from .fields import PagedQuery, Query
from .schema import ApiSchema


class Pages(PageNumberPagination):
    """Pages of 100, up to 1,000."""

    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class ApiView(APIView):
    """A view of the API. It refuses machines unless ``machines`` names their kind."""

    see_deed: ClassVar[Deed] = Deed.SEE
    write_deed: ClassVar[Deed] = Deed.FLEET
    people: ClassVar[bool] = True
    machines: ClassVar[Mapping[str, frozenset[TokenKind]]] = {}
    parser_classes = (JsonBody,)
    http_method_names = ["get", "head", "post", "patch", "delete"]
    metadata_class = None  # OPTIONS would describe the forms; the schema does
    schema = ApiSchema()


class NotFound(ApiView):
    """Every address under /api/ that means nothing, whoever asks and however."""

    schema = None  # type: ignore[assignment]  # REST framework reads it as "leave me out"
    authentication_classes = ()
    permission_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Answer 404 in the one shape."""
        raise exceptions.NotFound


class ScopedViewSet(ApiView, viewsets.GenericViewSet[Any]):
    """Rows of the caller's platforms. A foreign id is 404, with the body of a random one."""

    rows: ClassVar[Any]
    query_class: ClassVar[type[Query]] = PagedQuery
    pagination_class = Pages
    filter_backends = ()  # narrow() reads the checked query

    def get_queryset(self) -> Any:
        """Return what the caller can see; the right to write is asked on the object."""
        if getattr(self, "swagger_fake_view", False):
            return self.rows.none()
        return self.rows.for_user(principal_of(self.request), self.see_deed)

    def filter_queryset(self, queryset: Any) -> Any:
        """Narrow a list by its checked parameters."""
        if self.action != "list":
            return queryset
        return self.narrow(queryset, self.query_class.read(self.request))

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the rows that the query asks for; a view with filters says how."""
        return rows


class AuditedWrites(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ScopedViewSet
):
    """Create, change and delete by serializer, each with its audit line in one transaction."""

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Save the new row and its audit line."""
        with transaction.atomic():
            row = serializer.save()
            self._record(Action.CREATED, row, {}, audit.snapshot(row))

    def update(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Change the row while it is locked: nothing that changed meanwhile is written back."""
        with transaction.atomic():
            return super().update(request, *args, **kwargs)

    def get_object(self) -> Any:
        """Return the row; for a change, as it is once the lock is ours."""
        row = super().get_object()
        if self.request.method != "PATCH":
            return row
        return type(row)._base_manager.select_for_update().get(pk=row.pk)

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Save the change and what it changed."""
        row: Any = serializer.instance
        before = audit.snapshot(row)
        written = serializer.validated_data
        row = serializer.save()
        secrets = [
            field.attname
            for field in row._meta.concrete_fields
            if getattr(field, "audit_hidden", False) and field.name in written
        ]
        was, now = audit.difference(before, audit.snapshot(row), secrets)
        if now:
            self._record(Action.CHANGED, row, was, now)

    def perform_destroy(self, instance: Any) -> None:
        """Delete the row and keep what it was."""
        with transaction.atomic():
            self._record(Action.DELETED, instance, audit.snapshot(instance), {})
            instance.delete()

    def _record(self, action: Action, row: Any, before: Any, after: Any) -> None:
        audit.record(
            actor_of(self.request),
            action,
            row,
            platform_id=row.platform_id,
            before=before,
            after=after,
        )
