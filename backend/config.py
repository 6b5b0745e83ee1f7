"""Everything that can be set from outside, read from the environment in one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from backend.domain.origins import canonical

# Names of this machine that no other can be reached by.
LOOPBACK = ("127.0.0.1", "::1", "localhost")

_ROOT = Path(__file__).resolve().parent.parent
_REDIS_SCHEMES = ("redis://", "rediss://", "redis+unix://")
_USAGE_SCHEMES = ("clickhouse://", "clickhouses://", "chdb://")


class ConfigError(Exception):
    """The environment lacks something or says something impossible; the text names all of it."""


@dataclass(frozen=True, slots=True)
class Config:
    """How this process runs.

    `database_url` empty means the embedded SQLite file in `data_dir`, `usage_url` empty that usage
    rows are kept in the main database too.
    """

    data_dir: Path = Path("var")
    database_url: str = ""
    encryption_keys: tuple[str, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 8
    processes: int = 2
    trusted_proxies: int = 0
    usage_url: str = ""
    rate_limits: bool = True
    redis_url: str = ""
    log_level: str = "INFO"
    jobs_in_process: bool | None = None
    public_url: str = ""
    insecure_cookies: bool = False
    widget_dir: Path = field(default_factory=lambda: _ROOT / "widget" / "dist")

    @property
    def address(self) -> str:
        """Where people reach the dashboard; links begin with it."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def is_behind_tls(self) -> bool:
        """True when browsers reach us by https."""
        return self.public_url.startswith("https://")

    @property
    def url(self) -> str:
        """The SQLAlchemy address of the database, with the driver named."""
        if not self.database_url:
            return f"sqlite:///{self.data_dir.resolve() / 'zeroten.db'}"
        for scheme in ("postgres://", "postgresql://"):
            if self.database_url.startswith(scheme):
                return "postgresql+psycopg://" + self.database_url.removeprefix(scheme)
        return self.database_url

    @property
    def is_embedded(self) -> bool:
        """True when one SQLite file holds everything and one server process owns it."""
        return self.url.startswith("sqlite")

    @property
    def runs_jobs(self) -> bool:
        """Whether the server process runs the jobs itself: always so when embedded."""
        return self.is_embedded if self.jobs_in_process is None else self.jobs_in_process

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Config:
        """Read the configuration.

        Raises:
            ConfigError: naming every variable at fault at once.
        """
        reader = _Reader(environ)
        config = cls(
            data_dir=Path(environ.get("ZEROTEN_DATA") or "var"),
            database_url=environ.get("DATABASE_URL", ""),
            encryption_keys=tuple(
                key for key in environ.get("ENCRYPTION_KEYS", "").split(",") if key
            ),
            host=environ.get("HOST") or "127.0.0.1",
            port=reader.whole("PORT", 8000, 0, 65_535),
            threads=reader.whole("WEB_THREADS", 8, 1, 256),
            processes=reader.whole("WEB_PROCESSES", 2, 1, 64),
            trusted_proxies=reader.whole("TRUSTED_PROXIES", 0, 0, 20),
            usage_url=environ.get("USAGE_URL", ""),
            rate_limits=reader.flag("RATE_LIMITS") is not False,
            redis_url=environ.get("REDIS_URL", ""),
            log_level=(environ.get("LOG_LEVEL") or "INFO").upper(),
            jobs_in_process=reader.flag("JOBS_IN_PROCESS"),
            public_url=reader.address("PUBLIC_URL"),
            insecure_cookies=reader.flag("INSECURE_COOKIES") is True,
        )
        if config.insecure_cookies and config.host not in LOOPBACK:
            reader.faults.append("INSECURE_COOKIES=1 needs HOST to be the loopback address")
        if config.log_level not in ("DEBUG", "INFO", "WARNING", "ERROR"):
            reader.faults.append("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR")
        if not config.is_embedded and not config.url.startswith("postgresql+psycopg://"):
            reader.faults.append("DATABASE_URL must begin with postgresql:// (or be left out)")
        if config.usage_url and not config.usage_url.startswith(_USAGE_SCHEMES):
            reader.faults.append(f"USAGE_URL must begin with {' or '.join(_USAGE_SCHEMES)}")
        if config.redis_url and not config.redis_url.startswith(_REDIS_SCHEMES):
            reader.faults.append(f"REDIS_URL must begin with {' or '.join(_REDIS_SCHEMES)}")
        if config.redis_url and find_spec("redis") is None:
            reader.faults.append("REDIS_URL needs `pip install 'zeroten-backend[redis]'`")
        if not config.is_embedded and not config.encryption_keys:
            reader.faults.append("ENCRYPTION_KEYS is needed with DATABASE_URL (`zeroten secret`)")
        if reader.faults:
            raise ConfigError("Set right in the environment: " + "; ".join(reader.faults) + ".")
        return config


class _Reader:
    """Reads typed values and gathers the faults, so that all can be told at once."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        text = self.environ.get(name, "")
        if not text:
            return default
        if not text.isdecimal() or not least <= int(text) <= most:
            self.faults.append(f"{name} must be a whole number from {least} to {most}")
            return default
        return int(text)

    def address(self, name: str) -> str:
        text = self.environ.get(name, "").rstrip("/")
        if text and canonical(text) is None:
            self.faults.append(f"{name} must be an origin such as https://zeroten.example.com")
        return text

    def flag(self, name: str) -> bool | None:
        text = self.environ.get(name, "").lower()
        if not text:
            return None
        if text not in ("0", "1", "true", "false", "on", "off"):
            self.faults.append(f"{name} must be 1 or 0")
        return text in ("1", "true", "on")
