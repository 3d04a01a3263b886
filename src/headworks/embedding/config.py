"""Settings of what turns questions into vectors."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

_SETTINGS = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, protected_namespaces=())


class EndpointSettings(BaseModel):
    """An embedding endpoint of the OpenAI dialect."""

    model_config = _SETTINGS

    base_url: str = Field(pattern="^https?://[^/]+")
    """Where it is, as `https://api.example.com/v1`; `/embeddings` is added."""

    model: str = Field(min_length=1)
    """Its name of the model."""

    dims: int = Field(ge=8, le=8192)
    """Length of the model's vectors."""

    api_key: SecretStr | None = None
    """Sent as a bearer token; left out where the endpoint needs none."""

    shorten: bool = False
    """Ask for `dims` numbers by the field `dimensions`; only for models that can shorten their vectors."""

    max_chars: int = Field(default=8000, ge=100)
    """A longer question is not looked up by meaning: the endpoint might read only its beginning."""


class EmbeddingSettings(BaseModel):
    """How questions become vectors, by which those that mean the same are found."""

    model_config = _SETTINGS

    endpoint: EndpointSettings | None = None
    """An endpoint to ask. Left out: the small model that comes with `headworks[embed]`, run on this machine."""

    model_path: str | None = None
    """Folder with `tokenizer.json` and `onnx/model.onnx` of another model to run. Left out: the installed one."""

    model_dims: int = Field(default=384, ge=8, le=8192)
    """Length of that model's vectors."""

    max_tokens: int = Field(default=256, ge=16, le=512)
    """A longer question is not looked up by meaning: the local model would read only its beginning."""

    timeout_s: float = Field(default=1.0, gt=0, le=60)
    """Seconds for which a call waits for the vector of its question, before it goes on without."""

    remembered_bytes: int = Field(default=16 * 1024**2, ge=0)
    """Memory for vectors of texts that were asked lately, per worker."""
