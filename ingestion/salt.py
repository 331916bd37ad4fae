"""Identities as salted hashes: the same person is the same hash on this data folder, and nothing leads back."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from ingestion.errors import StopConnection

SALT_BYTES = 32
HASH_CHARACTERS = 32


def load_salt(data: Path) -> bytes:
    """The 32 random bytes of `<data>/salt`, made on the first call with rights 0600 and never changed afterwards.

    Safe against kills and other threads or processes: the file appears complete or not at all, and the first one wins.
    Raises StopConnection where it cannot be read or written, or is damaged (a new one would give everybody a new hash).
    """
    path = data / "salt"
    try:
        if not path.exists():
            _create(path)
        salt = path.read_bytes()
    except OSError as error:
        cure = f"give the account that runs Flowlight the right to read and write {data}"
        raise StopConnection(f"{path}: cannot be read or written ({error.strerror})", cure) from None
    if len(salt) != SALT_BYTES:
        cure = "restore it from a backup; if there is none, remove it together with the landing zone and load anew"
        raise StopConnection(f"{path}: holds {len(salt)} bytes instead of {SALT_BYTES}", cure)
    return salt


def hashed(salt: bytes, kind: str, value: str) -> str:
    """An identity as 32 hexadecimal digits (HMAC-SHA-256). `kind` keeps uses apart: no member is a respondent."""
    return hmac.new(salt, f"{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()[:HASH_CHARACTERS]


def _create(path: Path) -> None:
    """Write a new salt under another name and link it to its own, unless somebody else was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".salt.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(SALT_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            return
    finally:
        temporary.unlink(missing_ok=True)
