"""One request to the service: its headers, its time, whether and when it is made again, and its error."""

from __future__ import annotations

import http.client
import json
import random
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import Any, Mapping

from ._errors import MailwardError, NoAnswerError, error_of
from ._operations import OPERATIONS, Operation

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
#: Who is told to wait longer than this, in seconds, is told so by an error.
_LONGEST_RETRY_AFTER = 60.0
#: What an attachment may have at most, in bytes, so that no server fills the memory.
_MOST_BYTES = 256 * 1024 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A token goes to the service that it is for, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Transport:
    """Makes requests with one token."""

    def __init__(self, base_url: str, token: str | None, timeout: float, retries: int) -> None:
        self.base_url = base_url.rstrip("/")
        self._token = token
        self._timeout = timeout
        self._retries = retries
        self._opener = urllib.request.build_opener(_NoRedirects)

    def call(
        self,
        name: str,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """The answer's JSON; None where the answer is that there is nothing (204)."""
        operation = OPERATIONS[name]
        url = self.base_url + _path(operation, path or {}) + _query(operation, query or {})
        headers = {"Accept": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=headers, method=operation.method)
        tried = 0
        while True:
            try:
                status, answer = self._once(request, self._timeout if timeout is None else timeout)
                return None if status == 204 else _read(status, answer)
            except MailwardError as error:
                is_safe = operation.method in ("GET", "DELETE") or idempotency_key is not None
                pause = _pause_after(error, is_safe, tried) if tried < self._retries else None
                if pause is None:
                    raise
            time.sleep(pause)
            tried += 1

    def open(self, name: str, path: Mapping[str, str | int], query: Mapping[str, Any], timeout: float) -> Any:
        """An answer that is read as it comes, once; not made again. ``timeout`` is how long it may be silent."""
        operation = OPERATIONS[name]
        url = self.base_url + _path(operation, path) + _query(operation, query)
        headers = {"Accept": "text/event-stream"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        try:
            return self._opener.open(urllib.request.Request(url, headers=headers), timeout=timeout)
        except urllib.error.HTTPError as answer:
            with answer:
                raise _problem(answer) from None

    def download(self, url: str) -> bytes:
        """The bytes at a signed link of the service, which needs no token and is given none."""
        if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
            raise ValueError("not a link of the service")
        return self._once(urllib.request.Request(url), self._timeout)[1]

    def _once(self, request: urllib.request.Request, timeout: float) -> tuple[int, bytes]:
        try:
            with self._opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.read(_MOST_BYTES)
        except urllib.error.HTTPError as answer:
            with answer:
                raise _problem(answer) from None
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, urllib.error.URLError) else error
            raise NoAnswerError(
                f"no answer from the service: {reason}",
                code="connection_error",
                fix="see that base_url is right and the service runs",
            ) from error


def _read(status: int, answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        raise NoAnswerError(
            "what answered is not the service", code="connection_error", status=status
        ) from None


def _pause_after(error: MailwardError, is_safe: bool, tried: int) -> float | None:
    """Seconds until the next try; None: there shall be none."""
    # Who was refused for asking too often was not served, whatever was asked.
    was_not_done = error.status == 429
    may_pass = isinstance(error, NoAnswerError) or error.status in (408, 502, 503, 504)
    if not (was_not_done or (is_safe and may_pass)):
        return None
    if error.retry_after is not None:
        # A little later than told, and not all at once.
        told = error.retry_after + random.uniform(0, _FIRST_PAUSE)
        return told if error.retry_after <= _LONGEST_RETRY_AFTER else None
    return random.uniform(0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tried))


def _path(operation: Operation, values: Mapping[str, str | int]) -> str:
    def place(match: re.Match[str]) -> str:
        value = str(values[match[1]])
        if not value:
            raise ValueError(f"{match[1]} is missing")
        return urllib.parse.quote(value, safe="")

    return re.sub(r"\{(\w+)\}", place, operation.path)


def _query(operation: Operation, values: Mapping[str, Any]) -> str:
    unknown = set(values) - set(operation.query)
    if unknown:
        raise TypeError(f"unknown: {', '.join(sorted(unknown))}")
    known = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in values.items()
        if value is not None
    }
    return f"?{urllib.parse.urlencode(known)}" if known else ""


def _problem(answer: urllib.error.HTTPError) -> MailwardError:
    try:
        body = json.loads(answer.read(1024 * 1024))
    except (ValueError, OSError, http.client.HTTPException):
        body = None
    try:
        retry_after: float | None = float(answer.headers.get("Retry-After") or "")
    except ValueError:
        retry_after = None
    return error_of(answer.code, body, retry_after)
