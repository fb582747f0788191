"""Instances and API keys: what an operator can do."""

from __future__ import annotations

from dataclasses import dataclass

from service.app.inputs import digest
from service.app.keys import draw_key
from service.app.pages import Pages, page_size
from service.app.reads import Reads
from service.catalog import instances
from service.catalog.commit import CommitQueue
from service.catalog.engine import Connection
from service.catalog.ids import new_id, now_us
from service.catalog.instances import InstanceRow, KeyRow
from service.catalog.requests import once
from service.domain.errors import AlreadyExists, NotFound
from service.domain.kinds import Isolation

_OPERATOR = ""
"""The owner of the operator's request ids: no instance has this id."""


@dataclass(frozen=True, slots=True)
class Instances:
    """What an operator can do with instances and keys."""

    reads: Reads
    queue: CommitQueue
    pages: Pages

    async def create_instance(
        self, name: str, isolation: Isolation, request_id: str = "", expires: float | None = None
    ) -> InstanceRow:
        """Create an instance.

        Args:
            name: what callers call it; empty: drawn.
            isolation: how it separates its users.
            request_id: the operator's key of the call.
            expires: `time.monotonic` of the caller's deadline.

        Raises:
            AlreadyExists: the name is taken.
        """
        instance_id = new_id()
        row = InstanceRow(instance_id, name or f"ins_{instance_id}", isolation, now_us())

        def create(connection: Connection) -> InstanceRow:
            asked = digest(name, isolation.value)
            answer = once(connection, _OPERATOR, request_id, "CreateInstance", asked, lambda: _insert(connection, row))
            return _existing(connection, answer["name"])

        return await self.queue.call(create, expires)

    async def get_instance(self, name: str) -> InstanceRow:
        """An instance by its name.

        Raises:
            NotFound: there is none.
        """
        return await self.reads.run(lambda connection: _existing(connection, name))

    async def list_instances(self, size: int, token: str) -> tuple[list[InstanceRow], str]:
        """A page of instances by name, and the token of the next one."""
        arguments = ("ListInstances",)
        most = page_size(size)
        after = self.pages.cursor(arguments, token) or ""
        rows = await self.reads.run(lambda connection: instances.list_instances(connection, after, most + 1))
        page = rows[:most]
        return page, self.pages.token(arguments, page[-1].name) if len(rows) > most else ""

    async def create_key(self, name: str, label: str, request_id: str = "", expires: float | None = None) -> tuple[KeyRow, str]:
        """Create an API key. Returns it and its secret, which is empty for a repeat of a call that was answered.

        Raises:
            NotFound: there is no such instance.
        """
        drawn = draw_key()

        def create(connection: Connection) -> tuple[KeyRow, str]:
            instance = _existing(connection, name)
            row = KeyRow(drawn.key_id, instance.instance_id, drawn.secret_hash, label, now_us(), None)
            asked = digest(name, label)
            answer = once(connection, _OPERATOR, request_id, "CreateApiKey", asked, lambda: _insert_key(connection, row))
            is_new = answer["key_id"] == drawn.key_id
            return _existing_key(connection, answer["key_id"])[0], drawn.secret if is_new else ""

        return await self.queue.call(create, expires)

    async def list_keys(self, name: str, size: int, token: str) -> tuple[list[KeyRow], str]:
        """A page of the keys of an instance, oldest first, and the token of the next one.

        Raises:
            NotFound: there is no such instance.
        """
        arguments = ("ListApiKeys", name)
        most = page_size(size)
        after = self.pages.cursor(arguments, token) or ""

        def read(connection: Connection) -> list[KeyRow]:
            instance = _existing(connection, name)
            return instances.list_keys(connection, instance.instance_id, after, most + 1)

        rows = await self.reads.run(read)
        page = rows[:most]
        return page, self.pages.token(arguments, page[-1].key_id) if len(rows) > most else ""

    async def revoke_key(self, key_id: str, request_id: str = "", expires: float | None = None) -> tuple[KeyRow, InstanceRow]:
        """Revoke a key for good; revoking it again changes nothing.

        Raises:
            NotFound: there is no such key.
        """

        def revoke(connection: Connection) -> tuple[KeyRow, InstanceRow]:
            def run() -> dict[str, str]:
                _existing_key(connection, key_id)
                instances.revoke_key(connection, key_id, now_us())
                return {}

            once(connection, _OPERATOR, request_id, "RevokeApiKey", digest(key_id), run)
            return _existing_key(connection, key_id)

        return await self.queue.call(revoke, expires)


def _insert(connection: Connection, row: InstanceRow) -> dict[str, str]:
    if instances.find_instance(connection, row.name) is not None:
        raise AlreadyExists(f"instance {row.name!r} exists already", values={"instance_id": row.name})
    instances.insert_instance(connection, row)
    return {"name": row.name}


def _insert_key(connection: Connection, row: KeyRow) -> dict[str, str]:
    instances.insert_key(connection, row)
    return {"key_id": row.key_id}


def _existing(connection: Connection, name: str) -> InstanceRow:
    row = instances.find_instance(connection, name)
    if row is None:
        raise NotFound(f"there is no instance {name!r}", reason="INSTANCE_NOT_FOUND", values={"instance_id": name})
    return row


def _existing_key(connection: Connection, key_id: str) -> tuple[KeyRow, InstanceRow]:
    found = instances.find_key(connection, key_id)
    if found is None:
        raise NotFound(f"there is no API key {key_id!r}", reason="API_KEY_NOT_FOUND", values={"key_id": key_id})
    return found
