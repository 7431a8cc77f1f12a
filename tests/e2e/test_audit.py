"""Every kind of damage is planted into a finished project, and the audit finds it: files, ledger, bills."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from tests.command_line import QUICKSTART, REPOSITORY, CommandLine

HOUR_US = 3600 * 10**6
CAMPAIGN = """
seedpipe: 1
name: small
model: bytedance/seedream-v4/sequential
brand: brands/aurora.yaml
matrix:
  market: [us, de]
series:
  hero:
    prompt: "a {{ brand.name }} lamp for {{ market }}, a series of 2 images"
    input: {size: 1024*1024, max_images: 2}
  bad:
    over: []
    prompt: "a vase [sandbox: fail 5003]"
    model: bytedance/seedream-v4
    input: {size: 1024*1024}
policy: {service_retries: 0}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project after one proof: two sets are done, one job failed and was refunded."""
    home = tmp_path_factory.mktemp("finished")
    project = home / "project"
    shutil.copytree(QUICKSTART / "brands", project / "brands")
    (project / ".seedpipe").mkdir()
    (project / "campaign.yaml").write_text(CAMPAIGN)
    seedpipe = CommandLine(project, {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "dumb"})
    seedpipe.run("run", "campaign.yaml", code=1)
    return project


@pytest.fixture
def project(finished, tmp_path, environment):
    shutil.copytree(finished, tmp_path / "project")
    return CommandLine(tmp_path / "project", environment)


def ledger(project, *statements):
    _sql(project.project / ".seedpipe" / "proof" / "ledger.sqlite3", *statements)


def book(project, *statements):
    _sql(project.project / ".seedpipe" / "proof" / "sandbox" / "sandbox.sqlite", *statements)


def _sql(file, *statements):
    with closing(sqlite3.connect(file)) as db, db:
        for statement in statements:
            db.execute(statement)


def an_object(project):
    return next((project.project / ".seedpipe" / "proof" / "objects").iterdir())


def an_image(project):
    return next((project.project / "out" / "small-proof").rglob("*.jpg"))


def audited(project, *arguments, code=1):
    return json.loads(project.run("audit", "--json", *arguments, code=code).stdout)


def kinds(document):
    return {found["kind"] for found in document["discrepancies"]}


def test_a_project_that_was_left_alone_is_clean(project):
    said = audited(project, code=0)
    assert said["clean"]
    assert said["checked"] == {"attempts": 3, "objects": 4, "files": 4, "published": 0}
    assert said["bills"] == {
        "bills": 4,
        "planned_usd": "0.108",
        "billed_usd": "0.108",
        "moderated_usd": "0.00",
        "waiting": 0,
        "tasks_of_others": 0,
    }
    text = project.run("audit")
    assert "no discrepancies" in text.stdout
    assert "planned $0.108, billed $0.108" in text.stdout


def flip_a_bit(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.unlink()
    file.write_bytes(content)


def charge_again(project):
    """Bill a set twice; what failed would be given back twice, too."""
    book(
        project,
        "INSERT INTO charges SELECT NULL, prediction_id, model, usd, inputs, at_us"
        " FROM charges WHERE usd = '0.054' LIMIT 1",
    )


def age(project):
    ledger(
        project,
        f"UPDATE attempts SET accepted_at = accepted_at - {HOUR_US}",
        f"UPDATE attempts SET finished_at = finished_at - {4 * HOUR_US}",
    )


def lose_a_bill(project):
    age(project)
    book(
        project,
        "DELETE FROM charges WHERE number = (SELECT min(number) FROM charges WHERE model LIKE '%seq%')",
    )


def keep_the_refund(project):
    age(project)
    book(project, "UPDATE tasks SET latency_s = latency_s + 1e6 WHERE fail_code IS NOT NULL")


def doubt_a_billed_task(project):
    """The answer of a request was lost, and the ledger never learnt what the service billed."""
    job = "(SELECT job_id FROM attempts WHERE phase = 'done' LIMIT 1)"
    ledger(
        project,
        "DROP TRIGGER events_are_kept",
        f"DELETE FROM outputs WHERE attempt_no = (SELECT attempt_no FROM attempts WHERE job_id = {job})",
        f"DELETE FROM events WHERE job_id = {job} AND event <> 'intent_recorded'",
        "INSERT INTO events (at, job_id, number, event, phase)"
        f" SELECT at, job_id, number, 'unknown', 'in_doubt' FROM events WHERE job_id = {job}",
        f"UPDATE attempts SET phase = 'in_doubt', prediction_id = NULL WHERE job_id = {job}",
    )


PLANTED = {
    "object_missing": lambda project: an_object(project).unlink(),
    "object_damaged": lambda project: flip_a_bit(an_object(project)),
    "file_missing": lambda project: an_image(project).unlink(),
    "file_damaged": lambda project: flip_a_bit(an_image(project)),
    "account_off": lambda project: ledger(
        project, "UPDATE accounts SET committed_micros = committed_micros + 1 WHERE kind = 'campaign'"
    ),
    "history_broken": lambda project: ledger(
        project, "UPDATE attempts SET phase = 'lost' WHERE phase = 'done'"
    ),
    "record_incomplete": lambda project: ledger(project, "DELETE FROM outputs WHERE position = 1"),
    "unbilled": lose_a_bill,
    "billed_twice": charge_again,
    "price_differs": lambda project: book(project, "UPDATE charges SET usd = '0.06' WHERE usd = '0.054'"),
    "not_refunded": keep_the_refund,
    "billed_unknown": doubt_a_billed_task,
}


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_damage_is_found_and_nothing_else(project, kind):
    PLANTED[kind](project)
    said = audited(project)
    assert kinds(said) == {kind}
    assert all(found["message"] and found["advice"] for found in said["discrepancies"])


def test_the_text_names_the_job_and_what_to_do(project):
    charge_again(project)
    result = project.run("audit", code=1)
    assert "1 discrepancy" in result.stdout
    assert "billed it 2 times, $0.108 for $0.054" in result.stdout
    assert "seedpipe show JOB" in result.stderr


def test_without_bills_nobody_is_asked(project):
    charge_again(project)
    said = audited(project, "--no-bills", code=0)
    assert said["bills"] is None
    assert "were not checked" in said["remarks"][0]


def test_images_that_are_elsewhere_are_not_called_missing(project):
    shutil.move(project.project / "out" / "small-proof", project.project / "elsewhere")
    said = audited(project, code=0)
    assert (said["checked"]["files"], said["clean"]) == (0, True)
    assert "--out" in said["remarks"][0]
    assert audited(project, "--out", "elsewhere", code=0)["checked"]["files"] == 4


def test_before_any_run_there_is_nothing_to_audit(seedpipe):
    assert "no run here yet" in seedpipe.run("audit", code=2).stderr


@pytest.fixture
def live(project):
    """The same project after a live run against a sandbox of its own, which is gone again."""
    project.environment["WAVESPEED_API_KEY"] = "k"
    with project.sandbox("--state", project.project / "service") as address:
        live = ("run", "campaign.yaml", "--live", "--yes", "--budget", "1", "--base-url", address)
        project.run(*live, code=1)
    return project, address


def test_a_service_that_is_away_is_a_warning(live):
    project, address = live
    said = audited(project, "--live", "--base-url", address, code=0)
    assert (said["bills"], said["origin"]) == (None, address)
    assert "were not checked" in said["remarks"][0]


def test_the_key_goes_to_no_origin_that_only_a_ledger_names(live):
    project, address = live
    said = audited(project, "--live", code=0)
    assert f"--base-url {address}" in said["remarks"][0]
    del project.environment["WAVESPEED_API_KEY"]
    said = audited(project, "--live", "--base-url", address, code=0)
    assert "WAVESPEED_API_KEY" in said["remarks"][0]


def test_what_was_spent_is_told_by_brand_campaign_month_and_market(live):
    project, address = live
    for by, keys in {
        "campaign": ["small"],
        "brand": ["Aurora"],
        "market": ["de", "us"],
    }.items():
        said = json.loads(project.run("spend", "--by", by, "--base-url", address, "--json").stdout)
        assert [line["key"] for line in said["lines"]] == keys
        assert said["total"] == {"requests": 2, "images": 4, "spent_usd": "0.108", "reserved_usd": "0.00"}
    table = project.run("spend", "--by", "month", "--base-url", address, "--csv").stdout
    (row,) = csv.DictReader(io.StringIO(table))
    assert (row["requests"], Decimal(row["spent_usd"])) == ("2", Decimal("0.108"))
    assert "$0.108" in project.run("spend", "--by", "market", "--base-url", address).stdout
    assert (
        "did you mean 'market'" in project.run("spend", "--by", "markt", "--base-url", address, code=2).stderr
    )


def test_proofs_count_only_when_asked_for(project):
    assert "nothing was spent yet" in project.run("spend").stdout
    assert "$0.108" in project.run("spend", "--proof").stdout


PARTS = """
seedpipe: 1
name: parts
model: bytedance/seedream-v4
variables: {light: day}
matrix: {market: [us, de, at]}
series:
  hero:
    prompt: "a lamp for {{ market }} by {{ light }}"
    input: {size: 1024*1024}
profiles:
  draft: {variables: {light: candle}}
"""


@pytest.fixture
def parts(seedpipe):
    (seedpipe.project / "campaign.yaml").write_text(PARTS)
    seedpipe.run("run", "campaign.yaml")
    return seedpipe


def missing(project, code=1):
    said = audited(project, "--no-bills", code=code)
    return said["checked"]["files"], [found["subject"] for found in said["discrepancies"]]


def test_a_run_of_a_profile_hides_no_image_of_the_campaign_itself(parts):
    parts.run("run", "campaign.yaml", "--profile", "draft")
    assert missing(parts, code=0) == (6, [])
    for folder in ("parts-proof", "parts@draft-proof"):
        (parts.project / "out" / folder / "hero" / "de-1.jpg").unlink()
    assert missing(parts) == (6, ["hero/de-1.jpg"] * 2)
    said = parts.run("audit", "--no-bills", code=1).stdout
    assert "the image is not there, in out/parts@draft-proof" in said


def test_a_run_of_a_part_hides_no_image_of_the_rest(parts):
    edited = PARTS.replace("a lamp", "a candle")
    (parts.project / "campaign.yaml").write_text(edited)
    parts.run("run", "campaign.yaml", "--select", "market=us")
    parts.run("run", "campaign.yaml", "--select", "market=de", "--limit", "1")
    assert missing(parts, code=0) == (3, [])
    hero = parts.project / "out" / "parts-proof" / "hero"
    (hero / "at-1.jpg").unlink()
    (hero / "us-1.jpg").unlink()
    assert missing(parts) == (3, ["hero/us-1.jpg", "hero/at-1.jpg"])


def test_each_folder_is_looked_at(parts):
    parts.run("run", "campaign.yaml", "--select", "market=us", "--out", "other")
    assert missing(parts, code=0) == (4, [])
    for folder in ("other", "out/parts-proof"):
        (parts.project / folder / "hero" / "us-1.jpg").unlink()
    assert missing(parts) == (4, ["hero/us-1.jpg"] * 2)
    said = parts.run("audit", "--no-bills", code=1).stdout
    assert "the image is not there, in other" in said
    assert "the image is not there, in out/parts-proof" in said


def test_only_the_newest_whole_plan_counts(parts):
    (parts.project / "campaign.yaml").write_text(PARTS.replace(", at", ""))
    parts.run("run", "campaign.yaml")
    (parts.project / "out" / "parts-proof" / "hero" / "at-1.jpg").unlink()
    assert missing(parts, code=0) == (2, [])


def test_what_is_not_whole_yet_is_not_missing(parts):
    """A run gave up on one image of a set: none of it is in its place before all are here."""
    sets = PARTS.replace("seedream-v4\n", "seedream-v4/sequential\n").replace(
        "1024*1024", "1024*1024, max_images: 2"
    )
    (parts.project / "campaign.yaml").write_text(sets.replace("a lamp", "a series of 2 images of a lamp"))
    parts.run("run", "campaign.yaml")
    at_ms = "(SELECT max(attempt_no) FROM attempts)"
    ledger(
        parts,
        f"UPDATE attempts SET phase = 'fetching' WHERE attempt_no = {at_ms}",
        f"DELETE FROM outputs WHERE position = 1 AND attempt_no = {at_ms}",
    )
    said = audited(parts, "--no-bills")
    assert "file_missing" not in kinds(said)
    assert said["checked"]["files"] == 4
    assert json.loads(parts.run("status", "--json").stdout)["missing_files"] == 0
