"""Every command by name. Their modules are imported when they run, so that `--help` answers at once."""

import os
import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from cyclopts import App, CycloptsError, UnknownCommandError

from headworks import __version__
from headworks.cli.output import json_text
from headworks.core.errors import HeadworksError

DONE, REFUSED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

COMMANDS = {
    "serve": ("headworks.cli.serve:serve", "Start the gateway."),
    "init": ("headworks.cli.init:init", "Write a commented headworks.yaml to begin with."),
    "check": ("headworks.cli.check:check", "Check a config and say what is wrong, where, and what was meant."),
    "doctor": ("headworks.cli.doctor:doctor", "Reach every provider and the store, and say what is wrong."),
    "prices": ("headworks.cli.money.prices:prices", "Show which price applies to a model, and since when."),
    "explain": ("headworks.cli.explain:explain", "Say what would happen to a request, with no provider call."),
    "replay": ("headworks.cli.operation.replay:replay", "Make a recorded call again, and show what is different."),
    "fake-provider": ("headworks.cli.fake_provider:fake_provider", "Run a provider that misbehaves on request."),
}
GROUPS = {
    "alerts": (
        "See what is wrong, and test who is told.",
        {
            "list": ("headworks.cli.operation.alerts:list_alerts", "List what is wrong, and what could not be told."),
            "test": ("headworks.cli.operation.alerts:send_test", "Send a test to the channels of the config."),
        },
    ),
    "budgets": (
        "See what was spent and is left, and what would have been.",
        {
            "list": ("headworks.cli.money.standing:list_budgets", "List how budgets and rate limits stand."),
            "report": ("headworks.cli.money.report:report", "Report what was spent, on what and by whom."),
            "simulate": ("headworks.cli.money.simulate:simulate", "Say what recorded calls would have cost."),
            "reprice": ("headworks.cli.money.reprice:reprice", "Work past costs out again, beside the old figures."),
        },
    ),
    "cache": (
        "See what the cache does, and let go of what it holds.",
        {
            "stats": ("headworks.cli.operation.cache:stats", "Show hits, what they saved, and what each tier holds."),
            "invalidate": (
                "headworks.cli.operation.cache:invalidate",
                "Let go of cached answers, and count what is left.",
            ),
        },
    ),
    "drill": (
        "Rehearse outages, on fakes or on a gateway of a staging system.",
        {
            "list": ("headworks.cli.drill:list_scenarios", "List the scenarios that are shipped."),
            "run": ("headworks.cli.drill:run", "Play scenarios and check what must come of them."),
            "game-day": ("headworks.cli.game_day:game_day", "Put a fault into a running gateway, for a while."),
        },
    ),
    "experiments": (
        "Try a release on some users, see what it does, and give it to all or to none.",
        {
            "start": ("headworks.cli.experiments.commands:start", "Start an experiment on a feature."),
            "list": (
                "headworks.cli.experiments.commands:list_experiments",
                "List the last experiment of every feature.",
            ),
            "show": ("headworks.cli.experiments.commands:show", "Show one, and what was done to it."),
            "report": ("headworks.cli.experiments.commands:report", "Say what came of it, and what to do."),
            "stop": ("headworks.cli.experiments.commands:stop", "Give all users what they had before."),
            "promote": ("headworks.cli.experiments.commands:promote", "Give all users a variant."),
        },
    ),
    "flags": (
        "Say who gets what; switch things off and on again, at once and everywhere.",
        {
            "list": ("headworks.cli.flags.definitions:list_flags", "List the flags."),
            "show": ("headworks.cli.flags.definitions:show", "Show one flag whole."),
            "set": ("headworks.cli.flags.definitions:set_flag", "Put a flag up, or change it."),
            "delete": ("headworks.cli.flags.definitions:delete", "Take a flag down."),
            "evaluate": ("headworks.cli.flags.definitions:evaluate", "Say what a context gets, and why."),
            "kill": ("headworks.cli.flags.switches:kill", "Switch something off."),
            "revive": ("headworks.cli.flags.switches:revive", "Switch something on again."),
            "switches": ("headworks.cli.flags.switches:switches", "List what is off now."),
            "log": ("headworks.cli.flags.switches:log", "List every flip of a switch: who, when and why."),
        },
    ),
    "index": (
        "Take documents in, and search them.",
        {
            "add": ("headworks.cli.index.adding:add", "Take files in, or what has changed of them."),
            "rebuild": ("headworks.cli.index.adding:rebuild", "Cut and embed everything anew."),
            "list": ("headworks.cli.index.looking:list_indexes", "List the indexes."),
            "show": ("headworks.cli.index.looking:show", "Show what an index holds."),
            "search": ("headworks.cli.index.looking:search", "Search an index."),
            "evaluate": ("headworks.cli.index.looking:evaluate", "Say how well known answers are found."),
            "rm": ("headworks.cli.index.looking:remove", "Take documents out, or the whole index."),
        },
    ),
    "keys": (
        "Create, list, rotate and revoke virtual keys.",
        {
            "create": ("headworks.cli.keys:create", "Make a key. It is shown this once."),
            "list": ("headworks.cli.keys:list_keys", "List the keys, without their secrets."),
            "revoke": ("headworks.cli.keys:revoke", "Make a key useless, at once."),
            "rotate": ("headworks.cli.keys:rotate", "Replace a key; the old one goes on for a while."),
        },
    ),
    "prompts": (
        "Keep prompts as versions, and say which one is used.",
        {
            "push": ("headworks.cli.prompts:push", "Make versions of the files of a folder."),
            "list": ("headworks.cli.prompts:list_prompts", "List the prompts."),
            "show": ("headworks.cli.prompts:show", "Show a version."),
            "diff": ("headworks.cli.prompts:diff", "Say what is different between two versions."),
            "label": ("headworks.cli.prompts:label", "Move a label to a version."),
            "rollback": ("headworks.cli.prompts:rollback", "Move a label back to where it was."),
            "delete": ("headworks.cli.prompts:delete", "Mark a version as deleted."),
            "render": ("headworks.cli.prompts:render", "Say what a prompt says with these variables."),
            "export": ("headworks.cli.prompts:export", "Write versions to files."),
        },
    ),
    "routing": (
        "Tell query types, forecast quality, and measure both.",
        {
            "train": ("headworks.cli.routing.train:train", "Learn query types or quality, from your own material."),
            "evaluate": (
                "headworks.cli.routing.evaluate:evaluate",
                "Draw the cost-quality curve; refuse a router that is no better than chance.",
            ),
            "tag": ("headworks.cli.routing.tag:tag_text", "Say which query type a text is, and why."),
        },
    ),
    "traces": (
        "Look at the records of calls.",
        {
            "list": ("headworks.cli.traces:list_traces", "List the newest records."),
            "show": ("headworks.cli.traces:show", "Show one record whole."),
            "tail": ("headworks.cli.traces:tail", "Show records as they are written."),
            "export": ("headworks.cli.traces:export", "Write records to a file, as JSON Lines or Parquet."),
        },
    ),
}


def run(tokens: Sequence[str]) -> int:
    """Run one command line and return its exit code. Errors are one sentence on standard error, never a traceback."""
    try:
        code = _app(tokens)(
            list(tokens), exit_on_error=False, print_error=False, result_action="return_int_as_exit_code_else_zero"
        )
    except CycloptsError as error:
        print(_complaint(error, tokens), file=sys.stderr)
        return BAD_USAGE
    except HeadworksError as error:
        return _failed(error, as_json="--json" in tokens)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    return int(code)


def _app(tokens: Sequence[str]) -> App:
    """The command line. The sentences above stand for commands that `tokens` do not name, so those are not imported."""
    app = App(
        name="headworks",
        help="The production path between a GenAI application and its model providers.",
        version=__version__,
        suppress_keyboard_interrupt=False,
    )
    _register(app, COMMANDS, tokens)
    for name, (sentence, commands) in GROUPS.items():
        group = App(name=name, help=sentence)
        _register(group, commands, tokens)
        app.command(group)
    return app


def _register(app: App, commands: Mapping[str, tuple[str, str]], tokens: Sequence[str]) -> None:
    for name, (place, sentence) in commands.items():
        app.command(place, name=name, **({} if name in tokens else {"help": sentence}))


def _complaint(error: CycloptsError, tokens: Sequence[str]) -> str:
    if not isinstance(error, UnknownCommandError):
        return f"{str(error).strip()} Try `headworks {' '.join(_command(tokens))} --help`."
    known = GROUPS[tokens[0]][1] if tokens[0] in GROUPS else {**COMMANDS, **GROUPS}
    unknown = (error.unused_tokens or tokens)[0]
    close = get_close_matches(unknown, known, n=1)
    advice = f"Did you mean `{close[0]}`?" if close else f"There are: {', '.join(known)}."
    return f"There is no command `{unknown}`. {advice}"


def _command(tokens: Sequence[str]) -> Sequence[str]:
    """The words of `tokens` that name the command."""
    return tokens[: 2 if tokens[0] in GROUPS else 1]


def _failed(error: HeadworksError, *, as_json: bool) -> int:
    if as_json:
        print(json_text({"error": {"code": error.code, "message": error.message}}))
    else:
        print(error.message, file=sys.stderr)
    return REFUSED
