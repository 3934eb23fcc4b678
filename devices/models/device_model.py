"""Socket models and command templates: the catalogue's, and those that people write."""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from devices import catalogue, templates
from platforms.roles import Deed
from platforms.scoping import GlobalModel, GlobalQuerySet, Principal, SharedModel, SharedQuerySet


class DeviceModelQuerySet(GlobalQuerySet):
    """Socket models: they come with the product, so that members of any platform read them."""

    def for_user(self, user: Principal, deed: Deed = Deed.SEE) -> Self:
        """Keep everything for whoever may do the deed anywhere."""
        if user.reaches_every_platform(deed):
            return self.all()
        return self.filter(models.Exists(user.platform_ids(deed)))

    def known(self) -> Self:
        """Keep those that the catalogue still has."""
        return self.filter(withdrawn_at=None)


class DeviceModel(GlobalModel):
    """A socket model of the catalogue; what it can do stands in the catalogue's own files."""

    key = models.CharField(_("key"), max_length=63, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=80, editable=False)
    version = models.PositiveIntegerField(_("catalogue version"), editable=False)
    #: Out of the catalogue; the sockets of this model and their history stay.
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)

    objects: ClassVar = DeviceModelQuerySet.as_manager()

    class Meta:
        verbose_name = _("socket model")
        verbose_name_plural = _("socket models")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def shape(self) -> catalogue.Model:
        """Return the model itself; raise KeyError when it was withdrawn."""
        return catalogue.models()[self.key]


class CommandTemplateQuerySet(SharedQuerySet):
    """Templates by whether they can be sent."""

    def offered(self) -> "CommandTemplateQuerySet":
        """Keep those that can be sent now."""
        return self.filter(withdrawn_at=None)


class CommandTemplate(SharedModel):
    """One command of a model. Without a definition it is the catalogue's, found by its key."""

    model = models.ForeignKey(
        DeviceModel, on_delete=models.PROTECT, related_name="templates", verbose_name=_("model")
    )
    key = models.CharField(_("key"), max_length=63)
    definition = models.JSONField(_("definition"), null=True, blank=True)
    for_jobs = models.BooleanField(
        _("jobs may send it"),
        default=False,
        help_text=_("Never those that change the socket's configuration or erase it."),
    )
    for_reboot = models.BooleanField(
        _("“Reboot” sends it"),
        default=False,
        help_text=_(
            "“Reboot” on the page of a player sends the catalogue's restart. Where this is on, it "
            "sends this command instead, on the lines that this command switches."
        ),
    )
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects: ClassVar = CommandTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = _("command template")
        verbose_name_plural = _("command templates")
        ordering = ("model", "key")
        constraints = (
            models.UniqueConstraint(
                fields=("model", "platform", "key"),
                name="template_once_a_platform",
                violation_error_message=_("This platform already has a template with this key."),
            ),
            models.UniqueConstraint(
                fields=("model", "key"),
                condition=models.Q(platform=None),
                name="shared_template_once",
            ),
            models.CheckConstraint(
                condition=models.Q(definition__isnull=False) | models.Q(platform=None),
                name="own_template_has_its_definition",
            ),
            models.CheckConstraint(
                condition=models.Q(definition__isnull=False) | models.Q(for_reboot=False),
                name="catalogues_restart_needs_no_mark",
            ),
        )

    def __str__(self) -> str:
        return f"{self.model} · {self.key}"

    @property
    def shape(self) -> templates.Template:
        """Return the template itself; raise KeyError or CatalogueError when there is none."""
        if self.definition is None:
            return self.model.shape.by_key[self.key]
        return catalogue.read_template(self.definition)
