"""The Gemini dialect, provider side only: `generateContent`, its stream, embeddings and token counts.

In: an `Ask` and its `Target`. Out: a request, and events for what comes back. Source: https://ai.google.dev/api
(read 2026-11-23).
"""

from headworks.dialects.gemini.dialect import GeminiDialect

DIALECT = GeminiDialect()

__all__ = ["DIALECT", "GeminiDialect"]
