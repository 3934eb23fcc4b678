"""What every stop has that a person orders: why, who, since when, until when. No table."""

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

LASTS, OVER, LIFTED = "lasts", "over", "lifted"
STAGES: Final = {LASTS: _("lasts"), OVER: _("over"), LIFTED: _("lifted")}


def lasting(now: datetime) -> models.Q:
    """Match the stops that last."""
    return models.Q(models.Q(expires_at=None) | models.Q(expires_at__gt=now), lifted_at=None)


class Stop(models.Model):
    """Something stands still until somebody lifts this, or it is over."""

    reason = models.CharField(_("reason"), max_length=255)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("author"),
    )
    author_name = models.CharField(_("author's name"), max_length=254, editable=False)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    lifted_at = models.DateTimeField(_("lifted"), null=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.reason

    def stage(self, now: datetime) -> str:
        """Return LASTS, OVER or LIFTED."""
        if self.lifted_at is not None:
            return LIFTED
        return OVER if self.expires_at is not None and self.expires_at <= now else LASTS
