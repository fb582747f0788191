"""Where settings come from: defaults, a TOML file, the environment, flags, in rising order; and where each value came from in the end.

Nothing is read when this is imported. What a setting means and allows is in `schema`.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

from service.settings.schema import Secret, Settings
from service.settings.values import Refused, convert, expected, hidden, without_none

PREFIX = "EUNOE_"
FILE_NAME = "eunoe.toml"
CLIENT_VARIABLES = frozenset({"EUNOE_CONFIG", "EUNOE_ADDRESS", "EUNOE_API_KEY"})
"""Variables that begin like settings and are none: where the file lies, and what callers use."""

# Kubernetes gives every container such variables for each service, so one that is called "eunoe" must not stop us.
_INJECTED = re.compile(r"EUNOE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP)(_\w+)?)?)")


class SettingsError(ValueError):
    """Something in the settings is wrong; every line of the message names a key, its value, its origin and what is allowed."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Key:
    """One setting: its place, type and bounds."""

    name: str
    """As in TOML: `listen`, `limits.backlog`."""

    kind: Any
    """The annotated type."""

    default: object
    """As in the schema; the directories that follow from the environment are filled in at loading."""

    lowest: float | None
    """The smallest amount allowed, if there is one."""

    highest: float | None
    """The largest amount allowed, if there is one."""

    @property
    def variable(self) -> str:
        """The environment variable of this setting."""
        return PREFIX + self.name.upper().replace(".", "_")

    @property
    def is_secret(self) -> bool:
        """Whether the value must not be shown."""
        return without_none(self.kind) is Secret


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for every key where its value came from."""

    settings: Settings
    origins: Mapping[str, str]
    file: Path | None
    """The TOML file that was read."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A raw value and its origin."""

    raw: object
    origin: str
    base: Path


@cache
def keys() -> Mapping[str, Key]:
    """Every setting by its name, in the order of the schema."""
    return {key.name: key for key in _walk(Settings, "")}


def value_of(settings: Settings, name: str) -> object:
    """The value of a setting by its name."""
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def load_settings(flags: Mapping[str, object], env: Mapping[str, str], file: Path | None = None) -> Loaded:
    """Read all sources and check the result.

    Args:
        flags: values by setting name as the command line gave them; None is "not given".
        env: the environment, normally `os.environ`.
        file: a TOML file that must exist; without it `EUNOE_CONFIG`, else `eunoe.toml` in the data directory if there is one.

    Raises:
        SettingsError: with everything that is wrong, not just the first thing.
    """
    problems: list[str] = []
    found = {name: _Found(raw, "default", Path.cwd()) for name, raw in _defaults(env).items()}
    outside = {**_from_environment(env, problems), **_from_flags(flags, problems)}
    config = _config_file(file, env, outside.get("data_dir", found["data_dir"]))
    if config is not None:
        inside = _from_file(config, problems)
        if "data_dir" in inside and not _is_named(file, env):
            del inside["data_dir"]
            problems.append(
                f"data_dir: cannot be set in {config}, which was found in the data directory; use --data or EUNOE_DATA_DIR"
            )
        found |= inside
    found |= outside
    values = {name: _value(keys()[name], place, problems) for name, place in found.items()}
    if problems:
        raise SettingsError(problems)
    settings = _build(Settings, "", values)
    problems = list(_contradictions(settings, found))
    if problems:
        raise SettingsError(problems)
    origins = {name: found[name].origin if name in found else "default" for name in keys()}
    return Loaded(settings, origins, config)


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach the address."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _walk(group: type, prefix: str) -> Iterator[Key]:
    hints = get_type_hints(group)
    for field in dataclasses.fields(group):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            assert isinstance(kind, type)
            yield from _walk(kind, f"{field.name}.")
        else:
            yield Key(prefix + field.name, kind, field.default, field.metadata.get("least"), field.metadata.get("most"))


def _defaults(env: Mapping[str, str]) -> dict[str, object]:
    """Defaults that depend on whose machine this is (XDG base directory specification)."""
    data = env.get("XDG_DATA_HOME") or "~/.local/share"
    models = env.get("XDG_CACHE_HOME") or "~/.cache"
    return {"data_dir": f"{data}/eunoe", "model.cache_dir": f"{models}/eunoe/models"}


def _from_environment(env: Mapping[str, str], problems: list[str]) -> dict[str, _Found]:
    names = {key.variable: name for name, key in keys().items()}
    found = {}
    for variable, raw in env.items():
        if not raw or not variable.startswith(PREFIX) or variable in CLIENT_VARIABLES:
            continue  # an empty variable is how compose files say "not set"
        if variable in names:
            found[names[variable]] = _Found(raw, f"environment {variable}", Path.cwd())
        elif not _INJECTED.fullmatch(variable):
            problems.append(f"{variable}={raw}: no such setting; `eunoe doctor` lists all names")
    return found


def _from_flags(flags: Mapping[str, object], problems: list[str]) -> dict[str, _Found]:
    problems += [
        f"{name}={raw}: no such setting (command line)" for name, raw in flags.items() if raw is not None and name not in keys()
    ]
    return {name: _Found(raw, "command line", Path.cwd()) for name, raw in flags.items() if raw is not None and name in keys()}


def _is_named(file: Path | None, env: Mapping[str, str]) -> bool:
    return file is not None or bool(env.get("EUNOE_CONFIG"))


def _config_file(file: Path | None, env: Mapping[str, str], data_dir: _Found) -> Path | None:
    if _is_named(file, env):
        return Path(file or env["EUNOE_CONFIG"]).expanduser().absolute()
    beside = Path(data_dir.base, Path(str(data_dir.raw)).expanduser(), FILE_NAME)
    return beside if beside.is_file() else None


def _from_file(path: Path, problems: list[str]) -> dict[str, _Found]:
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: cannot be read as TOML: {error}")
        return {}
    found = {}
    for name, raw in _flatten(tree, ""):
        if name in keys():
            found[name] = _Found(raw, f"file {path}", path.parent)
        else:
            problems.append(f"{name}={raw}: no such setting (file {path})")
    return found


def _flatten(tree: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    groups = {name.partition(".")[0] for name in keys() if "." in name}
    for name, raw in tree.items():
        if isinstance(raw, dict) and not prefix and name in groups:
            yield from _flatten(raw, f"{name}.")
        else:
            yield prefix + name, raw


def _value(key: Key, place: _Found, problems: list[str]) -> object:
    try:
        return convert(key.kind, place.raw, lowest=key.lowest, highest=key.highest, base=place.base)
    except Refused:
        shown = hidden(key.kind, place.raw) or repr(place.raw)
        allowed = expected(key.kind, key.lowest, key.highest)
        problems.append(f"{key.name}={shown} ({place.origin}): not allowed; it must be {allowed}")
        return None


def _build(group: type, prefix: str, values: Mapping[str, object]) -> Any:
    hints = get_type_hints(group)
    given: dict[str, object] = {}
    for field in dataclasses.fields(group):
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            assert isinstance(kind, type)
            given[field.name] = _build(kind, f"{field.name}.", values)
        elif prefix + field.name in values:
            given[field.name] = values[prefix + field.name]
    return group(**given)


def _contradictions(settings: Settings, found: Mapping[str, _Found]) -> Iterator[str]:
    if (settings.tls.cert is None) != (settings.tls.key is None):
        given = "tls.cert" if settings.tls.cert else "tls.key"
        yield f"{given}={found[given].raw!r} ({found[given].origin}): tls.cert and tls.key are given together or not at all"
    if settings.tls.cert is None and not settings.insecure and not is_loopback(settings.listen):
        origin = found["listen"].origin
        yield (
            f"listen={settings.listen!r} ({origin}): plaintext beyond this machine is refused; set tls.cert and tls.key, "
            "or --insecure (EUNOE_INSECURE=true) where the network is trusted"
        )
