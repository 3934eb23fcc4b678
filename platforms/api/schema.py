"""What OpenAPI says of every view alike: its errors, and that unknown fields are refused."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from platforms.authentication import BearerTokenAuthentication

from .errors import ErrorAnswer

ERRORS = {
    "400": "A value, a parameter or the JSON is wrong.",
    "401": "No valid token and no session.",
    "403": "The caller may not do this.",
    "404": "There is no such thing, or it is not the caller's.",
    "406": "The caller accepts no JSON.",
}
ERRORS_OF_WRITES = {
    "409": "It contradicts what is there already.",
    "413": "The body is too long.",
    "415": "The body is not JSON.",
}


class ApiSchema(AutoSchema):
    """Adds what the views need not say."""

    def get_override_parameters(self) -> list[Any]:
        """Name the checked parameters of a list."""
        query = getattr(self.view, "query_class", None)
        return [query] if query and getattr(self.view, "action", "") == "list" else []

    def _get_request_body(self, direction: Any = "request") -> Any:
        body = getattr(self.view, "delete_body", None)
        if self.method != "DELETE" or body is None:
            return super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        schema = self.resolve_serializer(body, direction).ref
        return {"content": {"application/json": {"schema": schema}}, "required": True}

    def _get_response_bodies(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        responses: dict[str, Any] = super()._get_response_bodies(*args, **kwargs)
        errors = ERRORS if self.method == "GET" else {**ERRORS, **ERRORS_OF_WRITES}
        for code, description in errors.items():
            answer = self._get_response_for_code(ErrorAnswer, code)  # type: ignore[no-untyped-call]
            responses.setdefault(code, {**answer, "description": description})
        return responses

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        schema = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and getattr(serializer, "refuses_unknown", False):
            schema["additionalProperties"] = False
        return schema


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the bearer token to OpenAPI."""

    target_class = BearerTokenAuthentication
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer"}
