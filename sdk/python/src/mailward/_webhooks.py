"""Calls of webhooks: who receives them checks their signature before believing a word (Standard Webhooks)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from ._errors import SignatureError


def verify_webhook(
    body: bytes | str,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    *,
    tolerance: float = 300,
    now: float | None = None,
) -> dict[str, Any]:
    """Checks a call with the endpoint's secret, and reads it.

    Give the body as it came: parsed and written again it is another. While a secret is being rotated, give both.
    ``tolerance`` is how many seconds a call may be old, or ahead.
    """
    given = {name.lower(): value for name, value in headers.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    message, timestamp, signatures = (given.get(name) for name in names)
    if not (message and timestamp and signatures):
        raise _refused("a header of the signature is missing")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise _refused("the call's time is wrong")
    if abs((time.time() if now is None else now) - int(timestamp)) > tolerance:
        raise _refused("the call is too old or its time is wrong")
    raw = body.encode() if isinstance(body, str) else body
    signed = f"{message}.{timestamp}.".encode() + raw
    secrets = [secret] if isinstance(secret, str) else list(secret)
    expected = [hmac.digest(_key(one), signed, hashlib.sha256) for one in secrets]
    for one in signatures.split(" "):
        if not one.startswith("v1,"):
            continue
        try:
            digest = base64.b64decode(one[3:], validate=True)
        except binascii.Error:
            continue
        if any([hmac.compare_digest(digest, known) for known in expected]):
            event: dict[str, Any] = json.loads(raw)
            return event
    raise _refused("the signature does not hold")


def _key(secret: str) -> bytes:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    if not key:
        raise ValueError("the secret is empty")
    return key


def _refused(message: str) -> SignatureError:
    return SignatureError(
        message, code="invalid_signature", fix="answer 400 and do nothing of what it says"
    )
