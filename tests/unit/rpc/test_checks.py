"""What the protos' rules cannot say is checked, and refused by field and limit."""

from __future__ import annotations

import pytest
from google.protobuf.struct_pb2 import Struct

from service.domain.errors import InvalidArgument
from service.rpc.convert.checks import Checks, is_time_zone
from service.settings import Limits
from service.settings.schema import Size

CHECKS = Checks(Limits(message=Size(10), metadata=Size(40), metadata_keys=3, id=5))


def test_nul_in_ids() -> None:
    """An id with NUL is refused by its path."""
    with pytest.raises(InvalidArgument) as refused:
        CHECKS.ids("message.", conversation_id="ok", user_id="a\0")

    assert refused.value.fields[0].field == "message.user_id"


def test_hostile_ids_are_text() -> None:
    """Quotes, SQL, paths and control characters are ids like others."""
    for value in ("'--", '";', "../", "%", "\n\x07", "💥"):
        CHECKS.ids("", user_id=value)


def test_narrower_ids() -> None:
    """A deployment may allow shorter ids than the wire."""
    with pytest.raises(InvalidArgument, match="at most 5 characters") as refused:
        CHECKS.ids("", user_id="123456")

    assert refused.value.reason == "LIMIT_EXCEEDED"
    assert refused.value.values == {"field": "user_id", "limit": "5", "unit": "characters"}


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u2003"])
def test_blank_content(blank: str) -> None:
    """Content of blanks only is empty."""
    with pytest.raises(InvalidArgument, match="empty or blank"):
        CHECKS.content("content", blank, 10)


def test_limit_counts_bytes() -> None:
    """Ten ASCII characters fit in ten bytes, six accented ones do not."""
    assert CHECKS.content("content", "x" * 10, 10) == "x" * 10
    with pytest.raises(InvalidArgument) as refused:
        CHECKS.content("content", "é" * 6, 10)

    assert refused.value.values["limit"] == "10"


def test_nul_in_content() -> None:
    """NUL becomes U+FFFD, other control characters stay."""
    assert CHECKS.content("content", "a\0b\x07", 10) == "a\ufffdb\x07"


def test_metadata_limits() -> None:
    """Keys and bytes of metadata are limited."""
    many, large = Struct(), Struct()
    many.update({str(number): number for number in range(4)})
    large.update({"key": "x" * 40})
    for struct, limit in ((many, "3"), (large, "40")):
        with pytest.raises(InvalidArgument) as refused:
            CHECKS.metadata("metadata", struct)

        assert limit == refused.value.values["limit"]


@pytest.mark.parametrize("name", ["Europe/Rome", "UTC", "+02:00", "-11:30", "+0530", "America/Argentina/Ushuaia"])
def test_time_zones(name: str) -> None:
    """IANA names and offsets are time zones."""
    assert is_time_zone(name)


@pytest.mark.parametrize(
    "name", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "+25:00", "+01:75", "Europe", "\0", "rome"]
)
def test_no_time_zones(name: str) -> None:
    """Everything else is none, and no path leads out of the zone files."""
    assert not is_time_zone(name)
