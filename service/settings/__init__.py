"""Settings of the service: what there is (`schema`), how text becomes values (`values`), where they come from (`load`)."""

from __future__ import annotations

from service.settings.load import Key, Loaded, SettingsError, is_loopback, keys, load_settings, value_of
from service.settings.schema import Cache, Commit, Database, Isolation, Kafka, Limits, Log, Model, Settings, Shutdown, Tls
from service.settings.values import hidden, without_password

__all__ = [
    "Cache",
    "Commit",
    "Database",
    "Isolation",
    "Kafka",
    "Key",
    "Limits",
    "Loaded",
    "Log",
    "Model",
    "Settings",
    "SettingsError",
    "Shutdown",
    "Tls",
    "hidden",
    "is_loopback",
    "keys",
    "load_settings",
    "value_of",
    "without_password",
]
