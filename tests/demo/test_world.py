"""The data folder from start to start: keys are kept, and made anew when they are lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from backend.config import Config
from backend.domain.errors import KeyInvalidError
from backend.services import credentials, projects
from backend.storage.db import Database
from demo import announce
from demo.console import DemoError
from demo.settings import Settings
from demo.world import Keys, alone, prepare


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, accounts=2, users=10, days=10)


@pytest.fixture
def keys(settings: Settings) -> Keys:
    """The keys of the first start."""
    return prepare(settings, {})


def in_folder(settings: Settings, work: Callable[[Database], object]) -> object:
    db = Database(Config(data_dir=settings.data_dir).url)
    try:
        return work(db)
    finally:
        db.close()


def test_a_second_start_finds_the_project_and_keeps_the_keys(settings, keys):
    assert prepare(settings, asdict(keys)) == keys


def test_lost_secrets_are_made_anew_and_the_old_ones_stop(settings, keys):
    renewed = prepare(settings, {})

    assert renewed.project_id == keys.project_id
    assert renewed.publishable_key == keys.publishable_key
    assert renewed.secret_key != keys.secret_key
    assert renewed.admin_token != keys.admin_token
    with pytest.raises(KeyInvalidError):
        in_folder(
            settings,
            lambda db: credentials.secret_key_project(db, keys.secret_key, "events:write"),
        )
    assert prepare(settings, asdict(renewed)) == renewed


@pytest.mark.parametrize("name", ["secret_key", "admin_token"])
@pytest.mark.parametrize("value", [None, 7, "sk_short", "at_" + "0" * 43])
def test_secrets_that_open_nothing_are_not_kept(settings, keys, name, value):
    renewed = prepare(settings, asdict(keys) | {name: value})

    assert replace(renewed, **{name: None}) == replace(keys, **{name: None})
    assert getattr(renewed, name) not in (value, getattr(keys, name))


def test_on_another_port_the_product_may_ask_too(settings, keys):
    moved = replace(settings, port=8100)

    prepare(moved, asdict(keys))

    found = in_folder(settings, lambda db: db.transact(lambda s: projects.find(s, keys.project_id)))
    assert found.allowed_origins == [*settings.origins, *moved.origins]


def test_two_demos_never_share_a_data_folder(settings):
    with (
        alone(settings),
        pytest.raises(DemoError, match="already runs on the data folder"),
        alone(settings),
    ):
        pass


def test_an_earlier_file_is_put_aside_until_this_start_is_ready(settings, keys):
    path = announce.write(settings, keys, {})

    known = announce.take_known(settings.data_dir)

    assert not path.exists()
    assert known["secret_key"] == keys.secret_key
    assert announce.take_known(settings.data_dir) == known
    announce.write(settings, keys, {})
    assert sorted(p.name for p in settings.data_dir.glob("demo.json*")) == ["demo.json"]


def test_a_file_that_holds_nothing_useful_is_as_good_as_none(settings):
    for text in ("", "[1]", "{"):
        (settings.data_dir / announce.FILE).write_text(text)
        assert announce.take_known(settings.data_dir) == {}
