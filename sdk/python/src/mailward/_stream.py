"""Events of an inbox as they happen: server-sent events (WHATWG HTML 9.2), again and again from where the last one ended."""

from __future__ import annotations

import http.client
import json
import random
import time
from collections.abc import Iterator

from ._errors import MailwardError
from ._http import Transport
from ._types import Event, stream_event

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
#: A service that is there says something every half minute at the latest; after this silence, in seconds, it is not.
_SILENCE = 90.0
#: Bytes of one line, so that no server fills the memory.
_MOST_BYTES = 64 * 1024 * 1024


def follow(transport: Transport, inbox: str, after: str | None) -> Iterator[Event]:
    """Follows an inbox until the caller stops, or the service refuses."""
    failed = 0
    while True:
        try:
            with transport.open("streamEvents", {"id": inbox}, {"after": after}, _SILENCE) as answer:
                data = ""
                while line := answer.readline(_MOST_BYTES):
                    text = line.decode().rstrip("\r\n")
                    if text.startswith("data:"):
                        data += text[5:].removeprefix(" ")
                    elif not text and data:
                        event, data, failed = stream_event(json.loads(data)), "", 0
                        # Before it is handed out: who stops here and comes back was told of it.
                        after = event.id
                        yield event
        except MailwardError as error:
            # What is refused for good stays so; all else may be over in a moment.
            if error.status is not None and error.status < 500 and error.status not in (408, 425, 429):
                raise
            failed += 1
        except (OSError, http.client.HTTPException):
            failed += 1
        time.sleep(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failed) * random.uniform(0.5, 1))
