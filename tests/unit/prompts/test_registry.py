"""Versions never change, labels move one step at a time, and whoever comes second is told."""

from collections.abc import Mapping

import pytest

from headworks.core.errors import BadAskError, RefusedError, StoreError
from headworks.core.people.board import Entry
from headworks.prompts.faults import PromptFileError
from headworks.prompts.registry import Registry, Source
from headworks.testing import FakeBoard, FakeClock

PLAIN = "## system\nYou help.\n## user\n{{ 1 }}"


def with_more(text: str) -> str:
    return PLAIN.replace("help", text)


async def test_the_same_content_makes_no_new_version(desk):
    assert await desk.push(bot=PLAIN) == ["bot@1 new"]
    assert await desk.push(bot=PLAIN) == ["bot@1 unchanged"]
    assert await desk.push(bot=with_more("sing")) == ["bot@2 new"]
    assert await desk.push(bot=PLAIN) == ["bot@1 unchanged"]
    assert [entry.name for entry in await desk.board.history("prompt")] == ["bot@2", "bot@1"]


async def test_another_description_or_test_is_noted_and_makes_no_new_version(desk):
    await desk.push(bot=PLAIN)
    digest = desk.registry.ready("bot", 1).version.digest
    more = f"---\ndescription: Helps.\ntests: [{{a: 1}}]\n---\n{PLAIN}"
    assert await desk.push(bot=more) == ["bot@1 noted"]
    version = desk.registry.ready("bot", 1).version
    assert (version.spec.description, version.source, version.digest) == ("Helps.", more, digest)


@pytest.mark.parametrize(
    "front",
    [
        "parameters: {temperature: 1}",
        "variables: {x: string}",
        "output: {schema: {type: object}}",
        "tools: [{name: a}]",
        "examples: [{user: a, assistant: b}]",
    ],
)
async def test_all_that_reaches_a_model_makes_a_new_version(desk, front):
    await desk.push(bot=PLAIN)
    assert await desk.push(bot=f"---\n{front}\n---\n{PLAIN}") == ["bot@2 new"]


async def test_a_partial_is_part_of_the_content_of_what_includes_it(desk):
    bot = 'Hi. {% include "tone" %}'
    assert await desk.push(bot=bot, tone='Be {% include "word" %}.', word="kind") == [
        "bot@1 new",
        "tone@1 new",
        "word@1 new",
    ]
    assert await desk.push(bot=bot) == ["bot@1 unchanged"]
    assert await desk.push(word="brief") == ["word@2 new"]
    assert await desk.push(bot=bot) == ["bot@2 new"]
    assert desk.registry.ready("bot", 1).compiled.messages({})[0].text == "Hi. Be kind."
    assert desk.registry.ready("bot", 2).compiled.messages({})[0].text == "Hi. Be brief."


async def test_a_circle_of_partials_is_refused_with_the_circle(desk):
    with pytest.raises(PromptFileError, match="`a` > `b` > `c` > `a`"):
        await desk.push(a='{% include "b" %}', b='{% include "c" %}', c='{% include "a" %}')
    with pytest.raises(PromptFileError, match=r"bot\.md:2: .*circle: `bot` > `bot`"):
        await desk.push(bot='x\n{% include "bot" %}')
    assert desk.registry.shelf.names() == []


async def test_an_unknown_partial_is_refused_with_what_was_meant(desk):
    with pytest.raises(BadAskError, match=r"no prompt `tome` to include\. Did you mean `tone`"):
        await desk.push(bot='{% include "tome" %}', tone="x")
    with pytest.raises(PromptFileError, match="`roles` has roles of its own"):
        await desk.push(bot='{% include "roles" %}', roles=PLAIN)


async def test_nothing_is_kept_when_one_file_is_wrong(desk):
    with pytest.raises(PromptFileError, match=r"other\.md:1"):
        await desk.push(bot=PLAIN, other="{{ x }}")
    assert desk.registry.shelf.names() == []


async def test_a_dry_run_says_what_would_come_and_keeps_nothing(desk):
    await desk.push(bot=PLAIN)
    sources = [Source(name="bot", source=PLAIN), Source(name="new", source="x"), Source(name="Bot", source=PLAIN)]
    found = await desk.registry.push(sources, who="ann", dry_run=True)
    assert [(one.name, one.version, one.result) for one in found] == [
        ("bot", 1, "unchanged"),
        ("new", 1, "new"),
        ("Bot", 1, "new"),
    ]
    assert desk.registry.shelf.names() == ["bot"]


async def test_names_have_one_spelling(desk):
    await desk.push(grüße="x")
    assert await desk.push(grüße="x") == ["gr\u00fc\u00dfe@1 unchanged"]
    for name in ("", "a b", "a/b", "a@b", "a:b", "../a", "-a", "\U0001f600", "a" * 101, "a\n", "\ud800"):
        with pytest.raises(BadAskError, match="cannot be the name of a prompt"):
            await desk.push(**{name: "x"})
    with pytest.raises(BadAskError, match="pushed twice at once"):
        await desk.registry.push([Source(name="a", source="x"), Source(name="a", source="y")], who="ann")


async def test_a_prompt_that_is_too_large_with_what_it_includes_is_refused(desk):
    parts = {f"p{n}": "x" * 250_000 for n in range(5)}
    await desk.push(**parts)
    with pytest.raises(PromptFileError, match=r"With what it includes it takes \d+ bytes"):
        await desk.push(bot="".join(f'{{% include "{name}" %}}' for name in parts))


async def test_what_is_asked_for_and_is_not_there_is_told_with_what_was_meant(desk):
    await desk.push(bot=PLAIN)
    with pytest.raises(BadAskError, match=r"no label `production`\. It has no labels yet\.") as raised:
        desk.registry.ready("bot", "production")
    assert (raised.value.code, raised.value.status) == ("unknown_label", 404)
    await desk.registry.move("bot", "production", 1, who="ann")
    with pytest.raises(BadAskError, match=r"no label `prodution`\. Did you mean `production`\?"):
        desk.registry.ready("bot", "prodution")
    with pytest.raises(BadAskError, match=r"no version 2; the newest is 1\.") as raised:
        desk.registry.ready("bot", 2)
    assert raised.value.code == "unknown_version"
    with pytest.raises(BadAskError, match=r"no prompt `bod`\. Did you mean `bot`\?") as raised:
        desk.registry.ready("bod", 2)
    assert (raised.value.code, raised.value.status) == ("unknown_prompt", 404)


async def test_a_label_moves_with_who_when_and_why(desk):
    await desk.push(bot=PLAIN)
    await desk.push(bot=with_more("sing"))
    await desk.registry.move("bot", "production", 1, who="ann", why="first")
    await desk.registry.move("bot", "production", 2, who="bea", why="better", expected=1)
    assert desk.registry.ready("bot", "production").version.number == 2
    assert [(move.who, move.why) for move in await desk.registry.moves("bot", "production")] == [
        ("bea", "better"),
        ("ann", "first"),
    ]


async def test_whoever_moves_a_label_from_where_it_no_longer_is_is_told(desk):
    await desk.push(bot=PLAIN)
    await desk.push(bot=with_more("sing"))
    await desk.registry.move("bot", "production", 1, who="ann", expected=0)
    await desk.registry.move("bot", "production", 2, who="bea", expected=1)
    with pytest.raises(BadAskError, match=r"is at version 2, not at 1\. bea moved it there\.") as raised:
        await desk.registry.move("bot", "production", 1, who="cid", expected=1)
    assert (raised.value.code, raised.value.status) == ("conflict", 409)


class SlowGolden:
    """Passes everything, but while it looks, somebody else moves the label."""

    def __init__(self, desk, registry) -> None:
        self._desk = desk
        self._other = registry

    async def passed(self, name: str, digest: str) -> bool | None:
        await self._other.move(name, "production", 1, who="bea")
        return True


async def test_of_two_who_move_a_label_at_once_the_second_is_told(desk):
    await desk.push(bot=PLAIN)
    await desk.push(bot=with_more("sing"))
    mover = Registry(desk.board, FakeClock(), protected=lambda: ("production",), golden=SlowGolden(desk, desk.registry))
    with pytest.raises(BadAskError) as raised:
        await mover.move("bot", "production", 2, who="ann")
    assert raised.value.code == "conflict"
    assert desk.registry.ready("bot", "production").version.number == 1


async def test_a_rollback_goes_back_step_by_step(desk):
    for word in ("a", "b", "c"):
        await desk.push(bot=with_more(word))
    for number in (1, 2, 3):
        await desk.registry.move("bot", "live", number, who="ann")
    assert (await desk.registry.rollback("bot", "live", who="bea", why="wrong")).version == 2
    assert (await desk.registry.rollback("bot", "live", who="bea", expected=2)).version == 1
    with pytest.raises(BadAskError, match="has been at version 1 only"):
        await desk.registry.rollback("bot", "live", who="bea")
    with pytest.raises(BadAskError, match=r"no label `love`\. Did you mean `live`"):
        await desk.registry.rollback("bot", "love", who="bea")


async def test_a_label_that_was_taken_down_can_be_put_up_again(desk):
    await desk.push(bot=PLAIN)
    await desk.registry.move("bot", "live", 1, who="ann")
    await desk.registry.unlabel("bot", "live", who="ann")
    with pytest.raises(BadAskError, match="no label `live`"):
        desk.registry.ready("bot", "live")
    await desk.registry.move("bot", "live", 1, who="ann", expected=0)
    assert desk.registry.ready("bot", "live").version.number == 1


async def test_a_number_is_no_name_of_a_label(desk):
    await desk.push(bot=PLAIN)
    with pytest.raises(BadAskError, match="a number stands for a version"):
        await desk.registry.move("bot", "7", 1, who="ann")


async def test_a_deleted_version_is_served_to_who_refers_to_it(desk):
    await desk.push(bot=PLAIN)
    await desk.push(bot=with_more("sing"))
    await desk.registry.move("bot", "production", 1, who="ann")
    await desk.registry.delete("bot", 1, who="ann", why="wrong price")
    assert desk.registry.ready("bot", "production").version.number == 1
    assert desk.registry.ready("bot", 1).version.deleted
    with pytest.raises(BadAskError, match="bot@1 is deleted; push its file again"):
        await desk.registry.move("bot", "staging", 1, who="ann")
    assert await desk.push(bot=PLAIN) == ["bot@1 noted"]
    await desk.registry.move("bot", "staging", 1, who="ann")


async def test_a_prompt_whose_versions_are_all_deleted_is_not_listed_nor_included(desk):
    await desk.push(tone="kind")
    await desk.registry.delete("tone", 1, who="ann")
    assert desk.registry.shelf.names() == []
    with pytest.raises(BadAskError, match="no prompt `tone` to include"):
        await desk.push(bot='{% include "tone" %}')


class Golden:
    """Knows results by digest."""

    def __init__(self) -> None:
        self.results: dict[str, bool] = {}

    async def passed(self, name: str, digest: str) -> bool | None:
        return self.results.get(digest)


async def test_a_protected_label_moves_only_to_what_has_passed(desk):
    golden = Golden()
    registry = Registry(desk.board, FakeClock(), protected=lambda: ("production",), golden=golden)
    await desk.push(bot=PLAIN)
    await desk.push(bot=with_more("sing"))
    digest = registry.ready("bot", 1).version.digest
    with pytest.raises(RefusedError, match="its golden set has not run on bot@1") as raised:
        await registry.move("bot", "production", 1, who="ann")
    assert (raised.value.code, raised.value.status) == ("label_protected", 403)
    golden.results[digest] = False
    with pytest.raises(RefusedError, match=r"bot@1 .* has failed its golden set"):
        await registry.move("bot", "production", 1, who="ann")
    golden.results[digest] = True
    await registry.move("bot", "production", 1, who="ann")
    with pytest.raises(RefusedError, match="has not run on bot@2"):
        await registry.move("bot", "production", 2, who="ann")
    await registry.move("bot", "staging", 2, who="ann")


async def test_without_golden_sets_a_protected_label_does_not_move(desk):
    registry = Registry(desk.board, FakeClock(), protected=lambda: ("production",))
    await desk.push(bot=PLAIN)
    with pytest.raises(RefusedError, match="no golden sets are run by this gateway"):
        await registry.move("bot", "production", 1, who="ann")


class LateBoard(FakeBoard):
    """A board that has not yet heard of what another process has put up."""

    late: frozenset[str] = frozenset()

    def get(self, kind: str, name: str) -> Entry | None:
        return None if name in self.late else super().get(kind, name)

    def all(self, kind: str) -> Mapping[str, Entry]:
        return {name: entry for name, entry in super().all(kind).items() if name not in self.late}


async def test_two_processes_that_push_at_once_share_numbers():
    board = LateBoard()
    registry = Registry(board, FakeClock())
    await registry.push([Source(name="bot", source=PLAIN)], who="ann")
    board.late = frozenset(["bot@1"])
    (done,) = await registry.push([Source(name="bot", source=with_more("sing"))], who="bea")
    assert (done.version, done.result) == (2, "new")
    board.late = frozenset(["bot@1", "bot@2"])
    (done,) = await registry.push([Source(name="bot", source=with_more("sing"))], who="cid")
    assert (done.version, done.result) == (2, "unchanged")


async def test_a_label_that_another_process_has_just_put_up_is_not_overwritten():
    board = LateBoard()
    registry = Registry(board, FakeClock())
    await registry.push([Source(name="bot", source=PLAIN)], who="ann")
    await registry.move("bot", "live", 1, who="ann")
    board.late = frozenset(["bot:live"])
    with pytest.raises(BadAskError, match="ann has just moved it") as raised:
        await registry.move("bot", "live", 1, who="bea")
    assert raised.value.code == "conflict"


async def test_a_reason_that_is_too_long_is_refused(desk):
    with pytest.raises(BadAskError, match="The reason has 1001 characters"):
        await desk.registry.push([Source(name="bot", source=PLAIN)], who="ann", why="x" * 1001)


async def test_an_entry_that_is_no_prompt_is_a_fault_of_the_store(desk):
    await desk.board.put("prompt", "bot@1", b'{"name":1}', who="ann")
    with pytest.raises(StoreError, match="bot@1"):
        desk.registry.ready("bot", 1)


async def test_a_version_is_compiled_once(desk):
    await desk.push(bot=PLAIN)
    await desk.registry.move("bot", "live", 1, who="ann")
    assert desk.registry.ready("bot", 1) is desk.registry.ready("bot", "live")
