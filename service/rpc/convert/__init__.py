"""Wire messages to domain values and back. One module per kind of thing; no decisions."""
