"""Reports over HTTP: what is asked goes on as it is, money stays text, and what is none is refused."""

from headworks.core.errors import BadAskError

PATH = "/admin/v1/reports"


async def test_a_report_is_asked_for_as_the_query_says(admin):
    answer = await admin(
        "GET", f"{PATH}?by=day,feature&since=7d&until=2026-11-23&org=acme&user=ann&latency=true&limit=5"
    )
    assert answer.status == 200
    assert answer.json["rows"] == [{"day": "2026-11-23", "cost_usd": "0.000000001"}]
    asked = admin.traces.asked
    assert (asked.by, asked.since, asked.until) == ("day,feature", "7d", "2026-11-23")
    assert (asked.org, asked.user, asked.feature, asked.latency, asked.limit) == ("acme", "ann", None, True, 5)


async def test_without_a_query_it_is_by_day_and_bounded(admin):
    assert (await admin("GET", PATH)).status == 200
    assert (admin.traces.asked.by, admin.traces.asked.since, admin.traces.asked.limit) == ("day", None, 10_000)


async def test_what_is_no_query_is_refused_by_name(admin):
    for query, place in (("colour=red", "colour"), ("limit=0", "limit"), ("latency=perhaps", "latency")):
        answer = await admin("GET", f"{PATH}?{query}")
        assert (answer.status, answer.json["error"]["param"]) == (422, place)


async def test_a_name_that_nothing_is_grouped_by_is_refused(admin):
    admin.traces.fail = BadAskError("`by` names `colour`.", param="by")
    answer = await admin("GET", f"{PATH}?by=colour")
    assert (answer.status, answer.json["error"]["param"]) == (400, "by")
