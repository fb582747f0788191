"""How good retrieval and extraction are, measured through the running service and its public API alone.

What lives here: two commands that feed labelled data to a service of their own and write what it answered, for scorers that lie beside the data.
What does not: data, scorers, and any knowledge of either but their formats.
"""
