"""Reports: JUnit that parses, Markdown that reads, and nothing that breaks either."""

import xml.etree.ElementTree as ET
from typing import Any

from headworks.drills import Check, Verdict, junit, markdown, read_scenario
from headworks.drills.loading import SHIPPED
from headworks.drills.series import expected_s
from headworks.drills.verdict.checks import judge

FAILED = Check(name="hangs", wanted="at most 0", found="2", met=False, details=["Call 1 <openai>: hung\x00 | \ud800"])


def verdicts(made: Any) -> list[Verdict]:
    good = judge(made.course([made.outcome(0)], calls={"h": [made.call(0)]}), 1.5)
    bad = Verdict(name="bad", title="Bad", passed=False, checks=[FAILED], figures=None, seconds=2.0)
    none = Verdict(
        name="none",
        title="None.",
        passed=False,
        checks=[],
        figures=None,
        seconds=0.1,
        failure="It did not come up.\nNo.",
    )
    return [good, bad, none]


def test_junit_has_a_suite_for_each_scenario_and_a_case_for_each_expectation(made: Any) -> None:
    root = ET.fromstring(junit(verdicts(made)))
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("time")) == ("testsuites", "5", "2", "3.600")
    good, bad, none = root
    assert [(suite.get("tests"), suite.get("failures"), suite.get("errors")) for suite in root] == [
        ("3", "0", "0"),
        ("1", "1", "0"),
        ("1", "0", "1"),
    ]
    assert {case.get("name") for case in good} == {"wrong_answers", "broken_answers", "hangs"}
    failure: Any = bad[0][0]
    assert (failure.tag, failure.get("message")) == ("failure", "hangs: wanted at most 0, found 2")
    assert failure.text == "Call 1 <openai>: hung? | ?"
    assert none[0][0].get("message") == "It did not come up.\nNo."


def test_markdown_tells_all_of_it(made: Any) -> None:
    page = markdown(verdicts(made))
    assert page.startswith("# Drills\n\n1 of 3 passed.\n")
    assert "| made | passed | 1 of 1 | 0 | 60 / 60 | 1 | 2 |" in page
    assert "| bad | **not met** |  |  |  |  | 2 |" in page
    assert "| hangs | at most 0 | 2 | **not met** |" in page
    assert "* Call 1 <openai>: hung\x00 \\| \ud800" in page
    assert "The drill could not be held: It did not come up. No." in page
    assert "| added_latency_ms | p50 60, p95 60, p99 60, max 60 |" in page


def test_scenarios_that_wait_or_ask_long_are_known_beforehand() -> None:
    def takes(name: str) -> float:
        return expected_s(read_scenario(SHIPPED / f"{name}.yaml", {}))

    assert takes("utf8-split") < takes("provider-down") < takes("silence-120s") < takes("chaos") < takes("flap-60s")
