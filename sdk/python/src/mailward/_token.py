"""Where a token comes from, and where one is kept that signing up gave: ``~/.mailward/token``, for its owner alone."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

from ._errors import MailwardError


def usual_file() -> Path:
    """The usual place."""
    return Path.home() / ".mailward" / "token"


def kept_token(file: Path, base_url: str) -> str | None:
    """The token that is kept for a service; None where there is none, or one of another service."""
    try:
        mode = file.stat().st_mode
        text = file.read_text("utf-8")
    except FileNotFoundError:
        return None
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise MailwardError(
            f"others may read {file}",
            code="token_file_exposed",
            fix=f"chmod 600 {file}, and rotate the token if somebody else may have read it",
        )
    token, _, service = text.partition("\n")
    # A token is told to the service that gave it, and to no other.
    if service.strip() and service.strip() != base_url:
        return None
    return token.strip() or None


def keep_token(file: Path, base_url: str, token: str) -> None:
    """Keeps a token: either the old file is there, or the whole new one."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{secrets.token_hex(6)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(f"{token}\n{base_url}\n")
    os.replace(beside, file)
