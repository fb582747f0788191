"""Why an address cannot be listened on. gRPC tells only that it cannot."""

from __future__ import annotations

import socket


def why_not_free(address: str) -> str:
    """What keeps this machine from listening on `HOST:PORT`; empty where nothing does."""
    host, _, port = address.rpartition(":")
    try:
        family, kind, _, _, place = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
            probe.listen()
    except OSError as error:
        return error.strerror or str(error)
    return ""
