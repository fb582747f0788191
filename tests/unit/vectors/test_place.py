"""Where tables lie: what a bucket is told, and which half-written files go."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from service.vectors.place import Place, is_readable_on_the_way

HOUR = timedelta(hours=1)


def _file(path: Path, *, age_s: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"secret")
    os.utime(path, (time.time() - age_s, time.time() - age_s))
    return path


def test_old_ones_of_the_table_go(tmp_path: Path) -> None:
    """Only half-written files go, only old ones, and only those of the table."""
    gone = [_file(tmp_path / "a.lance" / folder / ".tmp12", age_s=4000) for folder in ("data", "_versions", "_transactions")]
    kept = [
        _file(tmp_path / "a.lance" / "data" / ".tmp13", age_s=3000),
        _file(tmp_path / "a.lance" / "data" / "1.lance", age_s=4000),
        _file(tmp_path / "b.lance" / "data" / ".tmp12", age_s=4000),
    ]
    assert Place.of(str(tmp_path)).remove_orphans("a", older_than=HOUR) == 3
    assert not any(file.exists() for file in gone) and all(file.exists() for file in kept)


def test_nothing_there(tmp_path: Path) -> None:
    """A table that is missing, or in a bucket, has none."""
    assert Place.of(str(tmp_path)).remove_orphans("a", older_than=HOUR) == 0
    assert Place.of("s3://bucket/index").remove_orphans("a", older_than=HOUR) == 0


def test_a_bucket_is_never_waited_for_long() -> None:
    """Every request to a bucket is bounded; keys are left to the environment; a directory needs no options."""
    environ = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_ENDPOINT_URL": "http://127.0.0.1:9000"}
    options = Place.of("s3://bucket/index").options(environ)
    assert options is not None
    assert {"connect_timeout", "timeout", "client_max_retries", "client_retry_timeout"} <= set(options)
    assert options["aws_endpoint"] == "http://127.0.0.1:9000" and options["allow_http"] == "true"
    assert not {"key", "secret"} & set(options.values())
    assert Place.of("index").options(environ) is None


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({}, None),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_ENDPOINT": "https://store.example"}, "us-east-1"),
    ],
)
def test_the_region_is_the_environment_s(environ: dict[str, str], region: str | None) -> None:
    """AWS's own stores tell theirs; others have one that nobody needs to name."""
    assert (Place.of("s3://bucket").options(environ) or {}).get("aws_region") == region


@pytest.mark.parametrize(
    ("endpoint", "is_readable"),
    [("", False), ("http://127.0.0.1:9000", False), ("http://10.0.0.7:9000", True), ("https://10.0.0.7:9000", False)],
)
def test_plaintext_to_another_machine_is_known(endpoint: str, *, is_readable: bool) -> None:
    """So that `eunoe doctor` can tell."""
    assert is_readable_on_the_way({"AWS_ENDPOINT_URL": endpoint}) is is_readable
