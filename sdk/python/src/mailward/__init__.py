"""Client of Mailward: e-mail for AI agents, isolated per tenant, screened for prompt injection."""

from ._client import Mailward
from ._email import Email
from ._errors import (
    AddressCollisionError,
    AuthenticationError,
    ConflictError,
    InvalidRequestError,
    LockedError,
    MailwardError,
    NoAnswerError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    RateLimitError,
    ServiceError,
    SignatureError,
)
from ._inbox import Inbox
from ._page import Page
from ._types import Account, Attachment, AttachmentLink, Finding, Key, SafeEmail, Security, Thread, Webhook
from ._webhooks import verify_webhook

__all__ = [
    "Account",
    "AddressCollisionError",
    "Attachment",
    "AttachmentLink",
    "AuthenticationError",
    "ConflictError",
    "Email",
    "Finding",
    "Inbox",
    "InvalidRequestError",
    "Key",
    "LockedError",
    "Mailward",
    "MailwardError",
    "NoAnswerError",
    "NotFoundError",
    "Page",
    "PermissionDeniedError",
    "QuotaError",
    "RateLimitError",
    "SafeEmail",
    "Security",
    "ServiceError",
    "SignatureError",
    "Thread",
    "Webhook",
    "verify_webhook",
]
