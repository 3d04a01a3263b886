"""The Anthropic Messages dialect, both sides: clients that speak it, and providers that do.

In: bodies of `/v1/messages` and `/v1/messages/count_tokens`; a provider's messages, streams and errors. Out: an `Ask`,
events, bytes. Fails closed: what cannot be said in this dialect is refused or dropped by name.
"""

from headworks.dialects.anthropic.client.editing import AnthropicEditor
from headworks.dialects.anthropic.client.endpoints import CountTokensEndpoint, MessagesEndpoint
from headworks.dialects.anthropic.client.sections import read_sections
from headworks.dialects.anthropic.errors import error_status, write_error
from headworks.dialects.anthropic.provider.dialect import AnthropicDialect
from headworks.dialects.protocols import AskEditor, Endpoint, ProviderDialect

MESSAGES: Endpoint = MessagesEndpoint()
COUNT_TOKENS: Endpoint = CountTokensEndpoint()
DIALECT: ProviderDialect = AnthropicDialect()
EDITOR: AskEditor = AnthropicEditor()

__all__ = ["COUNT_TOKENS", "DIALECT", "EDITOR", "MESSAGES", "error_status", "read_sections", "write_error"]
