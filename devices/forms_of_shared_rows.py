"""The form under pages of rows that belong to a platform or to all of them."""

from typing import Any, ClassVar

from platforms.models import Platform
from platforms.scoped_forms import ScopedModelForm


class SharedRowForm(ScopedModelForm):
    """Fills in the platform of a new row where the person has no choice: `only`."""

    only: ClassVar[Platform | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None and self.only is not None:
            self.instance.platform = self.only
