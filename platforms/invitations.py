"""Asking people onto a platform by mail, and letting them in.

Inviting never looks for an account: whether one exists shows only to the holder of the link.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from . import audit, mails
from .audit import Action, Actor
from .models import Invitation, Membership, Platform, User
from .roles import Role

VALID_FOR = timedelta(days=7)


class State(models.TextChoices):
    """What has become of an invitation."""

    WAITING = "waiting", gettext_lazy("waiting")
    NOT_SENT = "not_sent", gettext_lazy("not sent")
    EXPIRED = "expired", gettext_lazy("expired")
    ACCEPTED = "accepted", gettext_lazy("accepted")
    REVOKED = "revoked", gettext_lazy("withdrawn")


class NotAccepted(Exception):
    """The invitation does not let this person in; the text says why and what to do."""


def state_of(invitation: Invitation, now: datetime) -> State:
    """Return what has become of an invitation."""
    if invitation.accepted_at is not None:
        return State.ACCEPTED
    if invitation.revoked_at is not None:
        return State.REVOKED
    if invitation.expires_at <= now:
        return State.EXPIRED
    return State.WAITING if invitation.sent_at else State.NOT_SENT


def can_be_sent_again(invitation: Invitation) -> bool:
    """Tell whether a new link makes sense: it was neither used nor withdrawn."""
    return invitation.accepted_at is None and invitation.revoked_at is None


# -- asking -------------------------------------------------------------------------------------


def store(
    actor: Actor, inviter: User, platform: Platform, email: str, role: Role
) -> tuple[Invitation, str]:
    """Store an invitation; return it with the token of its link, which only the mail may carry."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        invitation: Invitation = Invitation.objects.create(
            platform=platform,
            email=email,
            role=role,
            invited_by=inviter,
            digest=_digest(token),
            expires_at=timezone.now() + VALID_FOR,
        )
        _record(actor, Action.INVITED, invitation)
    return invitation, token


def renew(actor: Actor, inviter: User, invitation: Invitation) -> str | None:
    """Give the invitation a new link, valid for the full time, and end the old one.

    None when somebody accepted or withdrew the invitation meanwhile.
    """
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        renewed = _open_still(invitation).update(
            digest=_digest(token),
            expires_at=timezone.now() + VALID_FOR,
            invited_by=inviter,
            sent_at=None,
        )
        if renewed != 1:
            return None
        invitation.refresh_from_db()
        _record(actor, Action.INVITED, invitation)
    return token


def mail(invitation: Invitation, inviter: User, *, language: str, link: str) -> None:
    """Mail the link; never inside a transaction, which would wait. Errors: MailNotSent."""
    facts = {
        "platform": invitation.platform.name,
        "role": Role(invitation.role).label,
        "inviter": inviter.get_full_name(),
        "link": link,
        "days": VALID_FOR.days,
    }
    mails.send(mails.compose("invitation", invitation.email, language, facts))
    Invitation.objects.filter(pk=invitation.pk).update(sent_at=timezone.now())


def revoke(actor: Actor, invitation: Invitation) -> bool:
    """Withdraw an invitation; False when it was accepted or withdrawn before."""
    with transaction.atomic():
        if _open_still(invitation).update(revoked_at=timezone.now()) != 1:
            return False
        _record(actor, Action.REVOKED, invitation)
    return True


# -- letting in ---------------------------------------------------------------------------------


def find(token: str) -> Invitation | None:
    """Return the invitation of a link, in whatever state."""
    found: Invitation | None = (
        Invitation.objects.select_related("platform", "invited_by")
        .filter(digest=_digest(token))
        .first()
    )
    return found


def refusal(invitation: Invitation, now: datetime) -> str:
    """Return why nobody can accept the invitation now, in the reader's words; "" when one can."""
    return _spent(invitation, now) or _no_right(invitation)


def accept(invitation: Invitation, user: User, address: str | None) -> Membership:
    """Make the person a member, once. Errors: NotAccepted.

    Whoever belongs to the platform already keeps the role; the link is used up all the same.
    """
    with transaction.atomic():
        _claim(invitation)
        membership: Membership
        membership, created = Membership.objects.get_or_create(
            user=user, platform_id=invitation.platform_id, defaults={"role": invitation.role}
        )
        actor = Actor(str(user), "invitation", user.pk, address)
        _record(actor, Action.ACCEPTED, invitation)
        if created:
            audit.record(
                actor,
                Action.CREATED,
                membership,
                platform_id=invitation.platform_id,
                after=audit.snapshot(membership),
            )
    return membership


def accept_as_new(
    invitation: Invitation, full_name: str, password: str, address: str | None
) -> User:
    """Open an account for the invited address and make it a member. Errors: NotAccepted."""
    try:
        with transaction.atomic():
            user: User = User.objects.create_user(invitation.email, password, full_name=full_name)
            audit.record(
                Actor(str(user), "invitation", user.pk, address),
                Action.CREATED,
                user,
                # Of no platform: its members must not learn that the account is new.
                platform_id=None,
                after=audit.snapshot(user),
            )
            accept(invitation, user, address)
    except IntegrityError as error:
        raise NotAccepted(_("There is an account now. Open the link again and log in.")) from error
    return user


def _spent(invitation: Invitation, now: datetime) -> str:
    """Say in which way the link was used up."""
    state = state_of(invitation, now)
    if state is State.ACCEPTED:
        return _("This invitation was already used. Log in with your e-mail and password.")
    if state is State.REVOKED:
        return _("This invitation was withdrawn. Ask for a new one.")
    if state is State.EXPIRED:
        return _("This invitation has expired. Ask for a new one.")
    return ""


def _no_right(invitation: Invitation) -> str:
    """Say that the inviter may no longer give the role, or that the platform is shut."""
    inviter = User.objects.filter(pk=invitation.invited_by_id, is_active=True).first()
    platform = Platform.objects.filter(pk=invitation.platform_id, active=True).first()
    if inviter and platform and invitation.role in inviter.roles_to_give(platform.pk):
        return ""
    return _("This invitation no longer holds. Ask for a new one.")


def _claim(invitation: Invitation) -> None:
    """Use the link up; of several at the same time, one gets through."""
    now = timezone.now()
    mine = Invitation.objects.filter(pk=invitation.pk, digest=invitation.digest)
    if mine.open_at(now).update(accepted_at=now) != 1:
        invitation.refresh_from_db()
        raise NotAccepted(_spent(invitation, now) or _("A newer mail has replaced this link."))
    if no_right := _no_right(invitation):
        raise NotAccepted(no_right)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _open_still(invitation: Invitation) -> models.QuerySet[Invitation]:
    rows: models.QuerySet[Invitation] = Invitation.objects.filter(
        pk=invitation.pk, accepted_at=None, revoked_at=None
    )
    return rows


def _record(actor: Actor, action: Action, invitation: Invitation) -> None:
    audit.record(
        actor,
        action,
        invitation,
        platform_id=invitation.platform_id,
        after={
            "email": invitation.email,
            "role": invitation.role,
            "expires_at": invitation.expires_at.isoformat(),
        },
    )
