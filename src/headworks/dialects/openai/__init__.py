"""The OpenAI dialect: chat, legacy completions and embeddings, for clients and for providers."""

from headworks.dialects.openai.chat import Chat
from headworks.dialects.openai.completions import Completions
from headworks.dialects.openai.editing import OpenAIEditor
from headworks.dialects.openai.embeddings import Embeddings
from headworks.dialects.openai.errors import error_status, write_error
from headworks.dialects.openai.request import OpenAIDialect
from headworks.dialects.openai.sections import read_sections

__all__ = ["CHAT", "COMPLETIONS", "DIALECT", "EDITOR", "EMBEDDINGS", "error_status", "read_sections", "write_error"]

CHAT = Chat()
COMPLETIONS = Completions()
EMBEDDINGS = Embeddings()
DIALECT = OpenAIDialect()
EDITOR = OpenAIEditor()
