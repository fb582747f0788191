"""Plain dataclasses and rules of the memory service; standard library only.

What lives here: the words of the design (scopes, kinds, items, positions, errors) and rules that need no input or output.
What does not: anything that talks to a database, a model, a network or a clock.
"""
