"""docs/security.md tells a reviewer of every table what is in it."""

from pathlib import Path

from backend.storage.models import Base

PAGE = Path(__file__).parent.parent / "docs" / "security.md"


def test_every_table_is_in_what_is_kept():
    kept = PAGE.read_text().partition("## What is kept")[2].partition("\n## ")[0]
    assert [name for name in Base.metadata.tables if f"`{name}`" not in kept] == []
