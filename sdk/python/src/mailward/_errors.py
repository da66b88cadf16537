"""What can go wrong, a class for each kind of remedy."""

from __future__ import annotations

from typing import Any


class MailwardError(Exception):
    """What every failed call raises."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        status: int | None = None,
        request_id: str | None = None,
        fix: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{message} ({fix})" if fix else message)
        #: The service's stable word for it, such as ``not_found``; ``connection_error`` where no answer came.
        self.code = code
        #: The HTTP status; None where no answer came.
        self.status = status
        #: Names the request in the service's log.
        self.request_id = request_id
        #: What to do next, in a sentence.
        self.fix = fix
        #: Seconds after which it makes sense to try again.
        self.retry_after = retry_after


class InvalidRequestError(MailwardError):
    """400, 413, 415, 422: the request itself has to change."""


class AuthenticationError(MailwardError):
    """401: no valid token."""


class QuotaError(MailwardError):
    """402: a quota is used up."""


class PermissionDeniedError(MailwardError):
    """403: the token or the plan does not allow it."""


class NotFoundError(MailwardError):
    """404: it does not exist, or is somebody else's."""


class ConflictError(MailwardError):
    """409: it does not go together with what is there."""


class AddressCollisionError(ConflictError):
    """409: the address is taken."""


class LockedError(MailwardError):
    """423: the inbox or the tenant is stopped."""


class RateLimitError(MailwardError):
    """429: too often; ``retry_after`` says when again."""


class ServiceError(MailwardError):
    """5xx: the service could not; the same call may work later."""


class NoAnswerError(MailwardError):
    """No whole answer came: refused, cut off, or too late."""


class SignatureError(MailwardError):
    """A webhook call whose signature does not hold, or that is too old."""


_KINDS: dict[int, type[MailwardError]] = {
    401: AuthenticationError,
    402: QuotaError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    423: LockedError,
    429: RateLimitError,
}


def error_of(status: int, body: Any, retry_after: float | None) -> MailwardError:
    """The error of an answer."""
    said = body if isinstance(body, dict) else {}

    def text(key: str) -> str | None:
        value = said.get(key)
        return value if isinstance(value, str) else None

    code = text("error") or f"http_{status}"
    kind = _KINDS.get(status, ServiceError if status >= 500 else InvalidRequestError)
    if code == "address_collision":
        kind = AddressCollisionError
    return kind(
        text("message") or f"the service answered {status}",
        code=code,
        status=status,
        request_id=text("requestId"),
        fix=text("fix"),
        retry_after=retry_after,
    )
