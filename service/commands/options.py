"""Options that several commands share, and the settings that follow from them."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from service.domain.errors import EunoeError
from service.settings import Loaded, Settings, SettingsError, load_settings

_NAMES = {
    "ready_file": "ready_file",
    "tls_cert": "tls.cert",
    "tls_key": "tls.key",
    "log_format": "log.format",
    "log_level": "log.level",
}
"""Settings of flags that are called otherwise."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the command line says about settings."""

    data: str | None
    config: Path | None
    overrides: tuple[str, ...]

    def load(self, flags: dict[str, object] | None = None) -> Loaded:
        """All settings, with these and a command's own flags on top.

        Raises:
            click.ClickException: something in the settings is wrong; the message says what and where.
        """
        try:
            return self.try_load(flags)
        except SettingsError as error:
            raise click.ClickException(f"the settings are not usable\n{error}") from error

    def try_load(self, flags: dict[str, object] | None = None) -> Loaded:
        """Like `load`, with the settings' own error."""
        given: dict[str, object] = {"data_dir": self.data, **(flags or {})}
        for override in self.overrides:
            name, _, value = override.partition("=")
            given[name.strip()] = value.strip()
        return load_settings(given, os.environ, self.config)


def settings_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--data`, `--config` and `--set`; the command gets them as `chosen`."""

    @click.option("--data", metavar="DIR", help="Data directory.  [default: eunoe in the user's data directory]")
    @click.option(
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="TOML file with settings.  [default: $EUNOE_CONFIG, else eunoe.toml in the data directory]",
    )
    @click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Any setting, such as limits.backlog=5000; repeatable."
    )
    @functools.wraps(function)
    def wrapper(data: str | None, config: Path | None, overrides: tuple[str, ...], **others: Any) -> Any:
        for override in overrides:
            if "=" not in override:
                raise click.BadParameter(f"{override!r} is not KEY=VALUE", param_hint="--set")
        return function(chosen=Chosen(data, config, overrides), **others)

    return wrapper


def process_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of every process that runs until it is told to stop."""
    for option in (
        click.option("--log-level", metavar="LEVEL", help="debug, info, warning or error."),
        click.option("--log-format", metavar="FORM", help="auto, json or console."),
        click.option(
            "--ready-file",
            metavar="FILE",
            help="Where addresses and pid are written once it is ready, and removed when it stops.",
        ),
        click.option("--http", metavar="HOST:PORT", help="Address of /metrics, /healthz and /readyz.  [default: 127.0.0.1:9464]"),
    ):
        function = option(function)
    return function


def api_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the flags of a process that answers calls."""
    for option in (
        click.option("--insecure", is_flag=True, default=None, help="Allow plaintext beyond this machine."),
        click.option("--tls-key", metavar="FILE", help="PEM file with its private key."),
        click.option("--tls-cert", metavar="FILE", help="PEM file with the certificate of the gRPC port."),
        click.option(
            "--isolation", metavar="KIND", help="Of the first instance: strict (a user comes with a customer) or equals_customer."
        ),
        click.option(
            "--listen",
            metavar="HOST:PORT",
            help="Address of the gRPC port; port 0 takes a free one.  [default: 127.0.0.1:50051]",
        ),
    ):
        function = option(function)
    return function


def run(chosen: Chosen, flags: Mapping[str, object], load: Callable[[], Callable[[Settings], int]]) -> None:
    """Run a process to its end, and exit with its status.

    Args:
        chosen: what the command line says about settings.
        flags: of `process_options` and `api_options`.
        load: imports what runs it, which takes a second that wrong settings should not wait for.
    """
    settings = chosen.load({_NAMES.get(flag, flag): value for flag, value in flags.items()}).settings
    try:
        sys.exit(load()(settings))
    except EunoeError as error:
        raise click.ClickException(error.message) from error
