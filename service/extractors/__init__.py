"""From passages to observations: the port in `base`, and its implementations.

What lives here: reading statements out of text. What does not: deciding what statements add up to (the resolve stage).
"""
