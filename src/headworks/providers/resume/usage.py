"""The usage of an answer that several attempts have given: what one call would have used."""

import msgspec

from headworks.core.replies import Usage
from headworks.providers.resume.delivered import Mode


class Bill:
    """Rewrites a new attempt's counts into those of the whole answer.

    Each attempt is on the record, and paid for, with its own counts. The client is told what its answer measures.

    Args:
        told: What the client was told last, if anything.
        mode: How the new attempt was asked.
        delivered_tokens: Tokens delivered before the seam; an estimate.
        extra_tokens: Tokens of the turn that asked the model to go on; an estimate.
    """

    __slots__ = ("_delivered", "_extra", "_restart", "_told")

    def __init__(self, told: Usage | None, mode: Mode, delivered_tokens: int, extra_tokens: int) -> None:
        self._told = told if told is not None and told.input_tokens else None
        self._restart = mode == "restart"
        self._delivered = delivered_tokens
        self._extra = extra_tokens

    def whole(self, new: Usage) -> Usage:
        """The counts of the whole answer."""
        return self._output(self._input(new), new)

    def _input(self, new: Usage) -> Usage:
        told = self._told
        if self._restart and new.web_searches:
            return new  # what was found is part of the input, and told only at the end
        if told is not None:
            return msgspec.structs.replace(
                new,
                input_tokens=told.input_tokens,
                cached_tokens=told.cached_tokens,
                cache_write_5m_tokens=told.cache_write_5m_tokens,
                cache_write_1h_tokens=told.cache_write_1h_tokens,
                audio_input_tokens=told.audio_input_tokens,
                image_input_tokens=told.image_input_tokens,
                estimated=new.estimated or told.estimated,
            )
        if self._restart:
            return new
        read = max(1, new.input_tokens - self._delivered - self._extra)
        cached = min(new.cached_tokens, read)
        written_5m = min(new.cache_write_5m_tokens, read - cached)
        return msgspec.structs.replace(
            new,
            input_tokens=read,
            cached_tokens=cached,
            cache_write_5m_tokens=written_5m,
            cache_write_1h_tokens=min(new.cache_write_1h_tokens, read - cached - written_5m),
            estimated=True,
        )

    def _output(self, usage: Usage, new: Usage) -> Usage:
        if self._restart:
            return usage
        searches = self._told.web_searches if self._told is not None else 0
        return msgspec.structs.replace(
            usage,
            output_tokens=self._delivered + new.output_tokens,
            web_searches=searches + new.web_searches,
            estimated=usage.estimated or self._delivered > 0,
        )
