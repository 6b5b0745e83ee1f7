"""How the demo runs, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(Exception):
    """The environment says something impossible; the text names all of it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the demo listens and keeps its data, and how large its world is.

    `port` is Zeroten's; the product's page is on the next one. The world's size counts only when
    the data folder has no demo project yet.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    accounts: int = 40
    users: int = 1500
    days: int = 180

    @property
    def product_port(self) -> int:
        """The port of the demo product's page."""
        return self.port + 1

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the demo."""
        return self.host in LOOPBACK

    @property
    def url(self) -> str:
        """Zeroten's address as this machine reaches it."""
        return f"http://{self._reachable_host}:{self.port}"

    @property
    def product_url(self) -> str:
        """The address of the demo product as this machine reaches it."""
        return f"http://{self._reachable_host}:{self.product_port}"

    @property
    def origins(self) -> list[str]:
        """The pages that may ask: the product's own; any page when others can reach it.

        By which name others come is unknown, and an empty list in a demo project allows all.
        """
        if not self.is_local:
            return []
        hosts = dict.fromkeys((self._reachable_host, "127.0.0.1", "localhost"))
        return [f"http://{host}:{self.product_port}" for host in hosts]

    @property
    def _reachable_host(self) -> str:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"[{host}]" if ":" in host else host

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read PORT, HOST, ZEROTEN_DATA and ZEROTEN_DEMO_{ACCOUNTS,USERS,DAYS}.

        Raises:
            SettingsError: naming every variable at fault at once.
        """
        faults: list[str] = []

        def whole(name: str, default: int, least: int, most: int) -> int:
            text = environ.get(name, "")
            if text and (not text.isdecimal() or not least <= int(text) <= most):
                faults.append(f"{name} must be a whole number from {least} to {most}")
                return default
            return int(text or default)

        settings = cls(
            data_dir=Path(environ.get("ZEROTEN_DATA") or "var").resolve(),
            host=environ.get("HOST") or "127.0.0.1",
            port=whole("PORT", 8000, 1, 65_534),
            accounts=whole("ZEROTEN_DEMO_ACCOUNTS", 40, 1, 1_000),
            users=whole("ZEROTEN_DEMO_USERS", 1500, 1, 100_000),
            days=whole("ZEROTEN_DEMO_DAYS", 180, 2, 360),
        )
        if settings.users < settings.accounts:
            faults.append("ZEROTEN_DEMO_USERS must not be below ZEROTEN_DEMO_ACCOUNTS")
        if faults:
            raise SettingsError("Set right in the environment: " + "; ".join(faults) + ".")
        return settings
