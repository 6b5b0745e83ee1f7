"""Runs migrations on the connection that `storage/migrate.py` (or a developer's alembic) gives."""

from alembic import context
from sqlalchemy import Connection, create_engine

from backend.config import Config
from backend.storage.models import Base
from backend.storage.models.base import UtcTime


def _render_item(kind: str, item: object, autogen_context: object) -> str | bool:
    """Write our instants as the plain numbers they are: migrations import no model."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, UtcTime) else False


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=_render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    _run(given)
else:
    config = Config.from_env()
    config.data_dir.mkdir(parents=True, exist_ok=True)
    with create_engine(config.url).begin() as own:
        _run(own)
