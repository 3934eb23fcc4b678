"""``/exporters``: read, make, change and delete the exporters of one's platforms."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import mixins, serializers

from exporters import account_settings, enrolment
from exporters.account_settings import WHOLE, is_secret
from exporters.forms_of_exporters import has_players, stored_of
from exporters.kinds import KINDS
from exporters.models import Exporter
from platforms.api import AuditedWrites, PagedQuery, ScopedRelatedField, Strict
from platforms.authentication import actor_of, principal_of
from platforms.models import Platform
from platforms.roles import Deed

from .fields import IdField, KindField


class ExportersQuery(PagedQuery):
    """What narrows the list."""

    platform_id = IdField(required=False)
    exporter_type = KindField(required=False)
    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)
    search = serializers.CharField(required=False, max_length=120, help_text="Part of the name.")


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": True,
        "description": "What the kind is told, by name; null: not set. What is left out stays.",
    }
)
class SettingsField(serializers.Field[Any, Any, Any, Any]):
    """The plain settings of the kind, checked with the secrets."""

    default_error_messages: ClassVar[dict[str, Any]] = {"no_object": _("An object is needed here.")}

    def to_internal_value(self, data: Any) -> Any:
        """Return the object as it came."""
        if not isinstance(data, Mapping):
            self.fail("no_object")
        return dict(data)

    def get_attribute(self, instance: Exporter) -> Any:
        """Return all settings that are no secrets, those that are not set as null."""
        return {
            each.name: instance.settings.get(each.name)
            for each in instance.shape.settings
            if not is_secret(each)
        }

    def to_representation(self, value: Any) -> Any:
        """Write them as they are."""
        return value


@extend_schema_field(
    {
        "type": "object",
        "additionalProperties": {"type": "string", "nullable": True, "writeOnly": True},
        "description": "Secrets by name, never told again; null clears, what is left out stays.",
    }
)
class SecretsField(SettingsField):
    """The secret settings of the kind."""


class ExporterBody(Strict, serializers.ModelSerializer[Exporter]):
    """An exporter; a setting of null leaves the choice to the exporter process."""

    platform_id = ScopedRelatedField(source="platform", queryset=Platform.objects.all())
    exporter_type = KindField(source="kind")
    settings = SettingsField(required=False)
    secrets = SecretsField(required=False, write_only=True)
    secrets_set = serializers.SerializerMethodField()
    finds_players = serializers.BooleanField(
        source="discovers",
        read_only=True,
        help_text="Its players are those of the vendor's list: it takes no MACs.",
    )
    over_limit = serializers.IntegerField(
        read_only=True, help_text="Devices of the vendor's list that are not watched: no room."
    )

    class Meta:
        model = Exporter
        fields = (
            "id",
            "platform_id",
            "exporter_type",
            "name",
            "enabled",
            "poll_interval",
            "timeout",
            "max_concurrency",
            "settings",
            "secrets",
            "secrets_set",
            "finds_players",
            "over_limit",
            "over_limit_since",
            "created_at",
        )
        read_only_fields = ("over_limit_since",)

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_secrets_set(self, exporter: Exporter) -> list[str]:
        """Name the secrets that are stored; of those that cannot be opened, all there may be."""
        secrets = stored_of(exporter).secrets
        names = [each.name for each in exporter.shape.settings if is_secret(each)]
        return [name for name in names if secrets is None or name in secrets]

    def validate_platform_id(self, platform: Platform) -> Platform:
        """Keep an exporter on its platform."""
        if self.instance is not None and self.instance.platform_id != platform.pk:
            raise serializers.ValidationError(_("This never changes. Make another exporter."))
        return platform

    def validate_exporter_type(self, kind: str) -> str:
        """Keep an exporter's kind: its addresses mean something to that vendor alone."""
        if self.instance is not None and self.instance.kind != kind:
            raise serializers.ValidationError(_("This never changes. Make another exporter."))
        return kind

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the settings of the kind together, as the form does."""
        row = self.instance if isinstance(self.instance, Exporter) else None
        if row is not None and attrs.keys().isdisjoint({"settings", "secrets"}):
            return attrs
        kind = KINDS[row.kind if row is not None else attrs["kind"]]
        given, secret = attrs.pop("settings", {}), attrs.pop("secrets", {})
        names = {each.name for each in kind.settings if is_secret(each)}
        wrong = {"settings": given.keys() & names, "secrets": secret.keys() - names}
        problems: dict[str, list[Any]] = {
            f"{field}.{name}": [_("This does not belong here.")]
            for field, misplaced in wrong.items()
            for name in misplaced
        }
        stored = stored_of(row) if row is not None else account_settings.Stored()
        caller = principal_of(self.context["request"])
        checked = account_settings.changed(
            kind,
            stored,
            {**given, **secret},
            may_guard=caller.reaches_every_platform(Deed.OWN),
            has_players=row is not None and has_players(row),
        )
        for name, problem in checked.problems.items():
            field = "secrets" if name in names else "settings"
            problems.setdefault(f"{field}.{name}" if name != WHOLE else "settings", [problem])
        if problems:
            raise serializers.ValidationError(problems)
        attrs["settings"] = dict(checked.settings)
        if checked.secrets is not None and checked.secrets != stored.secrets:
            attrs["secrets"] = json.dumps(dict(checked.secrets)) if checked.secrets else ""
        return attrs


@extend_schema_view(
    list=extend_schema(summary="Exporters"),
    retrieve=extend_schema(summary="Read one exporter"),
    create=extend_schema(summary="Make an exporter"),
    partial_update=extend_schema(summary="Change an exporter"),
    destroy=extend_schema(summary="Delete an exporter, its addresses and its players"),
)
class Exporters(mixins.ListModelMixin, mixins.RetrieveModelMixin, AuditedWrites):
    """The exporters of the caller's platforms."""

    rows = Exporter.objects.order_by("pk")
    query_class = ExportersQuery
    serializer_class = ExporterBody

    def narrow(self, rows: Any, query: Mapping[str, Any]) -> Any:
        """Return the exporters that the query asks for."""
        if "platform_id" in query:
            rows = rows.filter(platform_id=query["platform_id"])
        if "exporter_type" in query:
            rows = rows.filter(kind=query["exporter_type"])
        if query["enabled"] is not None:
            rows = rows.filter(enabled=query["enabled"])
        if "search" in query:
            rows = rows.filter(name__icontains=query["search"])
        return rows

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        """Save the change with the next list version: processes see that theirs is outdated."""
        exporter: Any = serializer.instance
        with transaction.atomic():
            exporter.take_version()
            super().perform_update(serializer)

    def perform_destroy(self, instance: Any) -> None:
        """Delete the exporter with its addresses and players."""
        enrolment.discard(instance, actor_of(self.request))
