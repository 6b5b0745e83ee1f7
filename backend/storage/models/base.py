"""What every table shares: named constraints, times and numbers that both databases keep alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, Integer, MetaData, String
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An instant as whole milliseconds since 1970 (SQLite has no time with zone)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MILLISECOND


class Base(DeclarativeBase):
    """Base of all models."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy as a class attribute
        datetime: UtcTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


# SQLite counts up only a column that is exactly INTEGER.
Key = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)]
KeyRef = Annotated[int, mapped_column(BigInteger().with_variant(Integer, "sqlite"))]
PublicId = Annotated[str, mapped_column(String(32), primary_key=True)]
ShortText = Annotated[str, mapped_column(String(200))]
