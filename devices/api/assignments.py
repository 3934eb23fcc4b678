"""``/assignments``: which members with the role user may command which sockets."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from devices import sockets
from devices.models import Assignment, Device
from exporters.api.fields import IdField
from platforms.api import Conflict, PagedQuery, ScopedRelatedField, ScopedViewSet, Strict
from platforms.authentication import actor_of, principal_of
from platforms.models import User
from platforms.roles import Deed
from platforms.scoping import Principal


class AssignmentsQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    device_id = IdField(required=False)
    user_id = IdField(required=False)


class AssignmentAnswer(serializers.ModelSerializer[Assignment]):
    """Somebody who may command a socket."""

    platform_id = serializers.IntegerField()
    user_id = serializers.IntegerField()
    email = serializers.SerializerMethodField(
        help_text="Null for whoever may not assign sockets; one's own is always there."
    )
    device_id = serializers.IntegerField()
    device_name = serializers.CharField(source="device.name")

    class Meta:
        model = Assignment
        fields = (
            "id",
            "platform_id",
            "user_id",
            "email",
            "device_id",
            "device_name",
            "created_at",
        )

    def get_email(self, assignment: Assignment) -> str | None:
        """Return the login to those who assign sockets, and to the member."""
        reader: Readers = self.context["readers"]
        return assignment.user.email if reader.shows(assignment) else None


class Readers:
    """Where the caller manages sockets and so may read who commands them: one query."""

    def __init__(self, caller: Principal) -> None:
        self._person = caller.pk if isinstance(caller, User) else None
        self._every = caller.reaches_every_platform(Deed.FLEET)
        rows = () if self._every else caller.platform_ids(Deed.FLEET)
        self._platforms = frozenset(pk for row in rows for pk in row.values())

    def shows(self, assignment: Assignment) -> bool:
        """Tell whether the login of the assigned member may be read."""
        own = assignment.user_id == self._person
        return own or self._every or assignment.platform_id in self._platforms


class AssignmentBody(Strict):
    """A member, by number or by address, and a socket."""

    device_id = ScopedRelatedField(queryset=Device.objects.in_use())
    user_id = IdField(required=False)
    email = serializers.EmailField(required=False, max_length=254)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Find the member; of accounts that are none of this platform nothing is told."""
        named = attrs.keys() & {"user_id", "email"}
        if len(named) != 1:
            wrong = _("Name the member by one of user_id and email.")
            raise serializers.ValidationError({"user_id": [wrong]})
        name = named.pop()
        asked = {"pk": attrs[name]} if name == "user_id" else {"email": attrs[name].lower()}
        user = sockets.assignable(attrs["device_id"]).filter(**asked).first()
        if user is None:
            wrong = _("No member of this platform with the role User is known by this.")
            raise serializers.ValidationError({name: [wrong]})
        return {"device": attrs["device_id"], "user": user}


@extend_schema_view(
    list=extend_schema(summary="Assignments"),
    retrieve=extend_schema(summary="Read one assignment"),
)
class Assignments(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """Who may command single sockets of the caller's platforms."""

    rows = Assignment.objects.select_related("user", "device").order_by("pk")
    query_class = AssignmentsQuery
    serializer_class = AssignmentAnswer

    def get_serializer_context(self) -> dict[str, Any]:
        """Return the context of serializers, with whose logins the caller may read."""
        context = dict(super().get_serializer_context())
        if not getattr(self, "swagger_fake_view", False):
            context["readers"] = Readers(principal_of(self.request))
        return context

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the assignments that the query asks for."""
        names = query.keys() & {"platform_id", "device_id", "user_id"}
        return rows.filter(**{name: query[name] for name in names})

    @extend_schema(
        request=AssignmentBody, responses={201: AssignmentAnswer}, summary="Assign a socket"
    )
    def create(self, request: Request) -> Response:
        """Let the member command it; 409 where that is so already."""
        body = AssignmentBody(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        user, device = body.validated_data["user"], body.validated_data["device"]
        with transaction.atomic():
            # unscoped: of a socket that the caller may change
            mine = Assignment.objects.filter(user=user, device=device)
            if mine.exists():
                raise Conflict(_("This socket is assigned to this member."), "already_there")
            sockets.assign(user, device, actor_of(request))
        row = mine.select_related("user", "device").get()
        return Response(
            AssignmentAnswer(row, context=self.get_serializer_context()).data,
            status.HTTP_201_CREATED,
        )

    @extend_schema(responses={204: None}, summary="Take an assignment back")
    def destroy(self, request: Request, pk: int) -> Response:
        """Remove it."""
        row: Assignment = self.get_object()
        sockets.unassign(row.user, row.device, actor_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)
