"""Settings of the service: what there is (`schema`), how text becomes values (`values`), where they come from (`load`)."""

from __future__ import annotations

from service.settings.load import Key, Loaded, SettingsError, is_loopback, keys, load_settings, value_of
from service.settings.schema import Cache, Commit, Isolation, Kafka, Limits, Log, Model, Settings, Shutdown, Tls

__all__ = [
    "Cache",
    "Commit",
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
    "is_loopback",
    "keys",
    "load_settings",
    "value_of",
]
