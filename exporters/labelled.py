"""Enumerations with a code for programs and a label for people. Pure."""

from enum import Enum
from typing import Self

from django.utils.functional import Promise


class Labelled(Enum):
    """Members are written as `NAME = code, label`: `value` is the code, `str()` the label."""

    label: str | Promise

    def __new__(cls, code: str, label: str | Promise) -> Self:
        member = object.__new__(cls)
        member._value_ = code  # not the pair: Enum hashes it, which would translate at import
        member.label = label
        return member

    def __str__(self) -> str:
        return str(self.label)
