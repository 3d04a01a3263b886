"""`/admin/v1/alerts`: what is wrong, and a test of who is told."""


async def test_what_is_wrong_is_listed(admin):
    answer = await admin("GET", "/admin/v1/alerts")
    assert answer.status == 200
    assert answer.json["alerts"] == [{"kind": "budget_mark", "subject": "org acme, month"}]


async def test_a_test_says_for_each_channel_whether_it_arrived(admin):
    answer = await admin("POST", "/admin/v1/alerts/test", {})
    assert answer.json == {
        "data": [
            {"channel": "ops", "error": None},
            {"channel": "pager", "error": "Channel `pager` answered with status 404."},
        ]
    }
    answer = await admin("POST", "/admin/v1/alerts/test", {"channel": "ops"})
    assert answer.json == {"data": [{"channel": "ops", "error": None}]}


async def test_an_unknown_channel_or_field_is_refused(admin):
    answer = await admin("POST", "/admin/v1/alerts/test", {"channel": "opps"})
    assert (answer.status, answer.error["code"]) == (404, "unknown_channel")
    assert (await admin("POST", "/admin/v1/alerts/test", {"chanel": "ops"})).status == 422
