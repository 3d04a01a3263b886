"""The call to a model provider: dialect, connection, streaming, failover. The only room that talks to the outside.

In: an `Ask` and its `Route`. Out: a `Reply` whose chunks flow as they arrive. Fails closed: without a provider's answer
there is an error, never an invented one. Addresses come from the config alone; redirects are not followed.
"""
