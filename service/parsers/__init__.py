"""From the text of a source to its turns: one function per kind of text, chosen by document type in `registry`.

What lives here: finding who said what, and the sections of a document. What does not: cutting turns into passages
(`service.pipeline.segment`) and understanding what they say (`service.extractors`).

Every parser takes time linear in the size of the text, whatever the text, and its turns are exact slices of it.
"""
