"""The gates before an action, by name, in the order in which they are asked. Pure."""

from django.utils.translation import gettext_lazy as _

from exporters.labelled import Labelled


class Gate(Labelled):
    """What may hold an action back; the label says so of a gate that is shut."""

    EVIDENCE = "evidence", _("It is not known that the player is bad now")
    JOB = "job", _("The job does not act on this player now")
    LATE = "late", _("It is too late: the schedule meant an earlier time")
    ACKNOWLEDGED = "acknowledged", _("Somebody took this over")
    PAUSE = "pause", _("Paused")
    HOURS = "hours", _("Outside the operating hours")
    WINDOW = "window", _("Maintenance")
    BRAKE = "brake", _("The brake is engaged: too many players are bad or unknown at once")
    BINDING = "binding", _("The player hangs on no line of a socket")
    DEVICE = "device", _("The socket cannot be commanded")
    MAINS = "mains", _("The line has no power, or has it back since a moment")
    BESIDE = "beside", _("Another player of the line is not known to be bad")
    IN_FLIGHT = "in_flight", _("An action is under way")
    COOLDOWN = "cooldown", _("It is too early after the last action")
    ATTEMPTS = "attempts", _("All attempts were used up")
    BUDGET = "budget", _("There is no room in the SMS budget")
    TEMPLATE = "template", _("The job has no command that could be sent to this socket")
    RATE = "rate", _("Others come first: few are acted on at once")
    APPROVAL = "approval", _("Nobody has approved it yet")
    REFUSED = "refused", _("The socket's command was refused")
