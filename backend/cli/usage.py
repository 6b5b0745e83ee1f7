"""Usage moved to a store of its own: `zeroten usage copy`"""

from __future__ import annotations

import sys
from argparse import Namespace

from backend.cli.common import CliError, database, show
from backend.config import Config


def copy(config: Config, given: Namespace) -> None:
    """Copy the usage rows of the main database to USAGE_URL and compare."""
    if not config.usage_url:
        raise CliError("Set USAGE_URL to where the usage is to be kept.")
    # Imported here: the driver of the other store is an extra.
    from backend.storage.usage.clickhouse import ClickHouseUsage
    from backend.storage.usage.copy import CopyDiffersError, Progress, copy_usage

    def tell(progress: Progress) -> None:
        sys.stderr.write(f"\r{progress.copied:,} of {progress.total:,} rows")
        sys.stderr.flush()

    store = ClickHouseUsage(config.usage_url)
    try:
        with database(config) as db:
            rows = copy_usage(db, store, progress=tell)
    except CopyDiffersError as error:
        raise CliError(
            f"{error} Empty `usage_days` there, stop ingest here, start again."
        ) from error
    finally:
        store.close()
    sys.stderr.write("\n" if rows else "")
    show({"rows": rows}, given)
