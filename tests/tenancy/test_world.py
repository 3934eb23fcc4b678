"""The canaries sing in every text of a platform: a new column without one fails here."""

from django.db import models

from platforms.guards import tenant_models
from tests.tenancy.world import World

# Texts that nobody writes, and those that are the same everywhere.
WITHOUT = {
    "platforms.AuditEntry": {"actor", "via", "address", "target_type", "target_id"},
    "platforms.ApiToken": {"prefix", "digest", "exporter_kind"},
    "platforms.Invitation": {"digest"},
    "platforms.Site": {"time_zone"},
    "devices.Command": {"model_key"},
}
TEXTS = (models.CharField, models.TextField, models.JSONField, models.GenericIPAddressField)


def test_every_text_of_a_platform_gives_it_away(world: World) -> None:
    silent = [
        f"{model._meta.label}.{field.name}"
        for model in tenant_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, TEXTS)
        and not field.choices
        and field.name not in WITHOUT.get(model._meta.label, ())
        and not any(_sings(world, value) for value in _values(world, model, field.attname))
    ]
    assert silent == []


def _values(world: World, model: type[models.Model], column: str) -> list[str]:
    rows = model._base_manager.filter(platform_id=world.b.platform.pk)
    return [str(value) for value in rows.values_list(column, flat=True)]


def _sings(world: World, value: str) -> bool:
    return any(word in value for word in world.b.words)
