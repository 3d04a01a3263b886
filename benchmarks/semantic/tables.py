"""The figures as Markdown: at each error asked for, what is served and how often wrongly, beside fixed thresholds."""

from itertools import pairwise

from benchmarks.semantic.measures import Row

_NAMES = {"none": "no guards", "sure": "guards", "all": "all guards"}


def best_fixed(rows: list[Row], error: float) -> float:
    """Hit rate of the fixed threshold that errs just so often, known in hindsight and drawn between two measured."""
    found = 0.0
    for low, high in pairwise(rows):  # thresholds rise, hits and errors fall
        if high["error"] <= error < low["error"]:
            part = (error - high["error"]) / (low["error"] - high["error"])
            found = max(found, high["hits"] + part * (low["hits"] - high["hits"]))
    if rows[-1]["error"] > error:  # not even the greatest keeps it: between it and serving nothing
        return float(rows[-1]["hits"] * error / rows[-1]["error"])
    return found or float(rows[0]["hits"])


def tables(result: Row) -> str:
    """All tables."""
    fixed = result["fixed"]
    lines = [
        (
            f"Held-out classes, {len(result['seeds'])} streams of {result['calls']:,} calls each. Hit rates and errors"
            " are shares of all calls; exact hits are not among the hits."
        ),
        "",
        (
            "| asked: error at most | measured error (upper 95% bound) | hits | best fixed threshold, no guards |"
            " ratio | best fixed threshold, same guards | ratio |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["ours"]["sure"]:
        plain, same = (best_fixed(fixed[guards], row["max_error"]) for guards in ("none", "sure"))
        lines.append(
            f"| {row['max_error']:.1%} | {row['error']:.2%} ({row['error_upper']:.2%}) | {row['hits']:.1%} "
            f"| {plain:.1%} | {row['hits'] / plain:.1f} | {same:.1%} | {row['hits'] / same:.2f} |"
        )
    lines += ["", "| rule | guards | asked | error (upper bound) | hits | exact hits |", "|---|---|---|---|---|---|"]
    for name, key in (("this rule", "ours"), ("vCache, as in the paper", "vcache")):
        for guards, rows in result[key].items():
            lines += [
                f"| {name} | {_NAMES[guards]} | {row['max_error']:.1%} | {row['error']:.2%} ({row['error_upper']:.2%}) "
                f"| {row['hits']:.1%} | {row['exact']:.1%} |"
                for row in rows
            ]
    lines += [
        "",
        "| verifier takes the same for different | different for the same | error | hits |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row['misses']:.0%} | {row['passes']:.0%} | {row['error']:.2%} | {row['hits']:.1%} |"
        for row in result["verifier"]
    ]
    lines += [
        "",
        "| asked | wrong hits: traps | labelled different | no label | meter stopped |",
        "|---|---|---|---|---|",
    ]
    for row in result["ours"]["sure"]:
        kinds, total = row["kinds"], max(sum(row["kinds"].values()), 1)
        shares = " | ".join(f"{kinds.get(kind, 0) / total:.0%}" for kind in ("trap", "labelled different", "no label"))
        lines.append(f"| {row['max_error']:.1%} | {shares} | {row['stops']} times |")
    lines += ["", "| allowed | served | error, times allowed | runs stopped | after calls |", "|---|---|---|---|---|"]
    lines += [
        f"| {row['max_error']:.1%} | {row['served']:.0%} | {row['times']:g} | {row['stopped']} of {row['runs']} "
        f"| {row['calls'] or '-'} |"
        for row in result["meter"]
    ]
    strangers = sum(
        row["strangers"] for key in ("ours", "vcache", "fixed") for rows in result[key].values() for row in rows
    )
    oracle = result["oracle"]
    lines += [
        "",
        (
            f"Who knows all meanings serves {oracle['hits']:.1%} besides {oracle['exact']:.1%} exact hits. "
            f"Hits across partitions: {strangers}, though {oracle['elsewhere']:.1%} of the calls ask to the "
            f"letter what was asked in another only. Labels: {result['noise']}"
        ),
    ]
    return "\n".join(lines) + "\n"
