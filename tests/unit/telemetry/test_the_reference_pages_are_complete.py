"""The pages users read name what there is."""

import re
from pathlib import Path

from headworks.budgets.accounts.protocol import Balance
from headworks.budgets.holds.scopes import Counted
from headworks.budgets.holds.watch.gauges import used_text
from headworks.cache.prefix.counts import Counts
from headworks.cache.upkeep import CacheMetrics, Stats
from headworks.core.limits import Limit
from headworks.providers.breakers import breaker_text
from headworks.telemetry import TraceRecord, outward
from headworks.telemetry.metrics import Metrics

PAGES = Path(__file__).parents[3] / "docs" / "reference"


def test_every_name_of_a_record_is_explained():
    named = set(re.findall(r"`(\w+)`", (PAGES / "trace.md").read_text(encoding="utf-8")))
    names = outward(TraceRecord(status="ok", trace_id="t", started_at=0))
    assert set(names) - named == set()


def test_every_metric_is_explained_and_exists():
    page = (PAGES / "metrics.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `(headworks_\w+)`", page, re.MULTILINE))
    cache = CacheMetrics(lambda: Stats(tiers={}, troubles={})).text() + Counts().text()
    budgets = used_text({Counted("gateway", "", Limit("usd", "day", 1), "a"): Balance(0, 0)})
    text = Metrics().text() + cache + budgets + breaker_text((), {}, ())
    exposed = set(re.findall(r"# TYPE (\w+)", text.decode()))
    assert explained == exposed
