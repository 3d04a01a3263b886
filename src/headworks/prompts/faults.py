"""What is wrong with a prompt file, and in which line."""

from headworks.core.errors import BadAskError


class PromptFileError(BadAskError):
    """A prompt file cannot be used.

    Args:
        file: As it was named.
        line: Counted from 1.
        message: The sentence.
    """

    default_code = "invalid_prompt"
    default_status = 422

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")
        self.file = file
        self.line = line
