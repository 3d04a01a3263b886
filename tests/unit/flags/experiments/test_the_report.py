"""A report says in plain words what was tried, how many users, what changed, how sure that is and what to do."""

import re

import msgspec
import pytest

from headworks.flags.experiments import text_of


async def text(house) -> str:
    return text_of(await house.watch.report("bot"))


async def test_a_report_can_be_read_from_top_to_bottom(house):
    await house.start(set=["new.model=haiku", "new.retrieval.top_k=8"], guards=["cost", "errors:0.01"])
    house.call(range(3_000), dear="new")
    house.vote(range(3_000), {"control": 5, "new": 8})
    lines = (await text(house)).splitlines()
    assert lines[0].startswith("bot-1 on bot: new is better: thumbs up 79.3 % instead of 50.1 %, new: +29.2 points ")
    assert lines[1] == "What to do: Promote new, if the guards are well."
    assert lines[3] == "Tried since 2026-01-01T00:00:00.000Z:"
    assert lines[4].startswith("  control: as the config says; 1,")
    assert lines[5].startswith("  new: model haiku, retrieval top_k 8; 1,")
    body = "\n".join(lines)
    assert "What changed (3,000 calls, 100 % of the ramp):" in body
    assert re.search(r"cost of a call \$0\.026\d instead of \$0\.01\d\d, new: \+10\d\.\d %", body)
    assert "worse, for sure; 3,000 users." in body
    assert "  cost, new: hurt (20 % worse allowed)" in body
    assert "  errors, new: well (1 points worse allowed)" in body
    assert lines[-2] == "How sure: for each metric the ranges hold with 95 % certainty, however often one looks."


@pytest.mark.parametrize(
    ("chances", "users", "plan", "headline", "advice"),
    [
        ((5, 5), 20, {}, "too few users yet for thumbs up.", "Wait for 30 users"),
        ((6, 6), 1_000, {}, "nothing is certain yet in thumbs up.", "Wait: 1,000 of the 5,000 users"),
        ((6, 6), 6_000, {}, "no difference is certain in thumbs up.", "Stop it: it has seen the users"),
        ((6, 6), 8_000, {"min_effect": 0.1}, "no difference that matters in thumbs up.", "Stop it, or promote"),
        ((8, 5), 3_000, {}, "the new variants are worse in thumbs up.", "Stop it."),
    ],
)
async def test_the_outcome_is_one_sentence_and_one_advice(house, chances, users, plan, headline, advice):
    await house.start(**plan)
    house.vote(range(users), dict(zip(("control", "new"), chances, strict=True)))
    report = await house.watch.report("bot")
    assert report.headline == headline
    assert report.advice.startswith(advice)


async def test_a_ramp_on_its_way_says_that_figures_do_not_count_yet(house):
    await house.start(ramp=True)
    assert (await house.watch.report("bot")).headline == "the ramp is on its way up."


async def test_what_was_promoted_is_to_be_written_into_the_config(house):
    await house.start(set=["new.model=haiku"])
    await house.desk.promote("bot", "new", who="ann")
    report = await house.watch.report("bot")
    assert report.headline == "new was promoted and answers all users."
    assert "--to-config" in report.advice
    assert (report.users, report.calls) == ({}, 0)


async def test_clocks_that_do_not_agree_are_told(house):
    await house.start()
    house.clock.jump(-60)
    house.call(range(100))
    house.clock.jump(60)
    assert "100 of 100 calls arrived before this step began: not counted. Are the clocks right?" in await text(house)


async def test_the_report_is_json_that_comes_back(house):
    await house.start(guards=["cost"])
    house.call(range(100))
    report = await house.watch.report("bot")
    assert msgspec.json.decode(msgspec.json.encode(report), type=type(report)) == report
