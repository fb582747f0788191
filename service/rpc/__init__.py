"""The wire: the only package that knows gRPC and the generated messages.

A call goes through plain wrappers in one fixed order, outside in: context (times, metrics, log fields) > errors (the only table from
domain errors to statuses) > auth > validation > handler. A handler decodes, calls one use case of `service.app` and encodes.

What lives here: the server, one module per service, `convert` between wire and domain. What does not: rules about memory.
A new RPC is a method on its service's class; `server.SERVICES` lists the classes and the start fails while one lacks a method.
"""
