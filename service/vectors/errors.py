"""What can go wrong with the search index, as its callers see it, and in words: LanceDB's own types and texts tell little apart."""

from __future__ import annotations

import re

from service.domain.errors import Unavailable, says_full

LANCE_ERRORS = (RuntimeError, ValueError, OSError, NotImplementedError)
"""What LanceDB raises, for whatever reason."""

_LONGEST = 300
"""Characters of LanceDB's own text that are told: it goes on with its callers and the whole answer of a store."""

_REFUSALS = {
    "CredentialsNotLoaded": ("there are no credentials for it", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
    "XAdminUserNotFound": ("the store does not know the access key", "correct AWS_ACCESS_KEY_ID"),  # a gateway's own code
    "ExpiredToken": ("the session token is not valid any more", "renew AWS_SESSION_TOKEN"),
    "InvalidAccessKeyId": ("the store does not know the access key", "correct AWS_ACCESS_KEY_ID"),
    "SignatureDoesNotMatch": ("the secret does not belong to the access key", "correct AWS_SECRET_ACCESS_KEY"),
    "NoSuchBucket": ("there is no such bucket", "make it, or correct vectors.uri"),
    "AccessDenied": ("the access key may not use this bucket", "allow it to list, read, write and delete there"),
    "PermanentRedirect": ("the bucket is in another region", "correct AWS_REGION"),
    "RequestTimeTooSkewed": ("the clocks of this machine and of the store are apart", "set both by a time server"),
    "AuthorizationHeaderMalformed": ("the bucket is in another region", "correct AWS_REGION"),
}
"""What a store says when waiting does not help, in words, and what does."""

_TROUBLES = {
    "Connection refused": "nobody listens there",
    "dns error": "its name is not known",
    "TimeoutError": "nothing came back in time",
    "operation timed out": "nothing came back in time",
}
"""What stands in LanceDB's text when a store is away, in words."""

_CODE = re.compile(r"<Code>(\w+)</Code>(?:<Message>([^<]*)</Message>)?")
"""An error in the store's own words."""


class IndexUnavailable(Unavailable):
    """The index did not answer, or answered with an error; the outcome of a write is unknown and repeating it is safe."""

    advice = "look whether the store runs and can be reached, or correct AWS_ENDPOINT_URL"
    """What its operator can do."""


class IndexRefused(IndexUnavailable):
    """The store does not let us in as we are configured: waiting does not help."""

    def __init__(self, message: str, advice: str) -> None:
        """Say what was found, and what to do."""
        super().__init__(message)
        self.advice = advice


def index_error(error: Exception, uri: str) -> IndexUnavailable:
    """What is told of an error of LanceDB's with the tables at `uri`."""
    text = str(error) or type(error).__name__
    reason = "STORAGE_FULL" if says_full(text) else ""
    if "://" not in uri:
        return IndexUnavailable(f"the search index failed: {text}", reason=reason)
    for code, (found, advice) in _REFUSALS.items():
        if code in text:
            return IndexRefused(f"{uri}: {found}", advice)
    return IndexUnavailable(f"{uri} does not answer: {_told(text)}", reason=reason)


def _told(text: str) -> str:
    for trouble, words in _TROUBLES.items():
        if trouble in text:
            return words
    code = _CODE.search(text)
    return ": ".join(filter(None, code.groups())) if code else " ".join(text.split())[:_LONGEST]
