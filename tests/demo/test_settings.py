"""What the environment may say to the demo."""

import pytest

from demo.settings import Settings, SettingsError


def test_without_a_word_the_demo_is_local_on_port_8000():
    settings = Settings.from_env({})

    assert (settings.url, settings.product_url) == (
        "http://127.0.0.1:8000",
        "http://127.0.0.1:8001",
    )
    assert settings.data_dir.name == "var"
    assert settings.origins == ["http://127.0.0.1:8001", "http://localhost:8001"]


def test_a_demo_that_others_can_reach_allows_pages_of_any_name():
    settings = Settings.from_env({"HOST": "0.0.0.0"})

    assert settings.origins == []
    assert settings.url == "http://127.0.0.1:8000"


def test_an_address_of_version_six_stands_in_brackets():
    assert Settings.from_env({"HOST": "::1", "PORT": "9000"}).url == "http://[::1]:9000"


@pytest.mark.parametrize("port", ["0", "65535", "http", "-1"])
def test_a_port_needs_another_one_behind_it(port):
    with pytest.raises(SettingsError, match="PORT must be a whole number from 1 to 65534"):
        Settings.from_env({"PORT": port})


def test_all_faults_are_told_at_once():
    wrong = {"PORT": "x", "ZEROTEN_DEMO_USERS": "0", "ZEROTEN_DEMO_DAYS": "1"}

    with pytest.raises(SettingsError) as told:
        Settings.from_env(wrong)

    assert all(name in str(told.value) for name in wrong)


def test_a_world_has_at_least_as_many_users_as_accounts():
    with pytest.raises(SettingsError, match="ZEROTEN_DEMO_ACCOUNTS"):
        Settings.from_env({"ZEROTEN_DEMO_USERS": "10"})
