"""Documents and messages on their way to a running service, and what became of them. Which file is what is not decided here."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath

from eunoe.v1 import (
    conversation_pb2,
    conversation_service_pb2,
    document_pb2,
    ingestion_pb2,
    item_result_pb2,
    memory_service_pb2,
    processing_pb2,
)
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.progress import Progress, TaskID

from service.commands.messages import Spoken
from service.commands.remote import CallFailed, Service
from service.commands.words import clean
from service.domain.kinds import DocumentType

SEGMENT_ITEMS = 1000
SEGMENT_CHARACTERS = 2_000_000
"""How much of a conversation one stream carries: it is acknowledged at the stream's end, and sent again if that does not come."""

_TERMINAL = {
    ingestion_pb2.INGESTION_STATUS_COMPLETED: "done",
    ingestion_pb2.INGESTION_STATUS_PARTIAL_SUCCESS: "partly done",
    ingestion_pb2.INGESTION_STATUS_FAILED: "failed",
}
_POLL_SECONDS = 0.1
_SHOWN_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Labels:
    """What all content of one command has in common."""

    user: str
    customer: str
    created: datetime | None
    time_zone: str
    mode: str


@dataclass(slots=True)
class _Parcel:
    """One file on its way."""

    name: str
    outcome: str = ""
    ingestion_id: str = ""
    conversation_id: str = ""
    sent: int = 0
    errors: list[str] = field(default_factory=list)


class Delivery:
    """Sends, waits, and tells what became of everything."""

    def __init__(self, service: Service, labels: Labels, progress: Progress) -> None:
        self.labels = labels
        self._service = service
        self._progress = progress
        self._parcels: list[_Parcel] = []

    def refuse(self, name: str, reason: str) -> None:
        """Note a file that was not sent, or not to its end."""
        parcel = next((parcel for parcel in self._parcels if parcel.name == name), None)
        if parcel is None:
            parcel = _Parcel(name, "not sent")
            self._parcels.append(parcel)
        else:
            parcel.outcome = f"{parcel.outcome}; stopped"
        parcel.errors.append(reason)

    def document(self, name: str, text: str, kind: DocumentType, document_id: str) -> None:
        """Send one document; without an id it gets one that is the same for the same content in the same scope."""
        parcel = _Parcel(name)
        self._parcels.append(parcel)
        document = document_pb2.DocumentInput(
            content=text,
            document_type=document_pb2.DocumentType.Value(_constant("DOCUMENT_TYPE_", kind)),
            document_id=document_id or self._document_id(name, text, kind),
            user_id=self.labels.user,
            customer_id=self.labels.customer,
            document_create_time=_timestamp(self.labels.created),
            time_zone=self.labels.time_zone,
            mode=_mode(self.labels.mode),
        )
        try:
            answer = self._service.call(
                self._service.memories.CreateMemory, memory_service_pb2.CreateMemoryRequest(document=document)
            )
        except CallFailed as error:
            parcel.outcome = "refused"
            parcel.errors.append(error.message)
            return
        parcel.ingestion_id = answer.ingestion_id
        parcel.outcome = f"{'known already' if answer.duplicate else 'accepted'} as {kind.value}"

    def stream(self, name: str, conversation: str, spoken: Iterator[Spoken]) -> None:
        """Send messages in segments; those of finished segments stay, whatever happens later."""
        parcel = _Parcel(name, conversation_id=conversation)
        self._parcels.append(parcel)
        accepted = duplicates = 0
        task = self._progress.add_task(f"sending messages of {clean(name)}", total=None)
        try:
            for segment in _segments(spoken):
                answer = self._send(segment, conversation, task, parcel.sent)
                parcel.sent += len(segment)
                accepted += answer.accepted_count
                duplicates += answer.duplicate_count
                parcel.errors += [_item_error(segment[error.index].line, error) for error in answer.errors]
        except CallFailed as error:
            parcel.errors.append(error.message)
        finally:
            self._progress.remove_task(task)
            known = f", {duplicates:,} known already" if duplicates else ""
            parcel.outcome = f"{accepted:,} messages accepted{known} in conversation {conversation}"

    def wait(self) -> None:
        """Wait until everything that was accepted is searchable, or given up."""
        documents = [parcel for parcel in self._parcels if parcel.ingestion_id]
        if documents:
            task = self._progress.add_task("processing documents", total=len(documents))
            for parcel in documents:
                self._wait_document(parcel)
                self._progress.advance(task)
        for parcel in self._parcels:
            if parcel.conversation_id and parcel.sent:
                self._wait_conversation(parcel, self._progress.add_task(f"processing {clean(parcel.name)}", total=None))

    def report(self, console: Console) -> int:
        """Say what became of each file; the exit status: 1 when something was not taken in."""
        for parcel in self._parcels:
            console.print(f"{clean(parcel.name)}: {clean(parcel.outcome)}", markup=False, soft_wrap=True)
            for error in parcel.errors[:_SHOWN_ERRORS]:
                console.print(f"  {clean(error)}", markup=False, style="red", soft_wrap=True)
            if len(parcel.errors) > _SHOWN_ERRORS:
                console.print(f"  and {len(parcel.errors) - _SHOWN_ERRORS:,} more", style="red")
        return 1 if any(parcel.errors for parcel in self._parcels) else 0

    def _document_id(self, name: str, text: str, kind: DocumentType) -> str:
        parts = (self.labels.user, self.labels.customer, kind.value, text)
        digest = hashlib.blake2b("\0".join(parts).encode(), digest_size=6).hexdigest()
        return f"{PurePath(name).name[:200]}-{digest}"

    def _send(
        self, segment: list[Spoken], conversation: str, task: TaskID, sent: int
    ) -> conversation_service_pb2.StreamMessagesResponse:
        def requests() -> Iterator[conversation_service_pb2.StreamMessagesRequest]:
            for count, spoken in enumerate(segment, sent + 1):
                yield conversation_service_pb2.StreamMessagesRequest(message=self._message(spoken, conversation))
                self._progress.update(task, completed=count)

        return self._service.call(self._service.conversations.StreamMessages, requests)

    def _message(self, spoken: Spoken, conversation: str) -> conversation_pb2.MessageInput:
        message = conversation_pb2.MessageInput(
            conversation_id=conversation,
            role=conversation_pb2.Role.Value(_constant("ROLE_", spoken.role)),
            content=spoken.content,
            user_id=self.labels.user,
            customer_id=self.labels.customer,
            session_id=spoken.session_id,
            message_id=spoken.message_id,
            speaker=spoken.speaker,
            said_time=_timestamp(spoken.said_time or self.labels.created),
            time_zone=spoken.time_zone or self.labels.time_zone,
            mode=_mode(self.labels.mode),
        )
        if spoken.metadata:
            message.metadata.update(spoken.metadata)
        return message

    def _wait_document(self, parcel: _Parcel) -> None:
        request = memory_service_pb2.GetIngestionRequest(ingestion_id=parcel.ingestion_id)
        while True:
            try:
                found = self._service.call(self._service.memories.GetIngestion, request).ingestion
            except CallFailed as error:
                parcel.errors.append(error.message)
                return
            if found.status in _TERMINAL:
                break
            time.sleep(_POLL_SECONDS)
        counts = f"{found.passage_count:,} passages, {found.memory_count:,} memories"
        parcel.outcome = f"{parcel.outcome}; {_TERMINAL[found.status]}: {counts}"
        if found.status != ingestion_pb2.INGESTION_STATUS_COMPLETED:
            parcel.errors += [f"{error.code}: {error.message}" for error in found.errors] or ["no reason was given"]

    def _wait_conversation(self, parcel: _Parcel, task: TaskID) -> None:
        request = conversation_service_pb2.GetConversationRequest(
            conversation_id=parcel.conversation_id, user_id=self.labels.user, customer_id=self.labels.customer
        )
        while True:
            try:
                found = self._service.call(self._service.conversations.GetConversation, request).conversation
            except CallFailed as error:
                parcel.errors.append(error.message)
                return
            self._progress.update(task, completed=found.indexed_count, total=found.message_count)
            if found.indexed_count >= found.message_count:
                parcel.outcome = f"{parcel.outcome}; all {found.message_count:,} messages of it are searchable"
                return
            time.sleep(_POLL_SECONDS)


def _segments(spoken: Iterator[Spoken]) -> Iterator[list[Spoken]]:
    segment: list[Spoken] = []
    size = 0
    for message in spoken:
        segment.append(message)
        size += len(message.content)
        if len(segment) >= SEGMENT_ITEMS or size >= SEGMENT_CHARACTERS:
            yield segment
            segment, size = [], 0
    if segment:
        yield segment


def _item_error(line: int, error: item_result_pb2.ItemError) -> str:
    place = f" ({error.field})" if error.field else ""
    return f"line {line}: {error.message}{place} [{error.reason}]"


def _constant(prefix: str, name: str) -> str:
    return prefix + name.upper().replace("-", "_")


def _mode(name: str) -> processing_pb2.IngestionMode.ValueType:
    return processing_pb2.IngestionMode.Value(_constant("INGESTION_MODE_", name or "unspecified"))


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp
