"""Calls to a running service: where it is, with which credential, what its errors mean for a person."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import click
import grpc
from eunoe.v1.admin_service_pb2_grpc import AdminServiceStub
from eunoe.v1.conversation_service_pb2_grpc import ConversationServiceStub
from eunoe.v1.memory_service_pb2_grpc import MemoryServiceStub
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from service.commands.options import Chosen, settings_options
from service.ops.announce import Credentials, read_credentials, read_ready
from service.settings import Settings, is_loopback

Answer = TypeVar("Answer")

CONNECT_SECONDS = 5.0
CALL_SECONDS = 30.0
PATIENCE_SECONDS = 120.0
"""How long a refused call is sent again when the service says that waiting helps."""

_WAITABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


class CallFailed(click.ClickException):
    """The service refused a call, or could not be reached."""

    def __init__(self, message: str, code: grpc.StatusCode | None = None) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Which service to call, and as whom."""

    address: str
    api_key: str | None
    admin_token: str | None
    instance_id: str | None
    tls: bool
    ca: Path | None


@dataclass(frozen=True, slots=True)
class Where:
    """What the command line and the environment say about the service to call."""

    chosen: Chosen
    address: str | None
    api_key: str | None
    tls: bool | None
    ca: Path | None

    def find(self) -> Target:
        """The service that was named, else the one running on the data directory.

        A local service's credentials are never sent to an address that was named.

        Raises:
            click.ClickException: no service runs here and none was named.
        """
        settings = self.chosen.load().settings
        admin_token = str(settings.admin_token) if settings.admin_token else None
        if self.address:
            if not self.address.rpartition(":")[0]:
                raise click.ClickException(f"{self.address!r} is no address: give HOST:PORT")
            tls = self.tls if self.tls is not None else not is_loopback(self.address)
            return Target(self.address, self.api_key, admin_token, None, tls, self.ca)
        ready = read_ready(settings.ready_files[0])
        if ready is None:
            raise click.ClickException(no_service(settings))
        stored = _stored(Path(ready.credentials))
        return Target(
            address=_reachable(ready.address),
            api_key=self.api_key or (stored.api_key if stored else None),
            admin_token=admin_token or (stored.admin_token if stored else None),
            instance_id=stored.instance_id if stored else None,
            tls=ready.tls_cert is not None if self.tls is None else self.tls,
            ca=self.ca or (Path(ready.tls_cert) if ready.tls_cert else None),
        )


@dataclass(frozen=True, slots=True)
class Service:
    """An open connection."""

    target: Target
    channel: grpc.Channel
    memories: MemoryServiceStub
    conversations: ConversationServiceStub
    admin: AdminServiceStub

    def call(self, method: Callable[..., Answer], request: object, *, as_admin: bool = False) -> Answer:
        """One call, sent again for as long as the service says that waiting helps. Only for calls that may be sent twice.

        Args:
            method: of one of the stubs.
            request: its request; for client streams a function that makes the requests, once per try.
            as_admin: with the admin token instead of the API key.

        Raises:
            CallFailed: with a message for a person.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        pause = 0.1
        while True:
            try:
                return method(
                    request() if callable(request) else request, timeout=CALL_SECONDS, metadata=self.credential(as_admin=as_admin)
                )
            except grpc.RpcError as error:
                wait = _wait(error, pause)
                if wait is None or time.monotonic() + wait > deadline:
                    raise failure(error, self.target) from error
            time.sleep(wait)
            pause = min(pause * 2, 5.0)

    def credential(self, *, as_admin: bool = False) -> Sequence[tuple[str, str]]:
        """The metadata that says who calls.

        Raises:
            CallFailed: there is none.
        """
        secret = self.target.admin_token if as_admin else self.target.api_key
        if secret is None:
            raise CallFailed(
                "no admin token: set EUNOE_ADMIN_TOKEN" if as_admin else "no API key: give --api-key or set EUNOE_API_KEY"
            )
        if not (secret.isascii() and secret.isprintable()):
            raise CallFailed("the admin token or API key holds characters that none has: was it copied whole?")
        return (("authorization", f"Bearer {secret}"),)


def remote_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say which service to call, and those of settings; the command gets them as `where`."""

    @settings_options
    @click.option(
        "--address", envvar="EUNOE_ADDRESS", metavar="HOST:PORT", help="Service to call.  [default: the one running here]"
    )
    @click.option(
        "--api-key", envvar="EUNOE_API_KEY", metavar="KEY", help="API key.  [default: the first key of the service running here]"
    )
    @click.option("--tls/--plaintext", default=None, help="Encrypt.  [default: unless the address is this machine's]")
    @click.option(
        "--ca",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help="PEM file with the authority to trust.",
    )
    @functools.wraps(function)
    def wrapper(
        chosen: Chosen, address: str | None, api_key: str | None, tls: bool | None, ca: Path | None, **others: Any
    ) -> Any:
        return function(where=Where(chosen, address, api_key, tls, ca), **others)

    return wrapper


@contextmanager
def connect(target: Target) -> Iterator[Service]:
    """Open a connection and wait until it stands.

    Raises:
        CallFailed: nobody answers there.
    """
    options = (("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1))
    if target.tls:
        channel = grpc.secure_channel(target.address, grpc.ssl_channel_credentials(_roots(target)), options)
    else:
        channel = grpc.insecure_channel(target.address, options)
    with channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=CONNECT_SECONDS)
        except grpc.FutureTimeoutError:
            raise CallFailed(_unreachable(target)) from None
        yield Service(target, channel, MemoryServiceStub(channel), ConversationServiceStub(channel), AdminServiceStub(channel))


def _roots(target: Target) -> bytes | None:
    try:
        return target.ca.read_bytes() if target.ca else None
    except OSError as error:
        raise CallFailed(
            f"{target.ca}, the certificate to trust, cannot be read: {error.strerror}; name one with --ca"
        ) from error


def no_service(settings: Settings) -> str:
    """What to say when nothing runs on a data directory."""
    return (
        f"no service runs on {settings.data_dir}\n"
        f"Start one with `eunoe up --data {settings.data_dir}` in another terminal, or name one with --address and --api-key."
    )


def failure(error: grpc.RpcError, target: Target) -> CallFailed:
    """A gRPC error in words."""
    code = error.code()
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return CallFailed(f"{target.address} does not accept this credential ({error.details()})", code)
    reason = next((detail.reason for detail in _details(error, error_details_pb2.ErrorInfo)), "")
    words = [f"{error.details() or code.name} [{reason or code.name}]"]
    for request in _details(error, error_details_pb2.BadRequest):
        words += [f"  {violation.field}: {violation.description}" for violation in request.field_violations]
    return CallFailed("\n".join(words), code)


def _wait(error: grpc.RpcError, pause: float) -> float | None:
    if error.code() not in _WAITABLE:
        return None
    for retry in _details(error, error_details_pb2.RetryInfo):
        return float(max(retry.retry_delay.ToTimedelta().total_seconds(), pause))
    return pause if error.code() is grpc.StatusCode.UNAVAILABLE else None


def _details(error: grpc.RpcError, kind: type[Any]) -> list[Any]:
    try:
        status: Any = rpc_status.from_call(cast("Any", error))  # what a stub raises is a call too, which no type says
    except ValueError:
        return []  # the details contradict the status: a proxy answered, not the service
    found: list[Any] = []
    for packed in status.details if status else ():
        message = kind()
        if packed.Unpack(message):
            found.append(message)
    return found


def _stored(path: Path) -> Credentials | None:
    try:
        return read_credentials(path)
    except PermissionError:
        raise click.ClickException(f"{path} belongs to another user; give --api-key or set EUNOE_API_KEY") from None


def _reachable(address: str) -> str:
    """An address to call for one that is listened on: every interface means this machine too."""
    host, _, port = address.rpartition(":")
    return {"0.0.0.0": f"127.0.0.1:{port}", "[::]": f"[::1]:{port}"}.get(host, address)  # noqa: S104 - nothing listens here


def _unreachable(target: Target) -> str:
    manner = "with TLS" if target.tls else "in plaintext"
    return (
        f"nobody answers {manner} at {target.address}\nIs the service running? `eunoe doctor` looks at the one on this machine."
    )
