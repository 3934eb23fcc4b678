"""What people say beside a decision. It checks; it writes nothing."""

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

LONGEST = 1000


class CommentForm(forms.Form):
    """A comment that may be left empty: it stays with the decision."""

    comment = forms.CharField(
        label=_("Comment"),
        help_text=_("Why, for those who read it later."),
        required=False,
        max_length=LONGEST,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )
