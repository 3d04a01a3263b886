"""The composition root: the only file that knows which implementation is plugged into which room.

A `Gateway` lives as long as the process: key ring, trace recorder, connections, what is known of the providers, kept
streams, the local model. A `House` is made from one config; a reload makes a new one and puts it in the old one's
place, while calls under way keep theirs.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import structlog

from headworks.budgets import PriceList, TokenCounter, Treasury
from headworks.budgets.accounts.audit import Audit
from headworks.budgets.holds.needs import Needs
from headworks.budgets.holds.outlook import outlook
from headworks.budgets.holds.scopes import Scopes
from headworks.cache.admission import Admission, Outlook
from headworks.cache.outfit import Outfit
from headworks.cache.prefix import PrefixMemory
from headworks.config import Config, by_meaning, links, local_settings, named_models, place, price_list, router, rules
from headworks.config.alerting import alert_room
from headworks.config.releases import release_complaint
from headworks.core.clock import Clock, SystemClock
from headworks.core.messages import Ask, Caller, Route, Target
from headworks.core.policy import Patience
from headworks.core.replies import Chunk, Usage
from headworks.dialects import anthropic, gemini, openai
from headworks.extras import EXTRAS, accounts, board, keyword_search, remote_flags, spans
from headworks.flags.evaluation import Flags, FlagShelf
from headworks.flags.experiments import Checks
from headworks.flags.guard import Gate, Running
from headworks.flags.ladder import Ladder
from headworks.flags.releases import Releases
from headworks.flags.switches import Switches
from headworks.flags.trials import Trials
from headworks.identity import KeyRing, load_pepper
from headworks.pipeline import Rooms
from headworks.prompts.registry.registry import Registry
from headworks.prompts.rendering import render_answer
from headworks.prompts.room import Prompts
from headworks.providers.breakers import breaker_text
from headworks.providers.calls import ProviderCalls
from headworks.providers.config import LOCAL_ROW
from headworks.providers.faults import GameDay
from headworks.providers.health import Board, LocalBoard, SharedBoard
from headworks.providers.link import Link
from headworks.providers.local.config import LocalSettings
from headworks.providers.local.model import LocalModel
from headworks.providers.outbound.http import Errand, Outbound
from headworks.providers.outbound.posting import post_json
from headworks.providers.pursuit.tools import Tools
from headworks.providers.standings import Standings
from headworks.routing.explain import Facts, Step
from headworks.routing.router import Router
from headworks.server.admin import AdminRooms, admin_app
from headworks.server.admin.experiments.records import LedgerRecords
from headworks.server.asides import Asides
from headworks.server.calls import Desk
from headworks.server.edge import Edge, House
from headworks.server.ofrep import Ofrep
from headworks.server.replays import Replays
from headworks.server.streams.log import StreamLog
from headworks.telemetry import Feedback, Recorder, TraceStore, register_secrets

_log = structlog.get_logger("headworks.app")
DIALECTS = {dialect.name: dialect for dialect in (openai.DIALECT, anthropic.DIALECT, gemini.DIALECT)}
EDITORS = {"openai": openai.EDITOR, "anthropic": anthropic.EDITOR}
PLAIN = {name: editor.plain for name, editor in EDITORS.items()}
SECTIONS = {"openai": openai.read_sections, "anthropic": anthropic.read_sections}


class _Outside:
    """What the cache room asks of the rest of the gateway. Satisfies `cache.outfit.Outside`."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway

    def cost_nano(self, target: Target, usage: Usage) -> int | None:
        """What a call cost."""
        return self._gateway.cost_nano(target, usage)

    async def again(self, ask: Ask, caller: Caller) -> list[Chunk]:
        """The model's answer to what a client asked, in a call of its own."""
        return await self._gateway.asides.again(ask, caller)

    async def consult(self, model: str, turns: list[tuple[str, str]], max_tokens: int, org_id: str) -> str:
        """A model's answer to a question of the room's own."""
        return await self._gateway.asides.consult(model, turns, max_tokens, org_id)

    async def embeddings(self, body: bytes) -> bytes:
        """What the embedding endpoint answers."""
        return await self._gateway.embeddings(body)


class Gateway:
    """One process's worth of Headworks.

    Args:
        config: The config in force.
        environ: The environment: pepper and admin key.
        clock: Source of time.
        worker: This process's name among its siblings.
    """

    def __init__(
        self, config: Config, environ: Mapping[str, str], clock: Clock | None = None, *, worker: str = "0"
    ) -> None:
        self.config = config
        self._environ = environ
        self._running = False
        self._clock = clock or SystemClock()
        self._outbound = Outbound()
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.keys = KeyRing(config.data_dir, self._clock, load_pepper(config.data_dir, environ))
        self._counter = TokenCounter()
        self._prices = price_list(config, self._counter)
        self._standings = Standings(self._clock, _board(config, self._clock))
        self._local = LocalModel(local_settings(config) or LocalSettings(), self._clock)
        self.recorder = Recorder(
            config.data_dir,
            config.telemetry,
            self._prices,
            self._clock,
            worker=worker,
            spans=spans(config.telemetry),
        )
        self.game_day = GameDay(config.data_dir, self._clock, self._standings.rng)
        self.streams = StreamLog(config.data_dir, config.server.streams, self._clock, worker=worker)
        self.traces = TraceStore(config.data_dir, self._clock)
        self._outfit = Outfit(place(config, worker), config.cache, PLAIN, _Outside(self), EXTRAS, self._clock)
        self.alerts = alert_room(config, self._outbound, self._clock, self._health)
        audit = Audit(config.data_dir, self.traces.costs, self._clock, self.alerts)
        self.board = board(config, self._clock)
        self.switches = Switches(self.board, self._clock, self.alerts)
        self._calls = Running(self.switches)
        self.trials = Trials(
            self.board,
            Checks(
                features=lambda: self.config.served_features,
                complaint=lambda _, release: release_complaint(self.config, self.prompts, release),
            ),
            LedgerRecords(config.data_dir, self._clock),
            self._clock,
            self.alerts,
        )
        self._looks = worker == "0"
        self.prompts = Registry(self.board, self._clock, protected=lambda: self.config.prompts.protected_labels)
        self.flags = Flags(self.board)
        self.flags.fit(config.flags.definitions)
        self.flags.remote = self._remote = remote_flags(config, self._outbound, self._clock, self.alerts)
        self._treasury = Treasury(
            accounts(config, self._clock), self._counter, EDITORS, self._clock, self.alerts, audit
        )
        self._prefixes = PrefixMemory(
            SECTIONS, lambda target: self._prices.prices(target, self._clock.now()), self._clock
        )
        self.router: Router = router(config)
        self._search = keyword_search(config, self._clock)
        self.edge = Edge(self._house(config))

    async def start(self) -> str | None:
        """Open every room.

        Returns:
            The admin key when this start made one; it is shown once and then only its hash is kept.

        Raises:
            StoreError: The data directory cannot be used.
        """
        await self.keys.start()
        made = self.keys.ensure_admin_key(self._environ)
        await self._prices.start()
        await self.recorder.start()
        await self.streams.start()
        await self._outfit.start()
        await self._treasury.start()
        await self.board.start()
        self.flags.start()
        if self._remote is not None:
            await self._remote.start()
        await self.switches.start()
        if self._looks:
            await self.trials.start()
        await self.alerts.start()
        self._running = True
        return made

    async def stop(self) -> None:
        """Close every room. Calls still under way were cancelled before and are on record."""
        await self._local.stop()
        await self._prefixes.stop()
        await self._treasury.stop()
        if self._remote is not None:
            await self._remote.stop()
        await self.trials.stop()
        await self.switches.stop()
        await self.board.stop()
        await self.recorder.stop()
        await self.streams.stop()
        await self._outfit.stop()
        await self._prices.stop()
        await self._counter.stop()
        await self.alerts.stop()
        await self._outbound.close()
        if self._search is not None:
            self._search.close()
        self.traces.close()
        await self.keys.stop()

    def reload(self, config: Config) -> None:
        """Put `config` in force for every call that begins from now on."""
        fixed = ("server", "data_dir", "shared", "cache", "telemetry")
        kept = [name for name in fixed if getattr(config, name) != getattr(self.config, name)]
        kept += ["flags.provider"] if config.flags.provider != self.config.flags.provider else []
        if kept:
            _log.warning("needs_restart", keys=kept)
        self._standings.keys_changed(links(self.config), links(config))
        self.config = config
        self._prices = price_list(config, self._counter)
        self._loading = asyncio.ensure_future(self._prices.start())  # in a thread; nobody waits for it
        self.recorder.reprice(self._prices)
        self.router = router(config)
        self.alerts.fit(config.alerts)
        self.flags.fit(config.flags.definitions)
        self._search = self._search or keyword_search(config, self._clock)
        self.edge.house = self._house(config)
        _log.info("config_reloaded", providers=sorted(config.providers), models=sorted(config.models or ()))

    def cost_nano(self, target: Target, usage: Usage) -> int | None:
        """What a call costs that is made now, in nano-dollars; None when no price is known."""
        return self._prices.cost_nano(target, usage, self._clock.now())

    async def embeddings(self, body: bytes) -> bytes:
        """What the embedding endpoint of the config answers to a JSON body.

        Raises:
            ProviderError: It did not answer well.
        """
        settings = self.config.cache.embedding
        endpoint = settings.endpoint
        assert endpoint is not None, "only asked where there is one"
        errand = Errand("embedding endpoint", endpoint.base_url, Patience(total_s=settings.timeout_s))
        key = endpoint.api_key
        headers = {} if key is None else {"authorization": f"Bearer {key.get_secret_value()}"}
        return await post_json(self._outbound, errand, "/embeddings", headers, body)

    def _house(self, config: Config) -> House:
        known = links(config)
        register_secrets([secret for link in known.values() for secret in (*link.keys, *link.headers.values())])
        register_secrets([value.get_secret_value() for value in config.telemetry.otlp.headers.values()])
        register_secrets([config.shared.get_secret_value()] if config.shared else [])
        endpoint = config.cache.embedding.endpoint
        register_secrets([endpoint.api_key.get_secret_value()] if endpoint and endpoint.api_key else [])
        register_secrets(config.alerts.secrets() + config.flags.secrets())
        launchers = {name: self._local for name, link in known.items() if link.catalog == LOCAL_ROW}
        calls = ProviderCalls(self._tools(config, known, launchers))
        if any(by_meaning(feature) for feature in config.features.values()):
            self._outfit.want_meaning(running=self._running)
        self._budgets = self._treasury.room(config.budgets, rules(config), self._prices)
        prompts = Prompts(self.prompts)
        rooms = Rooms(
            routing=self.router,
            flags=Gate(
                self.switches,
                self._calls,
                Ladder(self.router, self._outfit.room, self._search),
                Releases(self.trials.assignments, self.router, EDITORS),
                self.flags,
            ),
            prompts=prompts,
            cache=self._outfit.room,
            budgets=self._budgets,
            providers=calls,
        )
        self.asides = Asides(rooms, self.recorder, self._clock)
        desk = Desk(
            identity=self.keys,
            telemetry=self.recorder,
            rooms=rooms,
            streams=self.streams,
            clock=self._clock,
            max_body_bytes=config.server.max_body_bytes,
            beat_s=config.server.keep_alive_comment_s,
        )
        return House(
            desk=desk,
            models=self.router.models,
            feedback=self._feedback,
            render=partial(render_answer, prompts),
            ofrep=Ofrep(self.flags, self.keys),
            metrics=lambda: (
                self._prefixes.metrics()
                + self._outfit.metrics()
                + self._treasury.metrics()
                + breaker_text(self._standings.health.states(), known, named_models(config))
                + self.recorder.metrics_text()
                + self.streams.metrics()
            ),
            admin=admin_app(self._admin_rooms()),
        )

    def _tools(self, config: Config, known: dict[str, Link], launchers: dict[str, LocalModel]) -> Tools:
        """What the providers room works with: the links of `config`, and what outlives it."""
        standings = self._standings
        return Tools(
            links=known,
            dialects=DIALECTS,
            editors=EDITORS,
            outbound=self._outbound,
            launchers=launchers,
            health=standings.health,
            standings=standings.of(known),
            turns=standings.turns(known),
            latencies=standings.latencies,
            count=self._counter.count,
            context_tokens=self._prices.context_tokens,
            clock=self._clock,
            rng=standings.rng,
            no_prefill=standings.no_prefill,
            faults=self.game_day if config.game_day else None,
            prefixes=self._prefixes,
        )

    def _admin_rooms(self) -> AdminRooms:
        return AdminRooms(
            keys=self.keys,
            traces=self.traces,
            config=lambda: self.config.public(),
            explain=self._explain,
            health=self._health,
            alerts=self.alerts,
            budgets=lambda: self._budgets,
            reset_health=lambda: self._standings.health.forget(),
            cache=self._outfit.upkeep,
            replays=Replays(lambda: self.asides, self._clock),
            switches=self.switches,
            trials=self.trials,
            count_tokens=self._counter.text,
            prompts=self.prompts,
            flags=FlagShelf(self.flags, self.board),
            game_day=lambda: self.game_day if self.config.game_day else None,
            clock=self._clock,
        )

    def _health(self) -> dict[str, Any]:
        return self._standings.report(links(self.config))

    async def _feedback(self, caller: Caller, note: Feedback) -> None:
        await asyncio.to_thread(self.traces.feedback, note, caller.org_id)
        if note.feedback == "thumbs_down":
            await self._outfit.room.disliked(note.trace_id)

    def _explain(self, ask: Ask, caller: Caller) -> list[Step]:
        known = facts(self.config, self._prices, self._clock, self._outfit.room.outlook)
        return self.router.explain(ask, caller, known)


def facts(
    config: Config, prices: PriceList, clock: Clock, cache: Callable[[Ask, Route], Outlook] | None = None
) -> Facts:
    """What the rooms beside routing know, for explaining a route; `cache` is the outlook of one that holds answers."""
    expect = cache or Admission(PLAIN).outlook

    def cached(ask: Ask, caller: Caller, route: Route) -> Step:
        ask.org_id, ask.user_id = caller.org_id, ask.user_id or caller.user_id
        found = expect(ask, route)
        return Step("cache", found.decision, found.details)

    scopes, needs = Scopes(rules(config)), Needs(prices, TokenCounter(), EDITORS, clock.now)

    def paid(ask: Ask, caller: Caller, route: Route) -> Step:
        found = outlook(scopes, needs, config.budgets, clock.now(), (ask, caller, route))
        return Step("budgets", found.decision, found.details)

    return Facts(
        hosts={name: urlsplit(link.base_url).netloc for name, link in links(config).items()},
        dialects=DIALECTS,
        prices=lambda target: prices.prices(target, clock.now()),
        cache=cached,
        budgets=paid,
    )


def _board(config: Config, clock: Clock) -> Board:
    """Where breakers and dead keys are written: a file that all workers share, or memory where there is one."""
    return SharedBoard(config.data_dir / "health.sqlite", clock) if config.server.workers > 1 else LocalBoard()
