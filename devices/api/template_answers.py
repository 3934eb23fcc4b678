"""Command templates as the API tells them, in the language of the caller."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from devices.catalogue import CatalogueError
from devices.models import CommandTemplate
from devices.parameters import UNITS, Kind, Parameter
from devices.states import Effect
from devices.templates import Danger, Step, Template

from .fields import ModelField


class ChoiceAnswer(serializers.Serializer[Any]):
    """One of the values that a parameter takes."""

    value = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name


class ParameterAnswer(serializers.Serializer[Parameter]):
    """A typed parameter."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[(each.value, each.value) for each in Kind])
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name
    help = serializers.CharField()
    minimum = serializers.IntegerField(allow_null=True)
    maximum = serializers.IntegerField(allow_null=True)
    unit = serializers.SerializerMethodField()
    choices = ChoiceAnswer(many=True)
    default = serializers.CharField()
    secret = serializers.BooleanField(help_text="Its value is never told again.")

    def get_unit(self, parameter: Parameter) -> str:
        """Return the unit in words."""
        return str(UNITS.get(parameter.unit, parameter.unit))


class StepOfTemplate(serializers.Serializer[Step]):
    """One SMS of a template, its parameters in braces."""

    text = serializers.CharField(source="code")
    effect = serializers.ChoiceField(choices=[(each, each) for each in Effect])
    after = serializers.IntegerField(help_text="Seconds after the message before it.")


class ShapeAnswer(serializers.Serializer[Template]):
    """What a template is, where it can be read."""

    name = serializers.CharField()
    help = serializers.CharField()
    danger = serializers.ChoiceField(choices=[(each, each) for each in Danger])
    effect = serializers.ChoiceField(choices=[(each, each) for each in Effect])
    needs_confirmation = serializers.SerializerMethodField()
    self_restoring = serializers.BooleanField(help_text="The line comes back on by itself.")
    lines = serializers.SerializerMethodField()
    parameters = ParameterAnswer(many=True)
    messages = StepOfTemplate(many=True, source="steps")

    def get_needs_confirmation(self, template: Template) -> bool:
        """Tell whether it is sent with confirmed=true alone."""
        return template.danger is Danger.DESTRUCTIVE

    @extend_schema_field(
        {
            "oneOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "string"}],
            "description": "The lines that it switches, or the parameter that says which.",
        }
    )
    def get_lines(self, template: Template) -> list[int] | str:
        """Return the numbers, or the name."""
        return template.lines if isinstance(template.lines, str) else list(template.lines)


class TemplateAnswer(serializers.ModelSerializer[CommandTemplate]):
    """A command of a model. ``definition`` is null for the catalogue's."""

    platform_id = serializers.IntegerField(allow_null=True, help_text="Null: of all platforms.")
    model = ModelField(read_only=True)
    definition = serializers.DictField(allow_null=True)
    shape = serializers.SerializerMethodField(
        help_text="Null: it left the catalogue, or cannot be read any more."
    )
    withdrawn_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = CommandTemplate
        fields = (
            "id",
            "platform_id",
            "model",
            "key",
            "for_jobs",
            "for_reboot",
            "shape",
            "definition",
            "withdrawn_at",
            "created_at",
        )

    @extend_schema_field(ShapeAnswer(allow_null=True))
    def get_shape(self, row: CommandTemplate) -> Mapping[str, Any] | None:
        """Return what it is."""
        try:
            return ShapeAnswer(row.shape).data
        except (KeyError, CatalogueError):
            return None
