"""Options that several commands share, and the settings that follow from them."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from service.settings import Loaded, Settings, SettingsError, load_settings


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


def embedded(settings: Settings) -> Settings:
    """The settings of a command that keeps everything in one data directory.

    Raises:
        click.ClickException: they name a catalog elsewhere.
    """
    if settings.catalog.url is not None:
        raise click.ClickException(
            "catalog.url names a PostgreSQL database, and this command keeps everything in the data directory\n"
            "Take the setting away (EUNOE_CATALOG_URL), or use the commands of a deployment on several machines."
        )
    return settings


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
