"""``/sms-gateways/<key>/webhook``: what gateways tell by themselves, signed; nobody logs in here.

The answers are the same for every refusal: they tell neither which gateways there are nor whose.
"""

import hashlib
import logging
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle

from devices import inbox, reconciliation
from devices.gateways import DRIVERS
from devices.gateways.shape import GatewayError, Heard, Reason
from devices.gateways.signatures import LARGEST
from devices.models import GatewayInbox, SmsGateway
from platforms.api import ApiView, ErrorAnswer
from platforms.api.errors import TooLarge
from platforms.audit import client_address
from platforms.keyring import KeyRingError

logger = logging.getLogger(__name__)


class Refused(APIException):
    """Whatever is wrong with a call: its address, its signature, its time."""

    status_code = 403
    default_code = "refused"
    default_detail = _("This call is not signed by a gateway of this address, or too old.")


class Taken(serializers.Serializer[Any]):
    """How much of the call was understood; what was told before counts again."""

    messages = serializers.IntegerField()
    reports = serializers.IntegerField(help_text="Delivery reports.")


class _Calls(SimpleRateThrottle):
    """So many calls to one webhook, and so many of strangers from one address."""

    rate = "600/min"

    def __init__(self, caller: str) -> None:
        self.caller = caller
        super().__init__()

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Return the counter."""
        # A digest: behind a proxy an address is what somebody wrote.
        return f"webhook-calls:{hashlib.sha256(self.caller.encode()).hexdigest()}"


class GatewayWebhook(ApiView):
    """A gateway tells of messages that came in, and of what became of those that went out."""

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ["post"]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """Answer JSON to everybody: a gateway's odd Accept must not cost a message."""
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(
        summary="Messages and delivery reports from an SMS gateway",
        auth=[],
        request={"application/json": OpenApiTypes.OBJECT},
        parameters=[
            OpenApiParameter(
                "X-Timestamp", str, OpenApiParameter.HEADER, description="Unix time in seconds."
            ),
            OpenApiParameter(
                "X-Signature",
                str,
                OpenApiParameter.HEADER,
                description="HMAC-SHA256 of body and timestamp by the signing key, hexadecimal.",
            ),
        ],
        responses={200: Taken, 429: ErrorAnswer},
    )
    def post(self, request: Request, key: str) -> Response:
        """Store what a signed call tells; 403 for any other, whatever is wrong with it."""
        # unscoped: the unguessable key is the right to come here, and the signature to be believed.
        found = GatewayInbox.objects.select_related("gateway").filter(key=key).first()
        address = str(client_address(request._request))
        throttle = _Calls(f"inbox-{found.pk}" if found is not None else f"from-{address}")
        if not throttle.allow_request(request, self):
            self.throttled(request, throttle.wait() or 1.0)
        if _announced(request) > LARGEST:
            raise TooLarge
        if found is None:
            raise Refused
        heard = _heard(found.gateway, request)
        inbox.receive(found.gateway, heard.received)
        reconciliation.report(found.gateway, heard.reports, timezone.now())
        return Response({"messages": len(heard.received), "reports": len(heard.reports)})


def _heard(gateway: SmsGateway, request: Request) -> Heard:
    driver = DRIVERS.get(gateway.driver)
    if driver is None or driver.webhook is None or not gateway.enabled:
        raise Refused
    try:
        return driver.webhook(gateway.account(), request.body, request.headers, timezone.now())
    except KeyRingError as error:
        # Its text is about a secret.
        name = type(error).__name__
        logger.error("The signing key of gateway %s cannot be read (%s).", gateway.pk, name)
        raise Refused from None
    except GatewayError as error:
        logger.warning(
            "A call to the webhook of %s was refused: %s.", gateway.pk, error.reason.value
        )
        if error.reason is Reason.SIGNATURE:
            raise Refused from None
        raise ParseError(_("The gateway of this address does not write so.")) from None


def _announced(request: Request) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else LARGEST + 1
