"""`eunoe keys`: API keys of an instance."""

from __future__ import annotations

import click
from eunoe.v1 import admin_service_pb2, instance_pb2
from rich.table import Table

from service.commands.console import open_console
from service.commands.remote import Service, Target, Where, connect, remote_options
from service.commands.words import clean, day_and_time

_INSTANCE = click.option(
    "--instance", metavar="ID", help="Instance the key opens.  [default: the first one of the service running here]"
)


@click.group("keys")
def command() -> None:
    """Create, list and revoke API keys.

    A key opens one instance: one agent's memory. It is shown once, when it is made, and only its hash is kept. These commands
    need the admin token: of a service on this machine it is found by itself, else it is taken from EUNOE_ADMIN_TOKEN.
    """


@command.command("create")
@click.argument("label", default="")
@_INSTANCE
@remote_options
def create(where: Where, label: str, instance: str | None) -> None:
    """Make a key and show it, this once. LABEL is for your own eyes.

    \b
    Examples:
      eunoe keys create
      eunoe keys create "voice agent, staging"
      KEY=$(eunoe keys create ci)
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    target = where.find()
    with connect(target) as service:
        request = admin_service_pb2.CreateApiKeyRequest(instance_id=_instance(service, instance), label=label)
        answer = service.call(service.admin.CreateApiKey, request, as_admin=True)
    click.echo(
        f"Key {answer.api_key.key_id} of instance {answer.api_key.instance_id}; keep it, it cannot be shown again:", err=True
    )
    click.echo(answer.secret)


@command.command("list")
@_INSTANCE
@remote_options
def list_keys(where: Where, instance: str | None) -> None:
    """List the keys of an instance, oldest first, without their secrets."""
    with connect(where.find()) as service:
        keys = list(_pages(service, _instance(service, instance)))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("KEY ID", "LABEL", "CREATED", "STATE"):
        table.add_column(heading, overflow="fold")
    for key in keys:
        state = f"revoked {day_and_time(key.revoke_time)}" if key.HasField("revoke_time") else "valid"
        table.add_row(key.key_id, clean(key.label), day_and_time(key.create_time), state)
    open_console().print(table)


@command.command("revoke")
@click.argument("key_id")
@remote_options
def revoke(where: Where, key_id: str) -> None:
    """Revoke the key with KEY_ID for good. It works for at most 5 seconds more.

    \b
    Example:
      eunoe keys revoke 4f1c9a2b
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    with connect(where.find()) as service:
        answer = service.call(service.admin.RevokeApiKey, admin_service_pb2.RevokeApiKeyRequest(key_id=key_id), as_admin=True)
    click.echo(f"Key {answer.api_key.key_id} of instance {answer.api_key.instance_id} is revoked.")


def _pages(service: Service, instance: str) -> list[instance_pb2.ApiKey]:
    keys: list[instance_pb2.ApiKey] = []
    token = ""
    while True:
        request = admin_service_pb2.ListApiKeysRequest(instance_id=instance, page_token=token)
        answer = service.call(service.admin.ListApiKeys, request, as_admin=True)
        keys += answer.api_keys
        token = answer.next_page_token
        if not token:
            return keys


def _instance(service: Service, named: str | None) -> str:
    """The instance that was named, else the one of the local service, else the only one there is."""
    target: Target = service.target
    if named or target.instance_id:
        return named or target.instance_id or ""
    instances = service.call(
        service.admin.ListInstances, admin_service_pb2.ListInstancesRequest(page_size=2), as_admin=True
    ).instances
    if len(instances) != 1:
        raise click.ClickException("there is more than one instance, or none; name it with --instance")
    return instances[0].instance_id
