"""Settings: the project's name and days, and the switch that stops all asking."""

from __future__ import annotations

import re

from tests.web.conftest import words

PROJECT = "/settings/project"
OFF = "Asking is switched off for this project"


def revision(visitor):
    return re.search(r'name="revision" value="(\d+)"', visitor.get(PROJECT).text)[1]


def switch(visitor, asking, **form):
    form = {"revision": revision(visitor)} | form
    return visitor.send(f"{PROJECT}/asking", on=PROJECT, asking=asking, **form)


def configuration(client, project):
    return client.get(f"/w/{project.publishable_key}.json").json


def test_asking_is_switched_off_and_on_and_every_page_says_so(visit, client, project):
    admin = visit("admin")
    assert OFF not in admin.text("/")
    assert "off" not in configuration(client, project)

    sent = switch(admin, "off")

    assert "nobody is asked from now on" in admin.text(sent.location)
    assert OFF in admin.text("/")
    assert configuration(client, project)["off"] is True

    assert "Asking is on again." in admin.text(switch(admin, "on").location)
    assert OFF not in admin.text("/")
    assert "off" not in configuration(client, project)
    assert "project.change" in admin.text("/settings/audit")


def test_a_switch_that_somebody_else_has_turned_meanwhile_is_not_turned_again(visit):
    admin = visit("admin")
    old = revision(admin)
    switch(admin, "off")

    again = switch(admin, "on", revision=old)

    assert again.status_code == 412
    assert "Somebody else has changed this meanwhile." in words(again.text)
    assert OFF in admin.text("/")


def test_the_name_and_the_time_zone_are_changed(visit):
    admin = visit("admin")
    form = {"revision": revision(admin), "name": "Zoë’s product", "timezone": "Europe/Berlin"}

    assert admin.send(PROJECT, on=PROJECT, **form).status_code == 303

    page = admin.get(PROJECT).text
    assert 'value="Zoë’s product"' in page
    assert 'value="Europe/Berlin"' in page
    assert "Zoë’s product" in admin.text("/")


def test_a_time_zone_that_does_not_exist_is_told_at_its_field_and_nothing_is_saved(visit):
    admin = visit("admin")
    form = {"revision": revision(admin), "name": "Other", "timezone": "Mars/Olympus"}

    wrong = admin.send(PROJECT, on=PROJECT, **form)

    assert wrong.status_code == 422
    assert "Must be a time zone such as UTC or Europe/Berlin." in words(wrong.text)
    assert 'value="Mars/Olympus"' in wrong.text
    assert "Other" not in admin.text("/")


def test_an_analyst_reads_the_page_and_switches_nothing(visit):
    analyst = visit("analyst")

    assert "Switch asking off" not in analyst.get(PROJECT).text
    for path in (PROJECT, f"{PROJECT}/asking"):
        assert analyst.send(path, on="/", asking="off").status_code == 403
