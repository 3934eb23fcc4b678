"""Fields that the serializers share: socket models by key, values of parameters, keys of wishes."""

from typing import Any, ClassVar

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from devices.models import CommandTemplate, DeviceModel
from platforms.authentication import principal_of

MOST_VALUES = 30
LONGEST_VALUE = 200  # characters
LONGEST_KEY = 200
KEY = "Idempotency-Key"
KEY_PARAMETER = OpenApiParameter(
    KEY,
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="Chosen by the caller, another one for every wish: the same again is the same.",
)


class ModelField(serializers.SlugRelatedField[DeviceModel]):
    """A socket model by the key that the catalogue gives it."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "does_not_exist": _("There is no socket model with this key.")
    }

    def __init__(self, **kwargs: Any) -> None:
        if not kwargs.get("read_only"):
            kwargs["queryset"] = DeviceModel.objects.none()
        super().__init__(slug_field="key", **kwargs)

    def get_queryset(self) -> Any:
        """Return the models that the catalogue has."""
        if "request" not in self.context:
            return super().get_queryset()
        return DeviceModel.objects.for_user(principal_of(self.context["request"])).known()


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": MOST_VALUES,
        "additionalProperties": {
            "oneOf": [{"type": "string", "maxLength": LONGEST_VALUE}, {"type": "integer"}]
        },
        "description": "Values by name, as texts or whole numbers; the template says which.",
    }
)
class ValuesField(serializers.Field[Any, Any, Any, Any]):
    """Typed-in values of parameters; what they mean is checked with the template."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "no_object": _("An object is needed here."),
        "too_many": _("These are too many values."),
        "no_text": _("A text or a whole number is needed here."),
        "too_long": _("This is too long."),
    }

    def to_internal_value(self, data: Any) -> dict[str, str]:
        """Return the values as texts."""
        if not isinstance(data, dict):
            self.fail("no_object")
        if len(data) > MOST_VALUES:
            self.fail("too_many")
        values, wrong = {}, {}
        for name, value in data.items():
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                wrong[name[:LONGEST_VALUE]] = [self.error_messages["no_text"]]
            elif len(text := _written(value)) > LONGEST_VALUE:
                wrong[name[:LONGEST_VALUE]] = [self.error_messages["too_long"]]
            else:
                values[name] = text
        if wrong:
            raise serializers.ValidationError(wrong)
        return values


def key_in(request: Request) -> str:
    """Return the caller's key of this wish; 400 without one."""
    key: str = request.headers.get(KEY, "")
    if not key or len(key) > LONGEST_KEY or not all("!" <= mark <= "~" for mark in key):
        needed = _("Send a key of your own in this header: 1 to %(limit)s visible ASCII marks.")
        raise serializers.ValidationError({KEY: [needed % {"limit": LONGEST_KEY}]})
    return key


def templates_named(
    request: Request, key: str, platform_id: int
) -> "QuerySet[CommandTemplate, CommandTemplate]":
    """Return what can be sent on a platform by that key: its own before the shared ones."""
    rows: QuerySet[CommandTemplate, CommandTemplate] = (
        CommandTemplate.objects.for_user(principal_of(request))
        .usable_on(platform_id)
        .offered()
        .filter(key=key)
        .select_related("model")
        .order_by(F("platform_id").asc(nulls_last=True))
    )
    return rows


def _written(value: str | int) -> str:
    """Return a value as text; numbers too long to be written down are too long anyway."""
    if isinstance(value, int) and abs(value) >= 10**LONGEST_VALUE:
        return "9" * (LONGEST_VALUE + 1)
    return str(value)
