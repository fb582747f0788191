"""What to say of an address that cannot be listened on."""

from __future__ import annotations

from service.domain.errors import FailedPrecondition
from service.ops.ports import why_not_free


def cannot_listen(setting: str, address: str) -> FailedPrecondition:
    """Name the setting, the address and the reason. The flag is called like the setting."""
    why = why_not_free(address) or "it cannot be listened on"
    return FailedPrecondition(
        f"{setting}={address}: {why}; stop what holds it, or give another address with --{setting}", reason="ADDRESS_IN_USE"
    )
