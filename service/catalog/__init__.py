"""The catalog: SQL, the truth of the service, on SQLite or PostgreSQL.

What lives here: the schema, its migrations, the queries by aggregate, and the queue that groups writes into transactions.
What does not: extraction, ranking, wire types. May import `domain`, `settings` and `ops`.
To add a query: put it beside its aggregate as a `Statement` compiled once, and take a connection as the first argument.
"""
