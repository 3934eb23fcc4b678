"""``/command-templates``: the commands of each model, the catalogue's and a platform's own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers

from devices import own_templates
from devices.catalogue import CatalogueError
from devices.models import CommandTemplate, DeviceModel
from devices.template_words import NO_RESTART
from devices.templates import Template
from exporters.api.fields import IdField
from platforms.api import AuditedWrites, PagedQuery, ScopedRelatedField, Strict
from platforms.audit import Action
from platforms.authentication import principal_of
from platforms.models import Platform
from platforms.roles import Deed

from .fields import ModelField
from .template_answers import TemplateAnswer


class TemplatesQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False, help_text="Own ones of that platform.")
    model = serializers.CharField(required=False, max_length=63, help_text="Its key.")
    key = serializers.CharField(required=False, max_length=63)
    shared = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Those of all platforms, or own."
    )
    withdrawn = serializers.BooleanField(
        default=False, help_text="Those that cannot be sent any more, instead of the others."
    )


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": True,
        "description": "A command as data files of the catalogue describe one.",
    }
)
class DefinitionField(serializers.Field[Any, Any, Any, Any]):
    """A definition; whether it is one is checked with the model."""

    default_error_messages: ClassVar[dict[str, Any]] = {"no_object": _("An object is needed here.")}

    def to_internal_value(self, data: Any) -> Any:
        """Return the object as it came."""
        if not isinstance(data, Mapping):
            self.fail("no_object")
        return dict(data)


class TemplateBody(Strict, serializers.ModelSerializer[CommandTemplate]):
    """An own template. Its key is that of its definition and never changes."""

    platform_id = ScopedRelatedField(
        source="platform",
        queryset=Platform.objects.all(),
        allow_null=True,
        help_text="Null, for superadmins: shared by all platforms.",
    )
    model = ModelField()
    definition = DefinitionField()
    for_jobs = serializers.BooleanField(required=False)
    for_reboot = serializers.BooleanField(
        required=False, help_text="“Reboot” sends it instead of the catalogue's restart."
    )
    withdrawn = serializers.BooleanField(required=False, help_text="It can no longer be sent.")

    class Meta:
        model = CommandTemplate
        fields = ("platform_id", "model", "definition", "for_jobs", "for_reboot", "withdrawn")
        # The key is not among the fields; the constraints are asked below, and by the database.
        validators: ClassVar[list[Any]] = []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the definition with its model, and what jobs may send."""
        row = self.instance if isinstance(self.instance, CommandTemplate) else None
        if row is not None:
            self._keep(row, attrs)
        if "withdrawn" in attrs:
            since = row.withdrawn_at if row is not None else None
            attrs["withdrawn_at"] = (since or timezone.now()) if attrs.pop("withdrawn") else None
        shape = self._shape(row, attrs)
        if row is None:
            attrs["key"] = self._new_key(attrs, shape.key)
        elif shape.key != row.key:
            raise serializers.ValidationError({"definition": [_("The key never changes.")]})
        for_jobs = attrs.get("for_jobs", row is not None and row.for_jobs)
        if for_jobs and shape.danger not in own_templates.FOR_JOBS:
            raise serializers.ValidationError({"for_jobs": [_("Jobs may not send this command.")]})
        for_reboot = attrs.get("for_reboot", row is not None and row.for_reboot)
        if for_reboot and not own_templates.restarts(shape):
            raise serializers.ValidationError({"for_reboot": [NO_RESTART]})
        return attrs

    def _shape(self, row: CommandTemplate | None, attrs: Mapping[str, Any]) -> Template:
        """Return what the template will be."""
        model: DeviceModel = row.model if row is not None else attrs["model"]
        try:
            if row is not None and "definition" not in attrs:
                return row.shape
            return own_templates.checked(model.shape, attrs["definition"])
        except (CatalogueError, KeyError) as error:
            raise serializers.ValidationError({"definition": [str(error)]}) from error

    def _new_key(self, attrs: Mapping[str, Any], key: str) -> str:
        """Return the key of a new template, which must be new to its platform."""
        if attrs["platform"] is None and not self._owns:
            wrong = _("There is none with this id, or you may not change it.")
            raise serializers.ValidationError({"platform_id": [wrong]})
        if key in attrs["model"].shape.by_key:
            taken = _("The catalogue has a command with this key: choose another.")
            raise serializers.ValidationError({"definition": [taken]})
        # unscoped: of a platform that the caller may change
        known = CommandTemplate.objects.filter(
            model=attrs["model"], platform=attrs["platform"], key=key
        )
        if known.exists():
            taken = _("This platform already has a template with this key.")
            raise serializers.ValidationError({"definition": [taken]})
        return key

    @property
    def _owns(self) -> bool:
        caller = principal_of(self.context["request"])
        return caller.reaches_every_platform(Deed.OWN)

    def _keep(self, row: CommandTemplate, attrs: dict[str, Any]) -> None:
        """Refuse what never changes; of the catalogue's templates jobs alone are the caller's."""
        fixed = {"platform_id": "platform", "model": "model"}
        wrong = {
            name: [_("This never changes. Make another template.")]
            for name, source in fixed.items()
            if source in attrs and attrs.pop(source) != getattr(row, source)
        }
        if row.definition is None:
            catalogues = [_("This template is the catalogue's.")]
            wrong |= {
                name: catalogues
                for name in ("definition", "for_reboot", "withdrawn")
                if name in attrs
            }
        if wrong:
            raise serializers.ValidationError(wrong)

    def to_representation(self, instance: CommandTemplate) -> Any:
        """Answer as the list does."""
        return TemplateAnswer(instance, context=self.context).data


@extend_schema_view(
    list=extend_schema(responses={200: TemplateAnswer(many=True)}, summary="Command templates"),
    retrieve=extend_schema(responses={200: TemplateAnswer}, summary="Read one command template"),
    create=extend_schema(
        responses={201: TemplateAnswer}, summary="Make a command template of one's platform"
    ),
    partial_update=extend_schema(
        responses={200: TemplateAnswer}, summary="Change, withdraw or offer again"
    ),
)
class CommandTemplates(mixins.ListModelMixin, mixins.RetrieveModelMixin, AuditedWrites):
    """The templates of the catalogue and those of the caller's platforms."""

    rows = CommandTemplate.objects.select_related("model").order_by("pk")
    query_class = TemplatesQuery
    serializer_class = TemplateBody

    def get_serializer_class(self) -> Any:
        """Read the body of writes alone."""
        return TemplateBody if self.action in ("create", "partial_update") else TemplateAnswer

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Save the change; that it was withdrawn or is offered again is written down as well."""
        row: Any = serializer.instance
        before = row.withdrawn_at
        super().perform_update(serializer)
        if before != row.withdrawn_at:
            was, now = (
                {"withdrawn_at": each and each.isoformat()} for each in (before, row.withdrawn_at)
            )
            self._record(Action.CHANGED, row, was, now)

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the templates that the query asks for."""
        lookups = {"platform_id": "platform_id", "model": "model__key", "key": "key"}
        asked: dict[str, Any] = {
            lookup: query[name] for name, lookup in lookups.items() if name in query
        }
        if query["shared"] is not None:
            asked["platform_id__isnull"] = query["shared"]
        return rows.filter(withdrawn_at__isnull=not query["withdrawn"], **asked)
