"""What each way of telling puts on the wire."""

import hashlib
import hmac

import msgspec
import pytest

from headworks.core.errors import BadAskError
from headworks.telemetry.alerts.channels.slack import slack_body
from headworks.telemetry.alerts.channels.webhook import signature
from headworks.telemetry.alerts.message import Item, Message, headline, plain_text

# apprise imports a module of the standard library that Python 3.13 has no more; it has its own for then.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
SECRET = "0123456789abcdef-signing"


def message(kit, *alerts, **given):
    items = tuple(Item(alert=a, at_s=kit.clock.now(), since_s=kit.clock.now()) for a in alerts or [kit.alert()])
    return Message(id="alert-1", items=items, **given)


async def test_slack_gets_blocks_with_the_figures_as_fields_and_a_link(kit):
    desk = kit.desk(
        channels={"ops": {"slack_url": f"{kit.receiver.url}/services/T/B/x"}}, runbook_url="https://wiki/{kind}"
    )
    desk.tell(kit.alert(facts={"spent": "80.00 USD", "limit": "100.00 USD", "console": "https://hw.example/b?a=1&b=2"}))
    await kit.turn(desk)
    ((path, headers, _),) = kit.receiver.received
    (body,) = kit.receiver.bodies
    assert (path, headers["content-type"]) == ("/services/T/B/x", "application/json")
    assert body["text"] == "WARNING: 80% are spent."
    header, _, section, context = body["blocks"]
    assert header["text"]["text"] == "WARNING: 80% are spent."
    assert [field["text"] for field in section["fields"]] == [
        "*spent*\n80.00 USD",
        "*limit*\n100.00 USD",
        "*console*\n<https://hw.example/b?a=1&amp;b=2>",
    ]
    assert context["elements"][0]["text"] == (
        "org acme, month | since 2026-11-23 10:00 UTC | <https://wiki/budget_mark|what to do>"
    )


def test_a_name_that_a_client_made_up_is_no_link_and_no_mention(kit):
    hostile = kit.alert(subject="user <!channel>", title="<https://evil|click> & more", facts={"<b>": "<@U1>"})
    text = msgspec.json.encode(slack_body(message(kit, hostile))["blocks"][1:]).decode()
    assert "<!channel>" not in text
    assert "<https://evil" not in text
    assert "<@U1>" not in text


def test_a_message_keeps_within_the_limits_of_slack(kit):
    alerts = [
        kit.alert(subject=f"user {n}", title="t" * 5_000, facts={f"fact {m}": "v" * 5_000 for m in range(30)})
        for n in range(100)
    ]
    for count in (1, 100):
        body = slack_body(message(kit, *alerts[:count]))
        blocks = body["blocks"]
        assert len(blocks) <= 50
        assert len(blocks[0]["text"]["text"]) <= 150
        sections = [block for block in blocks if block["type"] == "section"]
        assert all(len(block["text"]["text"]) <= 3_000 and len(block["fields"]) <= 10 for block in sections)
        assert all(len(field["text"]) <= 2_000 for block in sections for field in block["fields"])
        assert len(msgspec.json.encode(blocks)) < 11_000
    assert "99 more" in blocks[-1]["elements"][0]["text"]


async def test_a_webhook_is_signed_over_time_and_body(kit):
    desk = kit.desk(channels={"hook": {"webhook_url": f"{kit.receiver.url}/in?team=a", "webhook_secret": SECRET}})
    desk.tell(kit.alert())
    await kit.turn(desk)
    ((path, headers, body),) = kit.receiver.received
    time, given = (part.split("=", 1)[1] for part in headers["x-headworks-signature"].split(","))
    expected = hmac.new(SECRET.encode(), time.encode() + b"." + body, hashlib.sha256).hexdigest()
    assert path == "/in?team=a"
    assert hmac.compare_digest(given, expected)
    assert int(time) == int(kit.clock.now())
    assert headers["x-headworks-alert-id"] == msgspec.json.decode(body)["id"]


def test_a_signature_is_of_this_time_and_this_body_only():
    assert len({signature(SECRET, 1, b"a"), signature(SECRET, 2, b"a"), signature(SECRET, 1, b"b")}) == 3


async def test_a_webhook_gets_everything_that_is_known(kit):
    desk = kit.desk()
    desk.tell(kit.alert(facts={"spent": "80.00 USD"}))
    await kit.turn(desk)
    (body,) = kit.receiver.bodies
    assert body["alerts"] == [
        {
            "kind": "budget_mark",
            "subject": "org acme, month",
            "severity": "warning",
            "title": "80% are spent.",
            "facts": {"spent": "80.00 USD"},
            "resolved": False,
            "again": False,
            "at": "2026-11-23T10:00:00.000Z",
            "since": "2026-11-23T10:00:00.000Z",
            "runbook_url": None,
        }
    ]
    assert body["sent_at"] == "2026-11-23T10:00:00.000Z"


async def test_apprise_tells_everybody_else(kit):
    desk = kit.desk(channels={"others": {"apprise_urls": [kit.receiver.url.replace("http", "json") + "/a"]}})
    desk.tell(kit.alert(severity="critical"))
    await kit.turn(desk)
    (body,) = kit.receiver.bodies
    assert (body["title"], body["type"]) == ("CRITICAL: 80% are spent.", "failure")
    assert "org acme, month" in body["message"]


async def test_what_apprise_cannot_deliver_is_tried_again_without_its_address_in_any_sentence(kit):
    address = kit.receiver.url.replace("http://", "json://user:s3cr3tword@") + "/tok3n"
    desk = kit.desk(channels={"others": {"apprise_urls": [address]}})
    kit.receiver.status = 500
    desk.tell(kit.alert())
    await kit.turn(desk)
    (row,) = (await desk.listed())["undelivered"]
    assert (row["state"], row["error"]) == ("waiting", "Channel `others` could not deliver by JSON.")


async def test_an_address_that_apprise_does_not_know_is_said_by_its_number(kit):
    desk = kit.desk(channels={"others": {"apprise_urls": ["nonsense://s3cr3t"]}})
    assert await desk.test() == {"others": "apprise cannot read address 1 of channel `others`."}


async def test_a_test_reaches_each_channel_past_every_rule(kit):
    channels = {
        "grave": {"webhook_url": f"{kit.receiver.url}/grave", "min_severity": "critical"},
        "ops": {"slack_url": f"{kit.receiver.url}/ops"},
    }
    desk = kit.desk(channels=channels, quiet_hours={"start": "00:00", "end": "23:59"})
    assert await desk.test() == {"grave": None, "ops": None}
    kit.receiver.status = 404
    assert await desk.test("ops") == {"ops": "Channel `ops` answered with status 404."}
    with pytest.raises(BadAskError, match="no channel `opps`"):
        await desk.test("opps")
    assert (await desk.listed())["alerts"] == []


def test_a_message_says_in_a_line_what_is_in_it(kit):
    over = kit.alert(subject="b", resolved=True)
    assert headline(message(kit)) == "WARNING: 80% are spent."
    assert headline(message(kit, over)) == "RESOLVED: 80% are spent."
    assert headline(message(kit, kit.alert(), over, more=3)) == "4 alerts, 1 resolved"
    assert headline(message(kit, over, over, digest=True)) == "Digest of quiet hours: 2 resolved"
    assert "... and 3 more" in plain_text(message(kit, more=3))
