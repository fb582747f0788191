"""`eunoe ingest`: files to the service. What a file is decides `detect`; what is sent and how it is shown stands here."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from service.commands import detect, messages
from service.commands.console import open_console
from service.commands.deliver import Delivery, Labels
from service.commands.detect import Unreadable
from service.commands.progress import spinning_bars
from service.commands.remote import Where, connect, remote_options
from service.domain.kinds import DocumentType, IngestionMode

_TALK_BYTES = 64 * 1024 * 1024
"""What is read of a talk that is taken apart into messages: it is parsed as a whole."""


@click.command("ingest")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE...")
@click.option("--user", default="", metavar="ID", help="End user the content belongs to.")
@click.option("--customer", default="", metavar="ID", help="Customer (tenant) the content belongs to.")
@click.option(
    "--conversation", default="", metavar="ID", help="Record as messages of this conversation; talks are taken apart into turns."
)
@click.option(
    "--type", "kind", type=click.Choice([kind.value for kind in DocumentType]), help="Document type.  [default: found out]"
)
@click.option(
    "--document-id", default="", metavar="ID", help="Id of the document, for one file.  [default: from name and content]"
)
@click.option(
    "--created", metavar="TIME", help="When it was written or said, such as 2026-03-02T14:05; dates in it count from here."
)
@click.option("--time-zone", default="", metavar="ZONE", help="Of its dates: Europe/Rome or +02:00.  [default: UTC]")
@click.option("--mode", type=click.Choice([mode.value for mode in IngestionMode]), help="How much work extraction may spend.")
@click.option("--wait/--no-wait", default=True, help="Wait until everything is searchable.  [default: wait]")
@remote_options
def command(
    where: Where,
    files: tuple[Path, ...],
    user: str,
    customer: str,
    conversation: str,
    kind: str | None,
    document_id: str,
    created: str | None,
    time_zone: str,
    mode: str | None,
    wait: bool,
) -> None:
    """Send files to the service and wait until they are searchable.

    \b
    What a file is, is found out:
      JSON lines ({"role": "user", "content": "...", "speaker": ..., "said_time": ...})
                         streamed as a conversation called like the file, or --conversation
      User: / Assistant: a chat with an agent; named speakers: a chat between people;
                         with --conversation their turns are streamed as its messages
      .eml               an e-mail
      Markdown, text     a document

    Sending a file again is harmless: nothing is stored twice, also after lines were added to JSON lines.
    An instance that is `strict` wants --customer with every --user; neither: the content is for everybody.

    \b
    Examples:
      eunoe ingest chat.txt notes.md --customer acme --user ana
      eunoe ingest call.jsonl --conversation call-17 --customer acme --user ana
      eunoe ingest minutes.txt --type meeting-transcript --created 2026-03-02 --time-zone Europe/Rome
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    if document_id and len(files) > 1:
        raise click.UsageError("--document-id names one document, but several files were given")
    try:
        moment = messages.parse_time(created, time_zone) if created else None
    except ValueError as error:
        raise click.BadParameter(f"{created!r}: {error}", param_hint="--created") from error
    target = where.find()
    limit = where.chosen.load().settings.limits.document
    labels = Labels(user, customer, moment, time_zone, mode or "")
    console = open_console(stderr=True)
    with connect(target) as service, spinning_bars(console) as progress:
        delivery = Delivery(service, labels, progress)
        for file in progress.track(files, description="sending"):
            try:
                _send(delivery, file, conversation, DocumentType(kind) if kind else None, document_id, limit)
            except (Unreadable, OSError) as error:
                delivery.refuse(str(file), str(error))
        if wait:
            delivery.wait()
    sys.exit(delivery.report(console))


def _send(delivery: Delivery, file: Path, conversation: str, kind: DocumentType | None, document_id: str, limit: int) -> None:
    labels = delivery.labels
    if kind is None and detect.holds_messages(file):
        with file.open("rb") as lines:
            spoken = messages.from_json_lines(lines, labels.time_zone)
            delivery.stream(str(file), conversation or file.stem, messages.with_ids(spoken))
        return
    text = detect.read_document(file, _TALK_BYTES if conversation else limit)
    if conversation:
        unknown = labels.created or datetime.now(UTC)
        turns = detect.turns(text, unknown, labels.time_zone)
        if not turns:
            raise Unreadable(
                f"{file}: no talk, so there are no messages to record; send it as a document, without --conversation"
            )
        spoken = messages.from_turns(turns, unknown=unknown, said=labels.created, time_zone=labels.time_zone)
        delivery.stream(str(file), conversation, messages.with_ids(spoken))
    else:
        delivery.document(str(file), text, kind or detect.document_type(file, text), document_id)
