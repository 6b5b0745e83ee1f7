"""The release, sent as part of the User-Agent."""

__version__ = "0.1.0"
