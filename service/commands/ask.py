"""`eunoe ask`: what is remembered, for a person to read."""

from __future__ import annotations

import json

import click
from eunoe.v1 import context_pb2, conversation_service_pb2, memory_pb2, memory_service_pb2
from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.text import Text

from service.commands import messages
from service.commands.console import open_console
from service.commands.remote import Service, Where, connect, remote_options
from service.commands.words import clean, day, day_and_time, local_zone

_TYPES = {
    "facts": context_pb2.ITEM_TYPE_FACT,
    "preferences": context_pb2.ITEM_TYPE_PREFERENCE,
    "episodes": context_pb2.ITEM_TYPE_EPISODE,
    "emotions": context_pb2.ITEM_TYPE_EMOTION,
    "temporal_events": context_pb2.ITEM_TYPE_TEMPORAL_EVENT,
    "excerpts": context_pb2.ITEM_TYPE_EXCERPT,
}
_REASONS = {
    "INDEX_BEHIND": "what was said last is still being processed",
    "INDEX_UNAVAILABLE": "the search index is away, so only the latest items and a sample of the others were ranked",
    "SCOPE_TOO_LARGE": "too much is remembered here to rank all of it, so a good item may be missing",
}


@click.command("ask")
@click.argument("question")
@click.option("--user", default="", metavar="ID", help="End user whose memory is asked.")
@click.option("--customer", default="", metavar="ID", help="Customer (tenant) whose memory is asked.")
@click.option("--conversation", default="", metavar="ID", help="Ask as in this conversation: its scope, with its last turns.")
@click.option(
    "--type", "types", multiple=True, type=click.Choice(list(_TYPES)), help="Only this kind; repeatable.  [default: all]"
)
@click.option("--max", "limit", default=8, show_default=True, type=click.IntRange(1, 50), metavar="N", help="Items at most.")
@click.option("--as-of", metavar="TIME", help="Only what was said and true at this time, such as 2026-03-02.")
@click.option("--accurate", is_flag=True, help="Read the best items again: slower, in a better order.")
@click.option("--explain", is_flag=True, help="Show the signals behind each score.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole answer as JSON.")
@remote_options
def command(
    where: Where,
    question: str,
    user: str,
    customer: str,
    conversation: str,
    types: tuple[str, ...],
    limit: int,
    as_of: str | None,
    accurate: bool,
    explain: bool,
    as_json: bool,
) -> None:
    """Ask what is remembered, and see where it was said.

    \b
    Examples:
      eunoe ask "When does Ana fly to Porto?" --customer acme --user ana
      eunoe ask "what does she like to eat" --customer acme --user ana --type preferences
      eunoe ask "what did we agree on?" --conversation call-17
      eunoe ask "where does she live" --customer acme --user ana --as-of 2025-06-01
    """  # noqa: D301 - click keeps the lines of a paragraph after a backspace
    query = context_pb2.ContextQuery(
        search_queries=[question],
        types=[_TYPES[name] for name in types],
        max_results=limit,
        as_of=_moment(as_of),
        mode=context_pb2.FETCH_MODE_ACCURATE if accurate else context_pb2.FETCH_MODE_FAST,
        time_zone=local_zone(),
        explain=explain,
    )
    with connect(where.find()) as service:
        context = _fetch(service, query, conversation, user, customer)
    if as_json:
        click.echo(json.dumps(MessageToDict(context, preserving_proto_field_name=True), indent=2, ensure_ascii=False))
        return
    console = open_console()
    if not context.items and not context.recent_turns:
        console.print(f"Nothing is remembered {_whose(conversation, user, customer)}.", markup=False)
    for number, item in enumerate(context.items, 1):
        _show(console, number, item)
    if context.recent_turns:
        console.print("The last turns", style="bold")
    for turn in context.recent_turns:
        speaker = turn.speaker or ("Assistant" if turn.role == 2 else "User")
        console.print(Text(f"    {clean(speaker)}: {clean(turn.content)}"))
    for reason in context.retrieval.reasons:
        console.print(f"Note: {_REASONS.get(reason, reason)}", style="yellow")


def _fetch(service: Service, query: context_pb2.ContextQuery, conversation: str, user: str, customer: str) -> context_pb2.Context:
    if conversation:
        by_conversation = conversation_service_pb2.ConversationServiceFetchContextRequest(
            conversation_id=conversation, user_id=user, customer_id=customer, query=query
        )
        return service.call(service.conversations.FetchContext, by_conversation).context
    by_scope = memory_service_pb2.MemoryServiceFetchContextRequest(user_id=user, customer_id=customer, query=query)
    return service.call(service.memories.FetchContext, by_scope).context


def _show(console: Console, number: int, item: context_pb2.ContextItem) -> None:
    kind = context_pb2.ItemType.Name(item.type).removeprefix("ITEM_TYPE_").lower().replace("_", " ")
    subject = f"{clean(item.subject)}: " if item.type == context_pb2.ITEM_TYPE_EXCERPT and item.subject else ""
    console.print(Text.assemble((f"{number:>2}. ", "bold"), (kind, "cyan"), f"  {subject}{clean(item.content)}"))
    if item.excerpt:
        console.print(Text(f"    “{clean(item.excerpt)}”"))
    console.print(Text("    " + " · ".join(_facts_about(item)), style="dim"))
    for signal in item.signals:
        kind = "boost" if signal.boost else f"rank {signal.rank}"
        console.print(
            Text(f"      {signal.name:<24}{signal.value:>9.3f}   {signal.measured:>9.3f} measured, {kind}", style="dim")
        )


def _facts_about(item: context_pb2.ContextItem) -> list[str]:
    """Confidence, times and sources of an item, each in words."""
    words = [] if item.type == context_pb2.ITEM_TYPE_EXCERPT else [f"confidence {item.confidence:.2f}"]
    if item.HasField("event_time"):
        words.append(f"when: {_span(item)}")
    if item.HasField("said_time"):
        words.append(f"said {day(item.said_time)}")
    if item.HasField("valid_end_time"):
        words.append(f"true until {day(item.valid_end_time)}")
    words += [_source(source) for source in item.sources[:3]]
    if len(item.sources) > 3:
        words.append(f"and {len(item.sources) - 3} more sources")
    return words


def _span(item: context_pb2.ContextItem) -> str:
    exact = item.event_precision in (memory_pb2.TIME_PRECISION_MINUTE, memory_pb2.TIME_PRECISION_HOUR)
    write = day_and_time if exact else day
    end = f" to {write(item.event_end_time)}" if item.HasField("event_end_time") else ""
    return write(item.event_time) + end


def _source(source: memory_pb2.Source) -> str:
    if source.HasField("message"):
        return f"conversation {clean(source.message.conversation_id)}, message {source.message.number}"
    return f"document {clean(source.document.document_id)}"


def _whose(conversation: str, user: str, customer: str) -> str:
    if conversation:
        return f"in conversation {conversation}"
    parts = [f"user {user}" if user else "", f"customer {customer}" if customer else ""]
    named = " of ".join(part for part in parts if part)
    return f"for {named}" if named else "for the whole instance; --user and --customer ask narrower"


def _moment(text: str | None) -> Timestamp | None:
    if text is None:
        return None
    try:
        stamp = Timestamp()
        stamp.FromDatetime(messages.parse_time(text, ""))
    except ValueError as error:
        raise click.BadParameter(f"{text!r}: {error}", param_hint="--as-of") from error
    return stamp
