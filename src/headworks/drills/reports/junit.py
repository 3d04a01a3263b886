"""Verdicts as JUnit XML: a suite for each scenario, a case for each expectation."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from headworks.drills.verdict.checks import Check, Verdict

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(verdicts: Sequence[Verdict]) -> bytes:
    """The XML document."""
    root = ET.Element("testsuites", name="headworks drill")
    total = [0, 0]
    for verdict in verdicts:
        suite = _suite(root, verdict)
        total[0] += int(suite.get("tests", "0"))
        total[1] += int(suite.get("failures", "0")) + int(suite.get("errors", "0"))
    root.set("tests", str(total[0]))
    root.set("failures", str(total[1]))
    root.set("time", f"{sum(verdict.seconds for verdict in verdicts):.3f}")
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _suite(root: ET.Element, verdict: Verdict) -> ET.Element:
    suite = ET.SubElement(root, "testsuite", name=verdict.name, time=f"{verdict.seconds:.3f}")
    for check in verdict.checks:
        _case(suite, verdict, check)
    if verdict.failure is not None:
        case = ET.SubElement(suite, "testcase", classname=verdict.name, name="held")
        ET.SubElement(case, "error", message=_clean(verdict.failure))
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(sum(1 for check in verdict.checks if not check.met)))
    suite.set("errors", str(int(verdict.failure is not None)))
    return suite


def _case(suite: ET.Element, verdict: Verdict, check: Check) -> None:
    case = ET.SubElement(suite, "testcase", classname=verdict.name, name=check.name)
    if not check.met:
        message = _clean(f"{check.name}: wanted {check.wanted}, found {check.found}")
        ET.SubElement(case, "failure", message=message).text = _clean("\n".join(check.details))


def _clean(text: str) -> str:
    """`text` without the characters that no XML document may hold."""
    return _NO_XML.sub("?", text)
