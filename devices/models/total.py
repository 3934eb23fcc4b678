"""How many commands ended how, of those long over: counting all anew would take ever longer."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from platforms.scoping import GlobalModel

#: The outcome of the row that says up to which command the others count.
MARK: Final = ""


class CommandTotal(GlobalModel):
    """Commands by what became of them, up to one; of the row of MARK its number is that command."""

    outcome = models.CharField(max_length=16, unique=True, editable=False)
    commands = models.PositiveBigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("count of commands")
        verbose_name_plural = _("counts of commands")
        ordering = ("outcome",)

    def __str__(self) -> str:
        return f"{self.outcome}: {self.commands}"
