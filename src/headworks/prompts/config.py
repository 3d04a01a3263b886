"""Settings of prompts that hold for all features."""

from pydantic import BaseModel, ConfigDict, Field

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class PromptSettings(BaseModel):
    """Who may be moved where. The prompts themselves are not in the config."""

    model_config = _SETTINGS

    protected_labels: tuple[str, ...] = Field(default=(), max_length=100)
    """Labels that are moved only to a version whose golden set has passed, such as `production`."""
