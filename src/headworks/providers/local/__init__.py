"""A small language model run by the gateway itself, as one more provider of the OpenAI dialect.

In: nothing but settings. Out: the address of an OpenAI-dialect server on loopback, started on first use. The model runs
in a child process: a crash, a slow token or 250 MB of weights there never touch the gateway's event loop or its memory.
Fails closed: a model that cannot start is a ProviderError with the reason.
"""
