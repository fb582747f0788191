"""What settings promise: four sources in rising order, an origin for every value, errors that say what to do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from service.settings import Loaded, Settings, SettingsError, keys, load_settings, value_of
from service.settings.load import CLIENT_VARIABLES


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """An existing data directory."""
    path = tmp_path / "data"
    path.mkdir()
    return path


def load(
    data_dir: Path, flags: Mapping[str, object] | None = None, env: Mapping[str, str] | None = None, file: Path | None = None
) -> Loaded:
    """Load with the data directory given by the environment, so that the machine's own is never looked at."""
    return load_settings(flags or {}, {"EUNOE_DATA_DIR": str(data_dir), **(env or {})}, file)


def refusal(data_dir: Path, **sources: Mapping[str, object]) -> str:
    """The message of a load that must fail."""
    with pytest.raises(SettingsError) as caught:
        load_settings(sources.get("flags", {}), {"EUNOE_DATA_DIR": str(data_dir), **sources.get("env", {})})  # type: ignore[dict-item]
    return str(caught.value)


def test_defaults_keep_to_this_machine_and_name_their_origin() -> None:
    """Without any source the service listens on loopback only and lives in the user's directories."""
    loaded = load_settings({}, {"XDG_DATA_HOME": "/nonexistent/data", "XDG_CACHE_HOME": "/nonexistent/cache"})
    assert loaded.settings.listen == "127.0.0.1:50051"
    assert loaded.settings.http == "127.0.0.1:9464"
    assert loaded.settings.data_dir == Path("/nonexistent/data/eunoe")
    assert loaded.settings.model.cache_dir == Path("/nonexistent/cache/eunoe/models")
    assert loaded.settings.ready_files == (Path("/nonexistent/data/eunoe/ready.json"),)
    assert set(loaded.origins.values()) == {"default"}


def test_a_later_source_wins_and_its_origin_is_told(data_dir: Path, tmp_path: Path) -> None:
    """A flag beats the environment, the environment beats the file, the file beats the default."""
    file = tmp_path / "own.toml"
    file.write_text("[limits]\nbacklog = 1\nbatch = 1\nmessage = 1\n")
    env = {"EUNOE_LIMITS_BACKLOG": "2", "EUNOE_LIMITS_BATCH": "2"}
    loaded = load(data_dir, {"limits.backlog": "3"}, env, file)
    limits = loaded.settings.limits
    assert (limits.backlog, limits.batch, limits.message, limits.queries) == (3, 2, 1, 16)
    assert loaded.origins["limits.backlog"] == "command line"
    assert loaded.origins["limits.batch"] == "environment EUNOE_LIMITS_BATCH"
    assert loaded.origins["limits.message"] == f"file {file}"
    assert loaded.origins["limits.queries"] == "default"


def test_the_file_in_the_data_directory_is_found_by_itself(data_dir: Path) -> None:
    """`eunoe.toml` in the data directory is read when no other file is named."""
    (data_dir / "eunoe.toml").write_text('listen = "127.0.0.1:7"')
    loaded = load(data_dir)
    assert loaded.settings.listen == "127.0.0.1:7"
    assert loaded.file == data_dir / "eunoe.toml"


def test_a_named_file_replaces_the_one_in_the_data_directory(data_dir: Path, tmp_path: Path) -> None:
    """`--config` beats `EUNOE_CONFIG`, which beats the file in the data directory; they are not mixed."""
    (data_dir / "eunoe.toml").write_text("[limits]\nbatch = 7\n")
    by_variable, by_flag = tmp_path / "variable.toml", tmp_path / "flag.toml"
    by_variable.write_text('listen = "127.0.0.1:2"')
    by_flag.write_text('listen = "127.0.0.1:3"')
    env = {"EUNOE_CONFIG": str(by_variable)}
    assert load(data_dir, env=env).settings.listen == "127.0.0.1:2"
    assert load(data_dir, env=env).settings.limits.batch == 100
    assert load(data_dir, env=env, file=by_flag).settings.listen == "127.0.0.1:3"


def test_a_named_file_may_say_where_the_data_lies(tmp_path: Path) -> None:
    """Relative paths in a file start from the file, whatever the working directory is."""
    file = tmp_path / "eunoe.toml"
    file.write_text('data_dir = "there"\n[tls]\ncert = "a.pem"\nkey = "b.pem"\n')
    settings = load_settings({}, {}, file).settings
    assert settings.data_dir == tmp_path / "there"
    assert settings.tls.cert == tmp_path / "a.pem"


def test_the_file_in_the_data_directory_cannot_move_it(data_dir: Path) -> None:
    """A data directory that points elsewhere would never be found again; it is refused with the way out."""
    (data_dir / "eunoe.toml").write_text('data_dir = "/elsewhere"')
    assert "use --data" in refusal(data_dir)


def test_a_second_ready_file_does_not_replace_the_first(data_dir: Path, tmp_path: Path) -> None:
    """Wherever else a service announces itself, commands that know its data directory find it there."""
    settings = load(data_dir, {"ready_file": str(tmp_path / "f")}).settings
    assert settings.ready_files == (data_dir / "ready.json", tmp_path / "f")


def test_a_file_that_is_missing_or_no_toml_is_named(data_dir: Path, tmp_path: Path) -> None:
    """A file that was asked for and cannot be read stops the service and is named."""
    broken = tmp_path / "broken.toml"
    broken.write_text("listen = ")
    for file in (broken, tmp_path / "missing.toml"):
        with pytest.raises(SettingsError, match=file.name):
            load(data_dir, file=file)


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("limits.backlog", "12", 12),
        ("limits.document", "32 KB", 32 * 1024),
        ("limits.document", "100 KB", 100 * 1024),
        ("limits.document", "4096", 4096),
        ("cache.bytes", "1.5 GB", 3 * 2**29),
        ("commit.linger", "5ms", timedelta(milliseconds=5)),
        ("shutdown.grace", "2m", timedelta(minutes=2)),
        ("shutdown.grace", 3, timedelta(seconds=3)),
        ("insecure", "yes", True),
        ("insecure", False, False),
        ("isolation", "equals_customer", "equals_customer"),
        ("listen", "[::1]:0", "[::1]:0"),
        ("log.format", "json", "json"),
    ],
)
def test_values_are_read_from_text_and_from_typed_sources(data_dir: Path, name: str, raw: object, value: object) -> None:
    """Sizes and durations take units; everything is typed once it is loaded."""
    assert value_of(load(data_dir, {name: raw}).settings, name) == value


@pytest.mark.parametrize(
    ("name", "raw", "allowed"),
    [
        ("limits.backlog", "many", "a whole number, at least 1"),
        ("limits.backlog", 0, "at least 1"),
        ("limits.backlog", True, "a whole number"),
        ("limits.backlog", 1.5, "a whole number"),
        ("limits.backlog", "9" * 5000, "a whole number"),
        ("limits.document", "3 parsecs", "number of bytes"),
        ("limits.document", -1, "at least 1, at most 102400"),
        ("limits.document", "1 MB", "at most 102400"),
        ("commit.linger", "-1", "number of seconds"),
        ("commit.linger", float("nan"), "number of seconds"),
        ("commit.linger", 1e300, "number of seconds"),
        ("insecure", "perhaps", "true or false"),
        ("isolation", "none", "one of strict, equals_customer"),
        ("isolation", ["strict"], "one of strict, equals_customer"),
        ("listen", "50051", "HOST:PORT"),
        ("listen", "localhost:99999", "HOST:PORT"),
        ("tls.cert", "a\0b", "a path"),
        ("cache.hold_limit", 2.0, "a whole number"),
    ],
)
def test_a_value_that_does_not_fit_is_answered_with_what_would(data_dir: Path, name: str, raw: object, allowed: str) -> None:
    """The error names the key, the value, the origin and what is allowed."""
    message = refusal(data_dir, flags={name: raw})
    assert message.startswith(f"{name}={raw!r} (command line)")
    assert allowed in message


def test_unknown_names_are_refused_wherever_they_stand(data_dir: Path) -> None:
    """A misspelt name is an error in each source, and all of them are told at once."""
    (data_dir / "eunoe.toml").write_text("listn = 1\n[limits]\nbatsh = 2\n[nowhere]\nx = 3\nlimits = 4\n")
    message = refusal(data_dir, flags={"flg": "1"}, env={"EUNOE_LISTN": "x"})
    assert [line.split(":")[0] for line in message.splitlines()] == [
        "EUNOE_LISTN=x",
        "flg=1",
        "listn=1",
        "limits.batsh=2",
        "nowhere={'x'",
    ]


def test_a_group_that_is_no_table_is_refused(data_dir: Path) -> None:
    """`limits = 3` is answered like an unknown name, not with a traceback."""
    (data_dir / "eunoe.toml").write_text("limits = 3\n")
    assert "limits=3: no such setting" in refusal(data_dir)


def test_variables_that_are_no_settings_are_left_alone(data_dir: Path) -> None:
    """Callers' variables, empty ones and those that Kubernetes injects for a service called eunoe do not stop the service."""
    others = {
        "EUNOE_PORT_50051_TCP_ADDR": "10.0.0.1",
        "EUNOE_SERVICE_HOST": "10.0.0.1",
        "EUNOE_GRPC_PORT": "tcp://10.0.0.1:1",
        "EUNOE_LISTEN": "",
    }
    loaded = load(data_dir, env={**others, **dict.fromkeys(CLIENT_VARIABLES, "")})
    assert loaded.settings.listen == "127.0.0.1:50051"


@pytest.mark.parametrize("address", ["0.0.0.0:1", "[::]:1", "10.1.2.3:1", "example.org:1"])
def test_plaintext_beyond_this_machine_needs_a_word(data_dir: Path, address: str) -> None:
    """Keys must not travel in the clear by accident; `insecure` or a certificate allows it."""
    assert "--insecure" in refusal(data_dir, flags={"listen": address})
    assert load(data_dir, {"listen": address, "insecure": True}).settings.listen == address
    assert load(data_dir, {"listen": address, "tls.cert": "c", "tls.key": "k"}).settings.listen == address


@pytest.mark.parametrize("token", ["short", "with a space in its middle", "", 12345678901234567])
def test_a_weak_admin_token_is_refused_without_being_shown(data_dir: Path, token: object) -> None:
    """The token is a secret: it is asked to be long, and neither an error nor the settings' text repeats it."""
    message = refusal(data_dir, flags={"admin_token": token})
    assert "at least 16" in message
    assert "***" in message
    assert not token or str(token) not in message
    good = load(data_dir, {"admin_token": "0123456789abcdef"}).settings
    assert good.admin_token == "0123456789abcdef"
    assert "0123456789abcdef" not in repr(good)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://eunoe@db.internal/eunoe",
        "postgres://eunoe:secret-word@[::1]:5433/eunoe?sslmode=require",
        "postgresql:///eunoe?host=/run/postgresql&password=secret-word",
    ],
)
def test_a_database_is_named_by_its_url(data_dir: Path, url: str) -> None:
    """The catalog is where the URL says, else in the data directory; the settings' text does not repeat a password."""
    good = load(data_dir, {"catalog.url": url}).settings

    assert good.catalog_place == url
    assert "secret-word" not in repr(good)
    assert load(data_dir).settings.catalog_place == data_dir / "catalog.db"


@pytest.mark.parametrize(
    "url",
    ["eunoe", "mysql://a:secret-word@b/c", "postgresql://a:secret-word@host", "postgresql://a@b:x/c", "postgresql://a b/c", 7],
)
def test_what_is_no_such_url_is_refused_without_its_password(data_dir: Path, url: object) -> None:
    """The refusal shows what was given, but for the password, and what would be allowed."""
    message = refusal(data_dir, flags={"catalog.url": url})

    assert "catalog.url=" in message and "postgresql://eunoe@db.internal/eunoe" in message
    assert "secret-word" not in message


def test_half_a_certificate_is_refused(data_dir: Path) -> None:
    """A certificate without its key is named with its origin."""
    assert "tls.cert='c.pem' (command line)" in refusal(data_dir, flags={"tls.cert": "c.pem"})


def test_every_setting_has_its_own_variable_and_a_docstring() -> None:
    """No two settings share a variable, none collides with a caller's variable, and each is explained where it is declared."""
    variables = [key.variable for key in keys().values()]
    assert len(set(variables)) == len(variables)
    assert not CLIENT_VARIABLES & set(variables)
    schema = Path(__file__).parents[2] / "service" / "settings" / "schema.py"
    lines = schema.read_text(encoding="utf-8").splitlines()
    undocumented = [
        line.strip() for line, below in pairwise(lines) if re.match(r"    \w+: .* = ", line) and not below.startswith('    """')
    ]
    assert undocumented == [line for line in undocumented if line.endswith("()")]


def test_the_default_of_the_schema_is_what_is_loaded(data_dir: Path) -> None:
    """Loading adds nothing to the schema's defaults but the paths."""
    settings, plain = load(data_dir).settings, Settings()
    paths = {"data_dir", "model.cache_dir"}
    assert {name for name in keys() if value_of(settings, name) != value_of(plain, name)} == paths


def test_brokers_are_named_with_commas_between(data_dir: Path) -> None:
    """One address or several, spaces or not; anything else is refused with an example. Without any there is no Kafka."""
    assert load(data_dir).settings.kafka.bootstrap is None
    assert load(data_dir, {"kafka.bootstrap": "a:1"}).settings.kafka.bootstrap == "a:1"
    assert load(data_dir, env={"EUNOE_KAFKA_BOOTSTRAP": "a:1, [::1]:2,c:3"}).settings.kafka.bootstrap == "a:1,[::1]:2,c:3"
    for wrong in ("a", "a:1,", "a:1;b:2", "kafka://a:1"):
        assert "kafka-1:9092,kafka-2:9092" in refusal(data_dir, flags={"kafka.bootstrap": wrong})
    assert "letters, digits" in refusal(data_dir, flags={"kafka.prefix": "a b"})
