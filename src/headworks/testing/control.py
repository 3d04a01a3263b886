"""The fake's own endpoints, for a fake that runs in another process: set recipes, read and forget calls.

* `POST /fake/recipes` with `{"script": [...], "recipes": [...], "named": {...}}`, each optional; a recipe is an object
  or a known name. What is given replaces what was there; `named` is added to the known names.
* `GET /fake/recipes`: the known names and their recipes.
* `GET /fake/calls`: what was received, oldest first. `DELETE /fake/calls` forgets it.
"""

import msgspec
from msgspec import Struct

from headworks.testing.book import RecipeBook
from headworks.testing.calls import CallLog
from headworks.testing.http import Request, head
from headworks.testing.recipe import Recipe, UnknownRecipeError

CONTROL_PREFIX = "/fake/"


class Orders(Struct, forbid_unknown_fields=True):
    """Body of `POST /fake/recipes`."""

    script: list[Recipe | str] | None = None
    recipes: list[Recipe | str] | None = None
    named: dict[str, Recipe] = {}


def control(request: Request, book: RecipeBook, log: CallLog) -> bytes:
    """The whole HTTP response to a request under `/fake/`."""
    status, body = _answer(request, book, log)
    return head(status, {"content-type": "application/json", "content-length": str(len(body))}) + body


def _answer(request: Request, book: RecipeBook, log: CallLog) -> tuple[int, bytes]:
    match request.method, request.path:
        case "POST", "/fake/recipes":
            return _order(request.body, book)
        case "GET", "/fake/recipes":
            return 200, msgspec.json.encode(book.named)
        case "GET", "/fake/calls":
            return 200, msgspec.json.encode(_listed(log))
        case "DELETE", "/fake/calls":
            log.clear()
            return 200, b"{}"
        case _:
            return 404, b'{"error":"Known: POST, GET /fake/recipes; GET, DELETE /fake/calls."}'


def _order(body: bytes, book: RecipeBook) -> tuple[int, bytes]:
    try:
        orders = msgspec.json.decode(body, type=Orders)
        book.named |= orders.named
        if orders.recipes is not None:
            book.stand(orders.recipes)
        if orders.script is not None:
            book.script(orders.script)
    except (msgspec.DecodeError, UnknownRecipeError) as error:
        return 400, msgspec.json.encode({"error": str(error)})
    return 200, b"{}"


def _listed(log: CallLog) -> list[dict[str, object]]:
    return [msgspec.structs.asdict(call) | {"body": call.body.decode(errors="replace")} for call in log.all()]
