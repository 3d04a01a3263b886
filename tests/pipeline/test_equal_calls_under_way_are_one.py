"""Joined calls: equal ones that are under way share one provider call, whatever their form, and outlive its leader."""

import asyncio

import pytest

from headworks.testing import Recipe

FEATURES = """
cached: {model: openai, cache: {exact: on}, retry: {per_model: 0}, resume: {mode: off}}
alone: {model: openai, cache: {exact: on, joined: off}}
"""
SAID = "One two three four five six seven eight nine ten, 十一 十二."
SLOW = Recipe(text=SAID, tokens_per_second=100)
LATE = Recipe(text=SAID, silence_s=0.2)
HI = {"messages": [{"role": "user", "content": "Count."}], "max_tokens": 50}


@pytest.fixture(autouse=True)
def cached(house):
    house.add(features=FEATURES)
    house.empty_cache()
    yield
    house.configure(lambda text: text)


def visit(house, form="openai stream", *, feature="cached", **headers):
    dialect, _, stream = form.partition(" ")
    path = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}[dialect]
    return house.visit({"model": f"feature/{feature}", "stream": bool(stream), **HI}, path=path, **headers)


async def read(*visits):
    await asyncio.gather(*(one.task for one in visits))
    return [one.answer for one in visits]


def kinds(answers):
    return [answer.headers["x-headworks-cache"] for answer in answers]


async def begun(house, calls=1):
    await house.fake.until(lambda: len(house.fake.calls) == calls)


@pytest.mark.parametrize("model", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("lead", ["openai stream", "openai", "anthropic stream", "anthropic"])
def test_calls_of_every_form_share_one(house, model, lead):
    house.add(features=FEATURES.replace("cached: {model: openai", f"cached: {{model: {model}"))
    house.fake.recipes(SLOW)
    others = ["openai", "openai stream", "anthropic", "anthropic stream"]

    async def run():
        first = visit(house, lead)
        await begun(house)
        return await read(first, *(visit(house, form) for form in others))

    answers = house.run(run())
    assert [answer.text for answer in answers] == [SAID] * 5
    assert kinds(answers) == ["miss", *["joined"] * 4]
    assert all(answer.ended for answer in answers)
    assert len(house.fake.calls) == 1


def test_whoever_comes_in_the_middle_of_a_stream_gets_it_from_its_beginning(house):
    house.fake.recipes(SLOW)

    async def run():
        first = visit(house)
        await first.until(b"four")
        return await read(first, visit(house), visit(house, "anthropic stream"))

    answers = house.run(run())
    assert [answer.text for answer in answers] == [SAID] * 3
    assert len(house.fake.calls) == 1


def test_only_the_leader_pays(house):
    house.fake.recipes(LATE)

    async def run():
        return await read(*(visit(house) for _ in range(3)))

    records = [house.record(answer) for answer in house.run(run())]
    assert [record["cost_usd"] > 0 for record in records] == [True, False, False]
    assert [len(record["attempts"]) for record in records] == [1, 0, 0]
    assert [record["cache_hit"] for record in records] == [False] * 3


def test_a_thousand_equal_calls_are_one_and_a_thousand_right_answers(house):
    house.fake.recipes(LATE)
    forms = ["openai", "openai stream", "anthropic", "anthropic stream"] * 250

    async def run():
        return await read(*(visit(house, form) for form in forms))

    answers = house.run(run())
    assert {answer.text for answer in answers} == {SAID}
    assert sorted(set(kinds(answers))) == ["joined", "miss"]
    assert len(house.fake.calls) == 1


@pytest.mark.parametrize("lead", ["openai stream", "openai"])
def test_a_leader_that_leaves_after_the_first_word_takes_nobody_along(house, lead):
    house.fake.recipes(SLOW)

    async def run():
        first = visit(house, lead)
        await begun(house)
        other = visit(house)
        await (other.until(b"two") if " " in lead else asyncio.sleep(0))
        first.go()
        return (await read(other))[0], first

    answer, first = house.run(run())
    assert (answer.text, answer.headers["x-headworks-cache"]) == (SAID, "joined")
    assert len(house.fake.calls) == 1
    house.run(first.task)
    assert house.at_rest()


def test_a_leader_that_leaves_before_the_first_word_takes_nobody_along(house):
    house.fake.recipes(LATE)

    async def run():
        first = visit(house)
        await begun(house)
        others = [visit(house) for _ in range(3)]
        await asyncio.sleep(0)
        first.go()
        return await read(*others)

    answers = house.run(run())
    assert [answer.text for answer in answers] == [SAID] * 3
    assert len(house.fake.calls) == 1


def test_followers_that_leave_do_not_end_the_call(house):
    house.fake.recipes(SLOW)

    async def run():
        first = visit(house)
        await first.until(b"One")
        others = [visit(house) for _ in range(3)]
        for other in others:
            await other.until(b"One")
            await other.leave()
        return (await read(first))[0]

    assert house.run(run()).text == SAID


def test_a_leader_that_leaves_alone_ends_its_call(house):
    house.fake.recipes(Recipe(text=SAID, tokens_per_second=5))

    async def run():
        first, other = visit(house), None
        await first.until(b"One")
        other = visit(house)
        await other.until(b"One")
        await other.leave()
        await first.leave()
        await house.fake.until(lambda: house.fake.calls[0].ended, within_s=1)

    house.run(run())
    assert house.at_rest()
    assert house.entries() == []


def test_when_the_leader_fails_a_follower_takes_over(house):
    house.fake.script([Recipe(status=500, silence_s=0.1), Recipe(text=SAID)])

    async def run():
        return await read(*(visit(house) for _ in range(4)))

    answers = house.run(run())
    assert [answer.status for answer in answers] == [502, 200, 200, 200]
    assert [answer.text for answer in answers[1:]] == [SAID] * 3
    assert len(house.fake.calls) == 2


def test_when_a_second_one_fails_too_all_are_told(house):
    house.fake.recipes(Recipe(status=500, silence_s=0.05))

    async def run():
        return await read(*(visit(house) for _ in range(20)))

    answers = house.run(run())
    assert {answer.status for answer in answers} == {502}
    assert {answer.error["code"] for answer in answers} == {"provider_error"}
    assert len(house.fake.calls) == 2


def test_a_mistake_of_the_callers_is_told_to_all_at_once(house):
    house.fake.recipes(Recipe(status=400, silence_s=0.05))

    async def run():
        return await read(*(visit(house) for _ in range(20)))

    answers = house.run(run())
    assert {answer.status for answer in answers} == {400}
    assert len(house.fake.calls) <= 2


def test_a_stream_that_breaks_off_breaks_off_for_all(house):
    house.fake.recipes(Recipe(text=SAID, tokens_per_second=100, cut_after_tokens=6))

    async def run():
        first = visit(house)
        await first.until(b"two")
        return await read(first, visit(house), visit(house, "anthropic stream"))

    for answer in house.run(run()):
        assert "stream_interrupted" in answer.body.decode()
        assert "[DONE]" not in answer.body.decode()
        assert "message_stop" not in answer.body.decode()


def test_a_follower_waits_no_longer_than_its_own_client(house):
    house.fake.recipes(Recipe(text=SAID, silence_s=0.5))

    async def run():
        first = visit(house)
        await begun(house)
        other = visit(house, x_headworks_deadline_ms="50")
        return await read(first, other)

    first, other = house.run(run())
    assert first.text == SAID
    assert (other.status, other.error["code"]) == (504, "deadline_exceeded")


def test_a_leader_without_time_leaves_the_call_to_its_followers(house):
    house.fake.recipes(Recipe(text=SAID, silence_s=0.2))

    async def run():
        first = visit(house, x_headworks_deadline_ms="50")
        await begun(house)
        return await read(first, *(visit(house) for _ in range(3)))

    first, *others = house.run(run())
    assert first.status == 504
    assert [answer.text for answer in others] == [SAID] * 3
    assert len(house.fake.calls) == 2


def test_a_leader_with_a_slow_client_holds_nobody_up(house):
    house.fake.recipes(SLOW)

    async def run():
        first = visit(house)
        await first.until(b"One")
        first.stop_reading()
        (other,) = await read(visit(house))
        first.read_on()
        return [other, *await read(first)]

    assert [answer.text for answer in house.run(run())] == [SAID, SAID]
    assert len(house.fake.calls) == 1


def test_where_the_feature_wants_it_each_call_is_its_own(house):
    house.fake.recipes(LATE)

    async def run():
        return await read(*(visit(house, feature="alone") for _ in range(3)))

    assert kinds(house.run(run())) == ["miss"] * 3
    assert len(house.fake.calls) == 3


def test_nothing_stays_behind(house):
    house.fake.recipes(Recipe(text=SAID, probability=0.5), Recipe(status=500))

    async def run():
        visits = []
        for number in range(60):
            one = visit(house, ["openai", "openai stream", "anthropic stream"][number % 3])
            visits.append(one)
            await asyncio.sleep(0)
            if number % 4 == 1:
                one.go()
        await asyncio.gather(*(one.task for one in visits))

    house.run(run())
    assert house.gateway._outfit.room.kit.flights == {}
    assert house.at_rest()
