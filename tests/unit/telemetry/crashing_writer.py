"""Run as a process by the tests: records calls without end, prints each id once its record is safe."""

import asyncio
import sys
from pathlib import Path

from headworks.core.clock import SystemClock
from headworks.core.ids import new_trace_id
from headworks.core.messages import Ask, Caller, Prompt, Target
from headworks.core.replies import Usage
from headworks.telemetry import Recorder, TelemetrySettings

TARGET = Target(name="m", provider="lab", provider_model="m", dialect="openai")


class NoPricing:
    def cost_nano(self, target, usage, at_s):
        return None

    def prices(self, target, at_s):
        return None

    def estimate(self, target, ask, output_text):
        return Usage()


async def main(data_dir: Path) -> None:
    clock = SystemClock()
    recorder = Recorder(data_dir, TelemetrySettings(), NoPricing(), clock)
    await recorder.start()
    while True:
        ids = [new_trace_id(clock.now()) for _ in range(50)]
        traces = [
            recorder.open(
                Ask(trace_id=i, dialect="openai", kind="chat", model="m", fields={}, read_prompt=lambda: Prompt(())),
                Caller(key_id="k", key_name="app", org_id="acme"),
                clock.monotonic(),
            )
            for i in ids
        ]
        for trace_id, trace in zip(ids[:-1], traces, strict=False):
            trace.close()
            print("closed", trace_id, flush=True)
        traces[-1].attempt(TARGET, clock.monotonic())
        print("begun", ids[-1], flush=True)
        await asyncio.sleep(0)


asyncio.run(main(Path(sys.argv[1])))
