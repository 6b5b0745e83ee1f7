"""The command line, called as a person would."""

import pytest

from backend.cli import main
from backend.services import vault

KEYS = vault.new_key()


@pytest.fixture
def zeroten(config, db, monkeypatch, capsys):
    """Run a command on the test's database; returns its exit code, output and errors."""
    monkeypatch.setenv("ZEROTEN_DATA", str(config.data_dir))
    monkeypatch.setenv("DATABASE_URL", config.database_url)
    monkeypatch.setenv("ENCRYPTION_KEYS", KEYS)

    def run(*arguments):
        capsys.readouterr()
        code = main(arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return run
