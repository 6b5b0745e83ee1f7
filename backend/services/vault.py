"""Keeps secrets that must be read again (signing keys) encrypted at rest."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

KEY_FILE: Final = "encryption.key"
_MOST_OFTEN: Final = 1_000


class Vault:
    """Encrypts with the first key and decrypts with any, so that keys can be rotated."""

    def __init__(self, encryption_keys: tuple[str, ...]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in encryption_keys])
        self._often: dict[bytes, str] = {}

    @classmethod
    def open(cls, encryption_keys: tuple[str, ...], data_dir: Path) -> Vault:
        """Open with the given keys, else with the data folder's own, made at first use."""
        return cls(encryption_keys or (_own_key(data_dir / KEY_FILE),))

    def encrypt(self, secret: str) -> bytes:
        """Return the encrypted form of `secret`."""
        return self._fernet.encrypt(secret.encode())

    def decrypt(self, encrypted: bytes) -> str:
        """Return the secret.

        Raises:
            ValueError: none of the keys opens it; the text says what to do.
        """
        try:
            return self._fernet.decrypt(encrypted).decode()
        except InvalidToken:
            raise ValueError("ENCRYPTION_KEYS lacks the key this was encrypted with") from None

    def decrypt_often(self, encrypted: bytes) -> str:
        """Return a secret that every request needs, remembered by its encrypted form.

        Raises:
            ValueError: as `decrypt` does.
        """
        known = self._often.get(encrypted)
        if known is None:
            if len(self._often) >= _MOST_OFTEN:
                self._often.clear()
            known = self._often[encrypted] = self.decrypt(encrypted)
        return known


def new_key() -> str:
    """Return a new value for ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()


def _own_key(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(new_key())
    return path.read_text().strip()
