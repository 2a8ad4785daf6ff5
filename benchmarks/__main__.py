"""``python -m benchmarks [race ...]``; all (dense, factors, small, drop1, profile ...) go to results.md.

Each race is one process, the same data frame, interleaved rounds; what is printed is the median, and the
ratio of paired rounds beside its bar. ``--statsmodels-factors`` lets statsmodels into the race of factors (it
builds a dense matrix of 678,000 x 323: minutes and several gigabytes); ``--r`` lets R, where installed, into
the races dense, drop1 and profile.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from statistics import median

from . import contenders, measure, portfolio, profiles, robust
from . import drop1 as deletions

Row = tuple[str, ...]
HEADER: Row = ("race", "contender", "median", "range", "glmformula is", "bar", "met")
OURS = "glmformula"


def verdict(value: float, bar: float | None) -> str:
    return "" if bar is None else "yes" if value <= bar else "**no**"


def race_rows(title: str, times: Mapping[str, Sequence[float]], bars: Mapping[str, float]) -> list[Row]:
    rows = []
    for name, taken in times.items():
        shown = (f"{median(taken):.3g} s", f"{min(taken):.3g}–{max(taken):.3g} s, {len(taken)} runs")
        if name == OURS:
            rows.append((title, name, *shown, "", "", ""))
        else:
            share, bar = measure.ratio(times[OURS], taken), bars.get(name)
            limit = f"≤ {bar} ×" if bar else ""
            rows.append((title, name, *shown, f"{share:.3f} ×", limit, verdict(share, bar)))
    return rows


def dense(options: argparse.Namespace) -> list[Row]:
    field = dict(contenders.DENSE)
    if options.r and contenders.has_r():
        field["R"] = contenders.RLogistic()
    few = {"statsmodels": 2, "R": 1}
    times = measure.race(field, portfolio.dense(), options.rounds, few, warm_up=portfolio.dense(2000))
    return race_rows("dense: 1e6 × 20 logistic", times, {"glum": 0.45, "statsmodels": 0.1})


def factors(options: argparse.Namespace) -> list[Row]:
    field = dict(contenders.PORTFOLIO)
    if not options.statsmodels_factors:
        del field["statsmodels"]
    data, warm_up = portfolio.portfolio(), portfolio.portfolio(60_000)
    times = measure.race(field, data, options.rounds, few={"statsmodels": 1}, warm_up=warm_up)
    return race_rows("factors: 678,000 × 8 factors, Poisson", times, {"glum": 0.35})


def small(options: argparse.Namespace) -> list[Row]:
    data = portfolio.small()
    times = measure.race(contenders.SMALL, data, 20 * options.rounds, warm_up=data)
    return race_rows("small: 200 rows, logistic", times, {"statsmodels": 0.35})


def drop1(options: argparse.Namespace) -> list[Row]:
    title = "drop1: 678,000 × 8 factors, Poisson"
    fits, drops = deletions.beside_its_fit(portfolio.portfolio(), options.rounds)
    rows = race_rows(title, {"its fit": fits, OURS: drops}, {})
    share = measure.ratio(drops, fits)
    rows = [(*rows[0][:4], "", "", ""), (*rows[1][:4], f"{share:.3f} ×", "≤ 6 ×", verdict(share, 6))]
    field = deletions.field(options.r and contenders.has_r())
    times = measure.race(field, portfolio.portfolio(deletions.SMALL_ROWS), options.rounds, few={"R": 2})
    return rows + race_rows("drop1: 20,000 × 3 factors, Poisson", times, {})


def profile(options: argparse.Namespace) -> list[Row]:
    field = profiles.field(options.r and contenders.has_r())
    data, warm_up = portfolio.dense(profiles.ROWS), portfolio.dense(2000)
    times = measure.race(field, data, options.rounds, few={"R": 1}, warm_up=warm_up)
    return race_rows("profile confint: 1e5 × 20 logistic", times, {})


def robust_errors(options: argparse.Namespace) -> list[Row]:
    rows = []
    data, warm_up = robust.data(), robust.data(2000)
    for kind in robust.KINDS:
        field = robust.field(kind, options.r and contenders.has_r())
        few = {"statsmodels": 1, "R": 1}
        times = measure.race(field, data, options.rounds, few=few, warm_up=warm_up)
        rows += race_rows(f"{kind}: 1e6 × 20 logistic, fit and covariance", times, {})
        before, after = robust.peak_memory(kind)
        more = f"fit's peak + {(after - before) / 1e6:.0f} MB"
        rows.append((f"peak memory: {kind}", OURS, f"{after / 1e6:.0f} MB", "", more, "", ""))
    return rows


def imports(options: argparse.Namespace) -> list[Row]:
    times = measure.import_seconds((OURS, "formulaic"), 2 * options.rounds)
    extra = median(a - b for a, b in zip(times[OURS], times["formulaic"], strict=True))
    rows = race_rows("import", times, {})
    return [*rows[:1], (*rows[1][:4], f"{extra:+.3f} s", "≤ +0.15 s", verdict(extra, 0.15))]


def memory(options: argparse.Namespace) -> list[Row]:
    rows = []
    for name in ("dense", "portfolio"):
        for contender in (OURS, "glum"):
            size = {k: v / 1e6 for k, v in measure.peak_memory(name, contender).items()}
            beyond = size["peak"] - size["data"]
            bar = ("≤ data + 300 MB", verdict(beyond, 300)) if contender == OURS else ("", "")
            parts = f"data {size['data']:.0f} MB; with imports, before the fit {size['loaded']:.0f} MB"
            peak = (f"{size['peak']:.0f} MB", parts, f"data + {beyond:.0f} MB")
            rows.append((f"peak memory: {name}", contender, *peak, *bar))
    return rows


RACES: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    "dense": dense,
    "factors": factors,
    "small": small,
    "drop1": drop1,
    "profile": profile,
    "robust": robust_errors,
    "import": imports,
    "memory": memory,
}


def markdown(rows: Sequence[Row]) -> str:
    lines = [HEADER, ("---",) * len(HEADER), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("races", nargs="*", choices=[*RACES, []], help="default: all of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--r", action="store_true", help="let R into the races: dense, drop1, profile")
    parser.add_argument("--statsmodels-factors", action="store_true")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.races or RACES:
        new = RACES[name](options)
        print(markdown(new) if not rows else markdown(new).split("\n", 2)[2], end="", flush=True)
        rows += new
    print("\n" + measure.machine())
    if not options.races:
        head = f"# Benchmarks, {date.today()}\n\n`python -m benchmarks` on {measure.machine()}.\n\n"
        Path(__file__).with_name("results.md").write_text(head + markdown(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
