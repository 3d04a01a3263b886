"""`POST /v1/prompts/{name}/render`: what a prompt says with these variables, without asking a model."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from headworks.core.errors import BadAskError
from headworks.prompts.names import Reference, read_reference
from headworks.prompts.room import Prompts, Rendered
from headworks.prompts.sending import SENDERS, Towards


class RenderWish(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be rendered.

    Attributes:
        variables: By name.
        version: The number of a version.
        label: Or a label; `production` without either.
        dialect: In whose words the answer is: `openai` or `anthropic`.
    """

    variables: dict[str, Any] = {}
    version: Annotated[int, Meta(ge=1)] | None = None
    label: str | None = None
    dialect: Literal["openai", "anthropic"] = "openai"

    def reference(self) -> Reference | None:
        """The version or label.

        Raises:
            BadAskError: Both are given, or the label is none.
        """
        if self.version is not None and self.label is not None:
            raise BadAskError("Give `version` or `label`, not both.", param="label")
        return self.version if self.label is None else read_reference(self.label)


_WISH = msgspec.json.Decoder(RenderWish)


def read_wish(body: bytes) -> RenderWish:
    """The body of a request to render.

    Raises:
        BadAskError: It is no JSON object of this shape.
    """
    try:
        return _WISH.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise BadAskError(f"The body: {error}.") from error
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadAskError("The body must be a JSON object.") from error


def render_answer(prompts: Prompts, name: str, body: bytes) -> bytes:
    """The answer to `POST /v1/prompts/{name}/render`: `{"prompt": "name@7", "messages": [...], ...}`, as JSON.

    Beside the messages it has the prompt's parameters, tools and output format, as fields of the dialect.

    Raises:
        BadAskError: The body is none; `unknown_prompt`, `unknown_label`, `unknown_version` (404); a variable that does
            not fit (400).
        StoreError: The board cannot be read.
    """
    wish = read_wish(body)
    rendered = prompts.named(name, wish.reference(), wish.variables)
    return msgspec.json.encode(written(rendered, wish.dialect))


def written(rendered: Rendered, dialect: str) -> dict[str, Any]:
    """A rendered prompt as fields of a dialect, beside its `name@version`."""
    sender = SENDERS[dialect]
    # A count has no limit of its length: a prompt is shown whether or not it has one.
    own = {} if rendered.spec.parameters.max_tokens or dialect == "openai" else {"max_tokens": Raw(b"1")}
    fields: dict[str, Any] = dict(sender.fields(own, rendered.messages, rendered.spec, Towards()))
    for name in own:
        del fields[name]
    return {"prompt": rendered.version, **fields}
