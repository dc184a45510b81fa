"""What can go wrong: each fault by its name in a script, as Bedrock itself fails."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import msgspec

FaultKind: TypeAlias = Literal[
    # answered with an HTTP error
    "throttle",
    "model_not_ready",
    "service_unavailable",
    "internal_error",
    "model_error",
    "model_timeout",
    "access_denied",
    "not_found",
    "legacy",
    "expired_token",
    "too_long",
    "validation",
    # an exception inside the stream
    "stream_throttle",
    "stream_error",
    "stream_unavailable",
    "stream_internal",
    "stream_validation",
    # a broken stream
    "empty",
    "cut",
    "no_stop",
    "no_usage",
    "stall",
    "reset",
    "bad_crc",
    # a model that writes broken JSON
    "bad_json",
]


class HttpFault(msgspec.Struct, frozen=True):
    """An error that Bedrock answers instead of a model's words."""

    status: int
    error: str
    """The exception's name, as in the header `x-amzn-ErrorType`."""
    message: str


HTTP_FAULTS: Mapping[str, HttpFault] = {
    "throttle": HttpFault(429, "ThrottlingException", "Too many requests, please wait before trying again."),
    "model_not_ready": HttpFault(
        429, "ModelNotReadyException", "The model is not ready for inference requests. Retry your request."
    ),
    "service_unavailable": HttpFault(
        503, "ServiceUnavailableException", "Bedrock is unable to process your request."
    ),
    "internal_error": HttpFault(
        500, "InternalServerException", "The system encountered an unexpected error during processing."
    ),
    "model_error": HttpFault(
        424, "ModelErrorException", "The model returned an unexpected error while it processed the request."
    ),
    "model_timeout": HttpFault(
        408, "ModelTimeoutException", "The model took too long to process the request."
    ),
    "access_denied": HttpFault(
        403, "AccessDeniedException", "You don't have access to the model with the specified model ID."
    ),
    "not_found": HttpFault(404, "ResourceNotFoundException", "The requested resource was not found."),
    "legacy": HttpFault(
        404,
        "ResourceNotFoundException",
        "Access denied. This Model is marked by provider as Legacy and you have not been actively using the "
        "model in the last 30 days. Please upgrade to an active model on Amazon Bedrock",
    ),
    "expired_token": HttpFault(
        403, "ExpiredTokenException", "The security token included in the request is expired"
    ),
    "too_long": HttpFault(400, "ValidationException", "Input is too long for requested model."),
    "validation": HttpFault(400, "ValidationException", "Malformed input request, please reformat it."),
}

STREAM_FAULTS: Mapping[str, tuple[str, str]] = {
    "stream_throttle": ("throttlingException", "throttle"),
    "stream_error": ("modelStreamErrorException", "model_error"),
    "stream_unavailable": ("serviceUnavailableException", "service_unavailable"),
    "stream_internal": ("internalServerException", "internal_error"),
    "stream_validation": ("validationException", "validation"),
}
"""The exception's name in a stream, and the HTTP fault that a call without a stream gets for it."""
