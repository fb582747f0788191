"""The certificate of the gRPC port, read and checked before anything listens: gRPC itself would only say that it cannot listen."""

from __future__ import annotations

import ssl
from pathlib import Path

import grpc

from service.domain.errors import FailedPrecondition
from service.settings import Tls


def server_credentials(tls: Tls) -> grpc.ServerCredentials | None:
    """What the port needs; None where it speaks plaintext.

    Raises:
        FailedPrecondition: a file cannot be used; names it and its setting.
    """
    pair = read_pair(tls)
    return None if pair is None else grpc.ssl_server_credentials([pair])


def read_pair(tls: Tls) -> tuple[bytes, bytes] | None:
    """Private key and certificate, in PEM; None where there are none.

    Raises:
        FailedPrecondition: a file cannot be read, or they are no pair.
    """
    if tls.cert is None or tls.key is None:
        return None
    cert, key = _read("tls.cert", tls.cert), _read("tls.key", tls.key)
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(tls.cert, tls.key, password="")
    except (ssl.SSLError, ValueError) as error:
        raise _unusable(
            f"tls.cert={tls.cert} and tls.key={tls.key} are not a certificate and its private key, in PEM and without a password"
        ) from error
    return key, cert


def _read(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unusable(f"{setting}={path} cannot be read: {error.strerror}") from error


def _unusable(message: str) -> FailedPrecondition:
    return FailedPrecondition(message, reason="TLS_UNUSABLE")
