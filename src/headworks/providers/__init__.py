"""The calls to model providers, and what keeps an answer alive. The only room that talks to the outside.

In: an `Ask` and its `Route`. Out: a `Reply` whose chunks flow as they arrive. A call that fails is tried again, then
elsewhere (`pursuit`); a stream that breaks off goes on from another attempt (`resume`); a prompt that is too long is
made to fit (`context`); who is down or busy is left alone (`health`). Fails closed: without a provider's answer there
is an error, never an invented one. Addresses come from the config alone (`outbound`); redirects are not followed.
"""
