"""Spanish, French, German, Portuguese and Italian: dates, first-person facts, preferences, feelings and events, and what is said of relatives.

One module per language holds its words; `reader` knows what to do with them. A statement keeps the speaker's own words behind the name of
whom it is about, because nothing here could conjugate five languages. Everything else (other languages, what no row knows) stays a passage.
"""
