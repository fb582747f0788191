"""Page tokens: where a list goes on, bound to the instance and to what was asked, so that no other list takes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass

from service.domain.errors import FieldViolation, InvalidArgument

DEFAULT_SIZE = 50
LARGEST_SIZE = 500
_TAG_BYTES = 12


def page_size(wanted: int) -> int:
    """How many a page holds: 0 is the default, too many are reduced."""
    return min(wanted, LARGEST_SIZE) if wanted else DEFAULT_SIZE


@dataclass(frozen=True, slots=True)
class Pages:
    """Makes and reads page tokens."""

    secret: bytes
    """Fixed for the life of the deployment. It binds tokens; it hides nothing, for every list checks whose rows it reads."""

    def token(self, arguments: tuple[str, ...], cursor: str) -> str:
        """The token of the page after a row.

        Args:
            arguments: the list's name, the instance, and everything else that was asked but the page's size.
            cursor: names the last row of this page.
        """
        body = cursor.encode()
        return base64.urlsafe_b64encode(self._tag(arguments, body) + body).rstrip(b"=").decode()

    def cursor(self, arguments: tuple[str, ...], token: str) -> str | None:
        """What a token says, None for the empty token (the first page).

        Raises:
            InvalidArgument: garbled, or of another instance or list; which of them is not told.
        """
        if not token:
            return None
        try:
            data = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            raise _invalid() from None
        tag, body = data[:_TAG_BYTES], data[_TAG_BYTES:]
        if not hmac.compare_digest(tag, self._tag(arguments, body)):
            raise _invalid()
        return body.decode()

    def _tag(self, arguments: tuple[str, ...], body: bytes) -> bytes:
        mac = hashlib.blake2b(key=self.secret, digest_size=_TAG_BYTES)
        for part in (*(argument.encode() for argument in arguments), body):
            mac.update(len(part).to_bytes(4, "big"))
            mac.update(part)
        return mac.digest()


def _invalid() -> InvalidArgument:
    return InvalidArgument(
        "page_token is not a token of this list; leave it empty to begin, or repeat the call that gave it with the same fields",
        reason="PAGE_TOKEN_INVALID",
        fields=[FieldViolation("page_token", "must be the next_page_token of the same list with the same fields")],
    )
