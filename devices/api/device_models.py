"""``/device-models``: the socket models that Remosa knows, to be read only."""

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, serializers

from devices import catalogue
from devices.models import DeviceModel
from platforms.api import ScopedViewSet


class DeviceModelAnswer(serializers.ModelSerializer[DeviceModel]):
    """A socket model. Of one that was withdrawn no more is known than its name."""

    about = serializers.SerializerMethodField(help_text="In the language of the caller.")
    lines = serializers.SerializerMethodField(help_text="How many lines it switches.")
    notes = serializers.SerializerMethodField()

    class Meta:
        model = DeviceModel
        fields = ("id", "key", "name", "version", "about", "lines", "notes", "withdrawn_at")

    def get_about(self, row: DeviceModel) -> str:
        """Return what it is."""
        shape = _shape(row)
        return str(shape.about) if shape else ""

    def get_lines(self, row: DeviceModel) -> int:
        """Return the number of its lines."""
        shape = _shape(row)
        return shape.outlets if shape else 0

    def get_notes(self, row: DeviceModel) -> list[str]:
        """Return what is to be known of it."""
        shape = _shape(row)
        return [str(note) for note in shape.notes] if shape else []


@extend_schema_view(
    list=extend_schema(summary="Socket models"),
    retrieve=extend_schema(summary="Read one socket model"),
)
class DeviceModels(mixins.ListModelMixin, mixins.RetrieveModelMixin, ScopedViewSet):
    """The models of the catalogue: the same for every platform."""

    rows = DeviceModel.objects.order_by("pk")
    serializer_class = DeviceModelAnswer


def _shape(row: DeviceModel) -> catalogue.Model | None:
    return catalogue.models().get(row.key)
