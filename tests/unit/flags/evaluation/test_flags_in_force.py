"""Which definitions are in force, what a caller's own default is for, and what people may change."""

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.core.messages import Ask, Caller
from headworks.flags.evaluation import BadFlagError, Flags, FlagShelf, asked_context, call_context
from headworks.testing import FakeBoard, FakeClock

ON = {"type": "boolean", "default": "on"}
SPLIT = {"type": "boolean", "rules": [{"split": {"on": 50, "off": 50}}]}
CALLER = Caller(key_id="k1", key_name="app", org_id="acme", user_id="paul")


def ask(**fields: object) -> Ask:
    return Ask(trace_id="t", dialect="openai", kind="chat", model="fast", fields={}, read_prompt=_never, **fields)


def _never() -> object:
    raise AssertionError("nobody reads the prompt")


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


@pytest.fixture
def flags(board: FakeBoard) -> Flags:
    return Flags(board)


async def put(board: FakeBoard, name: str, raw: object) -> None:
    await board.put("flag", name, None if raw is None else msgspec.json.encode(raw), who="test")


async def test_a_change_on_the_board_is_in_force_at_once(board: FakeBoard, flags: Flags):
    assert flags.evaluate("f", {}).error_code == "FLAG_NOT_FOUND"
    await put(board, "f", ON)
    assert flags.evaluate("f", {}).value is True
    await put(board, "f", {**ON, "default": "off"})
    assert flags.evaluate("f", {}).value is False
    await put(board, "f", None)
    assert flags.evaluate("f", {}).error_code == "FLAG_NOT_FOUND"


async def test_what_hangs_there_already_is_read_at_the_start(board: FakeBoard):
    await put(board, "f", ON)
    flags = Flags(board)
    flags.start()
    assert flags.evaluate("f", {}).value is True


async def test_only_what_has_changed_is_compiled_again_and_told(board: FakeBoard, flags: Flags):
    await put(board, "f", ON)
    told: list[list[str]] = []
    flags.watch(told.append)
    await put(board, "g", SPLIT)
    flags.fit({"h": ON}, text=False)
    flags.fit({"i": ON}, text=False)
    flags.start()
    flags.unwatch(told.append)
    flags.unwatch(told.append)
    assert told == [["g"], ["h"], ["h", "i"]]


async def test_a_flag_of_the_file_hides_one_of_the_board(board: FakeBoard, flags: Flags):
    await put(board, "f", ON)
    flags.fit({"f": {"type": "boolean", "default": "off"}})
    assert flags.evaluate("f", {}).value is False
    flags.fit({})
    assert flags.evaluate("f", {}).value is True


async def test_a_bad_file_changes_nothing(flags: Flags):
    flags.fit({"f": ON}, text=False)
    with pytest.raises(BadFlagError):
        flags.fit({"g": {}})
    assert flags.names() == ["f"]


@pytest.mark.parametrize("value", [b"{", b'{"type": "from a later version"}', b"\xff", b"[" * 5_000, None])
async def test_a_definition_that_cannot_be_read_says_so_when_it_is_asked_for(
    board: FakeBoard, flags: Flags, value: bytes | None
):
    await put(board, "good", ON)
    await board.put("flag", "bad", b"{" if value is None else value, who="a later version")
    found = flags.details("bad", "mine", {})
    assert (found.value, found.reason, found.error_code) == ("mine", "ERROR", "PARSE_ERROR")
    assert flags.value("good", False, {}) is True
    assert FlagShelf(flags, board).show("bad").fault


@pytest.mark.parametrize(
    ("value", "default", "found"),
    [
        (True, False, True),
        ("x", "d", "x"),
        (5, 1, 5),
        (5, 1.5, 5.0),
        (5.0, 1, 5),
        (5.5, 1, None),
        (10**400, 1.5, None),
        (5, True, None),
        (True, 1, None),
        ("5", 1, None),
        ({"a": 1}, {}, {"a": 1}),
        ([1], {}, [1]),
        ({"a": 1}, "x", None),
    ],
)
def test_a_value_is_of_the_type_of_the_default_or_is_the_default(
    flags: Flags, value: object, default: object, found: object
):
    kinds = {bool: "boolean", str: "string", int: "number", float: "number", dict: "object", list: "object"}
    raw = {"type": kinds[type(value)], "variants": {"v": value}, "default": "v"}
    flags.fit({"f": raw}, text=False)
    details = flags.details("f", default, {})
    if found is None:
        assert (details.value, details.error_code, details.variant) == (default, "TYPE_MISMATCH", None)
    else:
        assert details.value == found
        assert type(details.value) is type(found)


def test_the_default_of_the_caller_is_in_force_where_a_flag_has_no_value(flags: Flags):
    flags.fit({"off": {**ON, "enabled": False}, "bare": {"type": "boolean"}}, text=False)
    assert [(flags.details(key, True, {}).value, flags.details(key, True, {}).reason) for key in ("off", "bare")] == [
        (True, "DISABLED"),
        (True, "DEFAULT"),
    ]
    assert flags.value("none", "mine", {}) == "mine"


async def test_nodes_whose_clocks_differ_agree():
    """Nothing that decides a variant reads a clock: not the hash, not the order of changes."""
    values = []
    for skew_s in (0.0, -86_400.0, 10 * 365 * 86_400.0):
        board = FakeBoard(FakeClock(1_767_225_600.0 + skew_s))
        flags = Flags(board)
        await put(board, "f", SPLIT)
        values.append([flags.value("f", None, {"targetingKey": f"u{n}"}) for n in range(500)])
    assert values[0] == values[1] == values[2]
    assert {True, False} == set(values[0])


def test_a_call_always_has_a_targeting_key():
    keys = [
        call_context(ask(user_id="anna"), CALLER)["targetingKey"],
        call_context(ask(), CALLER)["targetingKey"],
        call_context(ask(), Caller(key_id="k2", key_name="b", org_id="o"))["targetingKey"],
    ]
    assert keys == ["anna", "paul", "k2"]


def test_the_context_of_a_call_says_what_conditions_ask_about(flags: Flags):
    given = {"org": "acme", "user": "paul", "end_user": "anna", "feature": "bot", "model": "fast", "key": "k1"}
    tests = [{"attribute": name, "equals": value} for name, value in given.items()]
    tests += [{"attribute": "tag.plan", "equals": "pro"}, {"attribute": "key_name", "equals": "app"}]
    flags.fit({"f": {"type": "boolean", "rules": [{"when": {"all": tests}, "variant": "on"}]}}, text=False)
    called = ask(user_id="anna", feature="bot", tags={"plan": "pro"})
    assert flags.value("f", False, call_context(called, CALLER)) is True
    assert flags.value("f", False, call_context(called, CALLER, model="slow")) is False


def test_an_application_cannot_say_whose_key_it_has():
    said = {"org": "other", "user": "boss", "key": "k9", "team": "admins", "key_name": "root", "email": "a@x.com"}
    context = asked_context(said, CALLER)
    assert context == {
        "org": "acme",
        "user": "paul",
        "team": None,
        "key": "k1",
        "key_name": "app",
        "email": "a@x.com",
    }


async def test_people_change_flags_and_conflicts_are_told(board: FakeBoard, flags: Flags):
    shelf = FlagShelf(flags, board)
    made = await shelf.put("f", ON, who="anna", why="try it", expected=0)
    assert (made.source, made.version, made.who, made.why, made.fault) == ("board", 1, "anna", "try it", None)
    with pytest.raises(BadAskError) as caught:
        await shelf.put("f", SPLIT, who="paul", expected=0)
    assert (caught.value.code, caught.value.status) == ("conflict", 409)
    assert (await shelf.put("f", SPLIT, who="paul", expected=1)).version == 2
    assert [one.name for one in shelf.list()] == ["f"]
    with pytest.raises(BadAskError, match="changed"):
        await shelf.delete("f", who="anna", expected=1)
    assert await shelf.delete("f", who="anna", expected=2) == 3
    for asked in (lambda: shelf.show("f"), lambda: shelf.evaluate("f", {})):
        with pytest.raises(BadAskError) as caught:
            asked()
        assert (caught.value.code, caught.value.status) == ("unknown_flag", 404)
    with pytest.raises(BadAskError, match="no flag"):
        await shelf.delete("f", who="anna", expected=None)


async def test_a_wrong_definition_is_not_put_up(board: FakeBoard, flags: Flags):
    with pytest.raises(BadFlagError, match="unknown type"):
        await FlagShelf(flags, board).put("f", {"type": "x"}, who="anna", expected=None)
    assert board.get("flag", "f") is None


async def test_flags_of_the_file_are_shown_and_not_changed(board: FakeBoard, flags: Flags):
    await put(board, "f", ON)
    flags.fit({"f": {"type": "boolean", "default": "off"}})
    shelf = FlagShelf(flags, board)
    shown = shelf.show("f")
    assert (shown.source, shown.version, shown.hidden) == ("config", 0, True)
    assert shown.definition == {"type": "boolean", "default": "off"}
    for change in (shelf.put("f", ON, who="a", expected=None), shelf.delete("f", who="a", expected=None)):
        with pytest.raises(BadAskError, match="defined in the config file") as caught:
            await change
        assert caught.value.status == 409


def test_evaluating_says_which_rule_decided(flags: Flags, board: FakeBoard):
    flags.fit({"f": SPLIT}, text=False)
    found = FlagShelf(flags, board).evaluate("f", {"targetingKey": "u"})
    assert (found.rule, found.reason) == (0, "SPLIT")
