"""What `eunoe doctor` promises: every setting with its origin, every problem with what to do."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from service.commands import checks
from service.embedders.build import find_prepared
from service.ops.announce import Ready
from service.settings import Kafka, Settings, Tls, keys, load_settings
from service.settings.schema import Brokers, Database, DatabaseUrl
from tests.support.catalogs import message, new_catalog, record, run_sql
from tests.support.tls import CERT, KEY
from tests.unit.commands.conftest import Cli


def states(findings: object) -> list[str]:
    """Only the states."""
    return [finding.state for finding in findings]  # type: ignore[attr-defined]


def test_every_setting_is_shown_with_its_origin(cli: Cli) -> None:
    """All names, with the source that won; secrets are not shown."""
    done = cli("doctor", "--set", "limits.batch=7", "--set", "commit.linger=2ms", EUNOE_ADMIN_TOKEN="a-token-of-16-characters")
    lines = {line.split()[0]: line for line in done.output.splitlines() if line.split()}
    assert set(keys()) <= set(lines)
    assert lines["limits.batch"].split()[1:] == ["7", "command", "line"]
    assert lines["commit.linger"].split()[1] == "0.002s"
    assert lines["admin_token"].split()[1:] == ["(set)", "environment", "EUNOE_ADMIN_TOKEN"]
    assert "a-token-of-16" not in done.output


def test_wrong_settings_are_a_problem_of_their_own(cli: Cli) -> None:
    """They are listed and nothing else is tried."""
    done = cli("doctor", "--set", "limits.batch=x")
    assert done.exit_code == 1
    assert "limits.batch='x'" in done.output


def test_a_missing_model_is_a_problem_with_a_way_out(cli: Cli) -> None:
    """The status is 1, and the command that helps is named."""
    done = cli("doctor", "--set", "listen=127.0.0.1:0", "--set", "http=127.0.0.1:0")  # whatever else listens on this machine
    assert done.exit_code == 1
    assert "→ run `eunoe model prepare`" in done.output
    assert "1 problem found" in done.output


def test_python_and_sqlite_are_new_enough_here() -> None:
    """What the service needs is installed where its tests run; an older Python is told."""
    assert checks.check_python().state == "good"
    assert checks.check_python((3, 10, 9)).state == "problem"
    assert checks.check_sqlite().state == "good"


def test_a_data_directory_that_does_not_exist_yet_is_fine(tmp_path: Path) -> None:
    """It will be made; the check leaves nothing behind."""
    findings = list(checks.check_data_dir(Settings(data_dir=tmp_path / "a" / "b")))
    assert "problem" not in states(findings)
    assert "will be made" in findings[0].detail
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_its_place_is_a_problem(tmp_path: Path) -> None:
    """The directory cannot be made where a file is."""
    (tmp_path / "file").touch()
    assert states(checks.check_data_dir(Settings(data_dir=tmp_path / "file"))) == ["problem"]


def test_secrets_that_others_can_read_are_told(tmp_path: Path) -> None:
    """Mode 0600 is good, anything wider is noted with the command that mends it."""
    credentials = tmp_path / "credentials.json"
    credentials.touch(mode=0o600)
    settings = Settings(data_dir=tmp_path)
    assert states(checks.check_secrets(settings)) == ["good"]
    credentials.chmod(0o644)
    (finding,) = checks.check_secrets(settings)
    assert (finding.state, finding.advice) == ("note", f"chmod 600 {credentials}")


def test_certificates_must_be_usable(tmp_path: Path) -> None:
    """A certificate with its key is good; without TLS there is nothing to look at; anything else is a problem with its file."""
    assert states(checks.check_tls(Settings(tls=Tls(CERT, KEY)))) == ["good"]
    assert states(checks.check_tls(Settings())) == []
    (finding,) = checks.check_tls(Settings(tls=Tls(tmp_path / "missing", KEY)))
    assert finding.state == "problem"
    assert f"tls.cert={tmp_path / 'missing'}" in finding.detail


def test_a_catalog_is_looked_through(tmp_path: Path) -> None:
    """One that is whole is good; one whose pages were overwritten is a problem with a way out, and so is one that is no database."""
    path = tmp_path / "catalog.db"
    settings = Settings(data_dir=tmp_path)
    catalog = new_catalog(tmp_path)
    record(catalog, *[message("x" * 3000) for _ in range(50)])
    catalog.checkpoint()
    assert set(states(checks.check_catalog_file(settings))) == {"good"}

    catalog.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-40_960] + b"\x5a" * 40_960)
    (pages,) = checks.check_catalog_file(settings)
    path.write_bytes(b"this is no database, " * 1000)
    (garbage,) = checks.check_catalog_file(settings)

    assert {pages.state, garbage.state} == {"problem"}
    assert "damaged" in pages.detail
    assert "not a database" in garbage.detail
    assert "backup" in garbage.advice


@pytest.mark.parametrize(
    ("change", "settings", "found", "advice"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", {}, "newer than this service", "start a newer service"),
        ("UPDATE alembic_version SET version_num = '0000'", {}, "is at migration 0000", "start `eunoe up`"),
        ("UPDATE deployment SET model_id = 'other'", {}, "were made by other", "eunoe reindex"),
        ("UPDATE deployment SET model_id = '{model}'", {"shards": 4}, "has 1 shards", "fixed when a deployment is created"),
    ],
)
def test_a_catalog_of_something_else_is_a_problem(
    tmp_path: Path, change: str, settings: dict[str, Any], found: str, advice: str
) -> None:
    """An older or newer schema, another model, another number of shards: what is there, and what to do."""
    model = load_settings({}, {}, None).settings.model
    catalog = new_catalog(tmp_path)
    run_sql(catalog, change.format(model=find_prepared(model.cache_dir, model.source_dir).model_id))
    catalog.close()

    whole, problem = checks.check_catalog_file(Settings(data_dir=tmp_path, model=model, **settings))

    assert (whole.state, problem.state) == ("good", "problem")
    assert found in problem.detail and advice in problem.advice


def test_kafka_waits_for_a_catalog_that_is_away() -> None:
    """The number of shards cannot be asked: said, and no traceback; that the catalog is away is a problem of its own."""
    away = DatabaseUrl("postgresql://eunoe@127.0.0.1:1/eunoe")
    (found,) = checks.check_kafka(Settings(catalog=Database(url=away), kafka=Kafka(bootstrap=Brokers("127.0.0.1:1"))))
    assert (found.state, found.advice) == ("note", "mend the catalog first")


def test_a_catalog_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    """Credentials without a catalog mean that it was lost; without either there is nothing to look at yet."""
    settings = Settings(data_dir=tmp_path)
    assert states(checks.check_catalog_file(settings)) == []
    settings.credentials_file.touch()
    assert states(checks.check_catalog_file(settings)) == ["problem"]


def test_a_taken_port_is_a_problem() -> None:
    """Somebody else listens there; port 0 and free ones are good."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        finding = checks.check_port("gRPC port", address, "--listen")
        assert finding.state == "problem"
        assert "--listen" in finding.advice
    assert checks.check_port("gRPC port", "127.0.0.1:0", "--listen").state == "good"
    assert checks.check_port("gRPC port", "203.0.113.1:0", "--listen").state == "problem"


@pytest.mark.usefixtures("service")
def test_a_service_that_does_not_answer_is_a_problem(cli: Cli) -> None:
    """A running process without health and readiness is told, with its pid."""
    done = cli("doctor")
    assert f"✗ service: pid {os.getpid()}" in done.output
    assert "✗ readiness" in done.output
    assert "gRPC port" not in done.output


def test_readiness_speaks_of_an_unreachable_port() -> None:
    """Nobody listens: a problem, no traceback."""
    assert checks.check_http(Ready("127.0.0.1:1", "127.0.0.1:1", 1, "", "")).state == "problem"


def test_kafka_is_looked_at_where_it_is_configured(cli: Cli) -> None:
    """Brokers that do not answer are a problem with their address; without the setting nothing is said of Kafka."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (found,) = checks.check_kafka(Settings(data_dir=Path("/nonexistent"), kafka=Kafka(bootstrap=Brokers(address))))
    assert found.state == "problem" and address in found.detail
    assert "Kafka at" not in cli("doctor").output
