"""Sealing stored secrets anew with the first key of the ring, after a key was added."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import models

from .keyring import KeyRingError
from .secrets import EncryptedField, Secret, key_ring


@dataclass
class Rotation:
    """What became of the secrets; `unreadable` names each that was left as it is, and why."""

    resealed: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


def rotate(model_classes: Iterable[type[models.Model]]) -> Rotation:
    """Reseal every secret that another key than the first one sealed.

    A secret that somebody changes meanwhile is left to them: theirs is sealed by the first
    key already. Raises KeyRingError when there is no usable key at all.
    """
    rotation = Rotation()
    key_ring().seal("", "")
    for model in model_classes:
        columns = [each for each in model._meta.local_fields if isinstance(each, EncryptedField)]
        for column in columns:
            for row in model._base_manager.exclude(**{column.name: ""}).iterator():
                _reseal(row, column, rotation)
    return rotation


def _reseal(row: models.Model, column: EncryptedField, rotation: Rotation) -> None:
    stored: Secret = getattr(row, column.attname)
    try:
        renewed = stored.resealed()
    except KeyRingError as error:
        rotation.unreadable.append(f"{row._meta.label} {row.pk} {column.name}: {error}")
        return
    if renewed is None:
        rotation.current += 1
        return
    unchanged = type(row)._base_manager.filter(pk=row.pk, **{column.name: stored})
    rotation.resealed += unchanged.update(**{column.name: renewed})
