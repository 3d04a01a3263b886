"""The Gemini dialect as the providers room sees it."""

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from headworks.core.errors import ProviderError
from headworks.core.messages import Ask, Target
from headworks.core.prefix import Marks
from headworks.core.replies import Event
from headworks.dialects.arranging import arranged
from headworks.dialects.gaps import Gaps
from headworks.dialects.gemini.errors import read_error
from headworks.dialects.gemini.named import documents_of, with_names
from headworks.dialects.gemini.reading import GeminiReader, read_whole
from headworks.dialects.gemini.request import write_inputs, write_prompt
from headworks.dialects.protocols import StreamReader, WireRequest


class GeminiDialect:
    """Speaks to the Gemini API; the base URL ends in its version (`.../v1beta`)."""

    name = "gemini"

    def request(self, ask: Ask, target: Target, marks: Marks | None = None) -> WireRequest:
        """The prompt in Gemini's words. No client speaks this dialect, so nothing is passed through.

        The provider keeps prefixes unasked (ai.google.dev/gemini-api/docs/caching, read 2026-11-24): for these, all
        there is to do is to write them alike. Besides it keeps under a name what it is told to (`named.py`).
        """
        gaps = Gaps("Gemini", target)
        model = target.provider_model.removeprefix("models/")
        reference = order = None
        if ask.kind == "embedding":
            method, body = "batchEmbedContents", write_inputs(ask.prompt, model, gaps)
        elif ask.kind == "count":
            counted = {"model": f"models/{model}"} | write_prompt(ask.prompt, model, gaps)
            method, body = "countTokens", {"generateContentRequest": counted}
        else:
            method = "streamGenerateContent?alt=sse" if ask.stream else "generateContent"
            prompt = ask.prompt if marks is None else arranged(ask.prompt)
            body = write_prompt(prompt, model, gaps)
            if marks is not None and (marks.named or marks.wish):
                body, reference, order = with_names(body, model, documents_of(prompt), marks)
        return WireRequest(
            path=f"/models/{quote(model, safe='')}:{method}",
            body=msgspec.json.encode(body),
            dropped=gaps.names,
            reference=reference,
            order=order,
        )

    def read_whole(self, ask: Ask, body: bytes) -> list[Event]:
        """Events of a whole reply."""
        return read_whole(ask, body)

    def stream_reader(self, ask: Ask) -> StreamReader:
        """A reader for one stream."""
        return GeminiReader(ask)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> ProviderError:
        """A provider's error answer as ours."""
        return read_error(status, headers, body)
