"""The composition root: the only package that knows every concrete class, and the order in which each kind of process begins and ends.

What lives here: one file per kind of process (`up`, later `serve` and `work` beside it), `opening` (what all of them do before anything
else) and `api` (what every process that answers calls is made of). What does not: anything that a process does once it runs.
"""
