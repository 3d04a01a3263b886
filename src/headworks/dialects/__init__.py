"""Wire formats: OpenAI, Anthropic and Gemini JSON and event streams to and from the words of `core/messages.py`.

A floor of its own below the rooms, because the server (client side) and the providers room (provider side) both need it
and must not know each other. Only pure functions and small readers that hold the state of one stream: no I/O, no clock.

What goes in: bytes of a body or of one server-sent event. What comes out: an `Ask`, `Prompt`, `Chunk`s, or bytes.
A field that cannot be expressed is an error that names it, or is dropped and named where the target says
`unsupported: drop`.
"""
