"""``python -m benchmarks [race ...]``; all of them go to results.md, and a part of that to docs/benchmarks.md.

    dense linear factors mixed crossed levels many_levels small   one table in memory: fit and summary beside the rivals
    streamed                               Parquet files; a Dask cluster of one and two processes
    sparse                                 levels and cells without events, empty cells; answers for each row
    multinom, polr                         five categories, side by side or in order
    zeros                                  zero-inflated and hurdle models
    glmnet                                 penalised paths of three families, of wide factors, of more columns than rows
    effects                                average effects of eight variables, predictions of rows, their peak on files
    groups                                 a fit for each of 10,000 groups
    counted spark                          equal rows counted by DuckDB; Spark beside its own
    glm_nb                                 theta estimated with the coefficients, on two sizes
    drop1 profile certificate robust       questions after the fit
    herds                                  profile intervals of a mixed model
    random                                 mixed models: crossed factors, many groups
    import memory kept                     what it costs to have, and that writes into the data are noticed

Each race in memory is one process, the same data frame, interleaved rounds; what is printed is the median,
and the ratio of paired rounds beside its bar. A rival that is not installed is left out and named.
``--slow`` lets in who takes many minutes: statsmodels in the race of factors (a dense matrix of 678,000 x
323), glum and pyfixest in that of high cardinality;
``--r`` lets R, where installed, into the races dense, linear, multinom, polr, zeros, glmnet, glm_nb, drop1 and
profile.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import pandas as pd

from . import (
    categories,
    certify,
    contenders,
    drop1 as deletions,
    effects,
    groups,
    herds,
    kept,
    measure,
    ordinal,
    places,
    portfolio,
    profiles,
    random_effects,
    robust,
    shrinkage,
    sparse,
    streams,
    theta,
    zeros,
)

Row = tuple[str, ...]
HEADER: Row = ("race", "contender", "median", "range", "glmformula is", "bar", "met")
OURS = "glmformula"
HERE = Path(__file__).parent
SLOW = {
    ("factors", "statsmodels"),
    ("crossed", "glum"),
    ("crossed", contenders.ABSORBING),
    ("levels", "glum"),
    ("many_levels", "glum"),
}
MODULES = {"scikit-learn (no std. errors)": "sklearn", contenders.ABSORBING: "pyfixest"}


@dataclass(frozen=True)
class Race:
    """Fit and summary of one table: `few` names who runs less often, `bars` the ratios to meet, and our own seconds."""

    title: str
    data: Callable[..., pd.DataFrame]
    contenders: Mapping[str, contenders.Contender]
    bars: Mapping[str, float]
    few: Mapping[str, int] = field(default_factory=dict)
    warm_up: int = 20_000
    more_rounds: int = 1
    in_a_row: int = 1


IN_MEMORY = {
    "dense": Race(
        "dense: 1e6 × 20 logistic",
        portfolio.dense,
        contenders.DENSE,
        {"glum": 0.4, "statsmodels": 0.1},
        {"statsmodels": 2, "pyfixest": 2, "R": 1},
    ),
    "linear": Race(
        "linear: 1e6 × 20 least squares",
        portfolio.dense,
        contenders.LINEAR,
        {"statsmodels": 0.15},
        {"R": 1},
    ),
    "factors": Race(
        "factors: 678,000 × 8 factors, Poisson",
        portfolio.portfolio,
        contenders.PORTFOLIO,
        {"glum": 0.3},
        {"statsmodels": 1, contenders.ABSORBING: 1},
        warm_up=60_000,
    ),
    "mixed": Race(
        "mixed: 1e6 × factors of 10, 100, 1000 levels + 10 numbers, Poisson",
        portfolio.mixed,
        contenders.MIXED,
        {"glum": 0.5},
        {contenders.ABSORBING: 1},
        warm_up=60_000,
    ),
    "crossed": Race(
        "high cardinality: 2e6 × two factors of 2,400 levels + 5 numbers, Poisson",
        portfolio.crossed,
        contenders.CROSSED,
        {},
        {OURS: 2, "glum": 1, contenders.ABSORBING: 1},
        warm_up=100_000,
    ),
    "levels": Race(
        "levels: 1e5 × a factor of 10,000 levels + 5 numbers, Poisson",
        portfolio.levels,
        contenders.LEVELS,
        {OURS: 3},
        {OURS: 2},
        warm_up=20_000,
    ),
    "many_levels": Race(
        "many levels: 1e6 × a factor of 100,000 levels + 5 numbers, Poisson",
        portfolio.many_levels,
        contenders.MANY_LEVELS,
        {OURS: 30},
        {OURS: 2},
        warm_up=100_000,
    ),
    "small": Race(
        "small: 200 rows, logistic, 20 in a row",
        portfolio.small,
        contenders.SMALL,
        {"statsmodels": 0.2},
        warm_up=200,
        more_rounds=4,
        in_a_row=20,
    ),
}


R_SCRIPTS = {"dense": contenders.R_SCRIPT, "linear": contenders.R_LINEAR}


def verdict(value: float, bar: float | None) -> str:
    return "" if bar is None else "yes" if value <= bar else "**no**"


def seconds_cells(taken: Sequence[float]) -> Row:
    return f"{median(taken):.3g} s", f"{min(taken):.3g}–{max(taken):.3g} s, {len(taken)} runs"


def race_rows(title: str, times: Mapping[str, Sequence[float]], bars: Mapping[str, float]) -> list[Row]:
    rows = []
    for name, taken in times.items():
        if name == OURS:
            most = bars.get(OURS)
            met = ("", "") if most is None else (f"≤ {most} s", verdict(median(taken), most))
            rows.append((title, name, *seconds_cells(taken), "", *met))
        else:
            share, bar = measure.ratio(times[OURS], taken), bars.get(name)
            limit = f"≤ {bar} ×" if bar else ""
            rows.append((title, name, *seconds_cells(taken), f"{share:.3f} ×", limit, verdict(share, bar)))
    return rows


def installed(name: str) -> bool:
    return find_spec(MODULES.get(name, name)) is not None


def in_memory(name: str, options: argparse.Namespace) -> list[Row]:
    race = IN_MEMORY[name]
    runners = {
        who: run
        for who, run in race.contenders.items()
        if installed(who) and (options.slow or (name, who) not in SLOW)
    }
    if name in R_SCRIPTS and options.r and contenders.has_r():
        runners["R"] = contenders.RScript(R_SCRIPTS[name])
    absent = [
        (race.title, who, "not installed", "", "", "", "") for who in race.contenders if not installed(who)
    ]
    rounds, few = race.more_rounds * options.rounds, {k: v for k, v in race.few.items() if k in runners}
    times = measure.race(runners, race.data(), rounds, few, race.data(race.warm_up), race.in_a_row)
    return race_rows(race.title, times, race.bars) + absent


def streamed(options: argparse.Namespace) -> list[Row]:
    title = f"streamed: Parquet, {options.rows:,} × 20 logistic"
    runs = streams.race(options.rows, 2 * options.rounds)  # the bar of 1.0 is near
    peak = max(run.peak for run in runs[streams.ALONE]) / 1e6
    rows = []
    for which, fits in ("seconds", "first fit"), ("again", "again"):
        times = {who: [1e9 * getattr(run, which) / run.rows for run in taken] for who, taken in runs.items()}
        for who, taken in times.items():
            cells = f"{median(taken):.0f} ns a row", f"{min(taken):.0f}–{max(taken):.0f}, {len(taken)} runs"
            beside = streams.MEMORY if who == streams.ALONE else streams.ALONE
            share = measure.ratio(taken, times[beside])
            bar = {streams.ALONE: 1.5, streams.TWO: 1.0}.get(who)
            more = (
                f"{share:.3f} × {'memory' if who == streams.ALONE else 'files'}",
                f"≤ {bar} ×" if bar else "",
            )
            more = ("", "", "") if who == streams.MEMORY else (*more, verdict(share, bar))
            rows.append((title, f"{who}, {fits}", *cells, *more))
    return [*rows, (title, streams.ALONE, f"{peak:.0f} MB", "peak", "", "≤ 1000 MB", verdict(peak, 1000))]


def sparse_data(options: argparse.Namespace) -> list[Row]:
    rows = []
    for pair in sparse.pairs(options.rounds):
        share = measure.ratio(pair.seconds, pair.other) if pair.other else median(pair.seconds)
        limit = f"≤ {pair.bar} {'×' if pair.other else 's'}" if pair.bar else ""
        said = (f"{share:.3f} ×" if pair.other else "", limit, verdict(share, pair.bar or None))
        if pair.other:
            rows.append((pair.title, pair.names[1], *seconds_cells(pair.other), "", "", ""))
        rows.append((pair.title, pair.names[0], *seconds_cells(pair.seconds), *said))
    return rows


def drop1(options: argparse.Namespace) -> list[Row]:
    title = "drop1: 678,000 × 8 factors, Poisson"
    fits, drops = deletions.beside_its_fit(portfolio.portfolio(), options.rounds)
    rows = race_rows(title, {"its fit": fits, OURS: drops}, {})
    share = measure.ratio(drops, fits)
    rows = [(*rows[0][:4], "", "", ""), (*rows[1][:4], f"{share:.3f} ×", "≤ 6 ×", verdict(share, 6))]
    field = deletions.field(options.r and contenders.has_r())
    times = measure.race(field, portfolio.portfolio(deletions.SMALL_ROWS), options.rounds, few={"R": 2})
    return rows + race_rows("drop1: 20,000 × 3 factors, Poisson", times, {})


def many_groups(options: argparse.Namespace) -> list[Row]:
    together, looped = groups.beside_a_loop(groups.people(), options.rounds)
    title = "groups: 10,000 × 100 rows × 5 logistic, fit and tidy"
    return race_rows(title, {OURS: together, "a loop of glm": looped}, {"a loop of glm": 0.05})


def counted_rows(options: argparse.Namespace) -> list[Row]:
    counts, each = places.counted_beside_rows(options.rows, min(options.rounds, 2))
    title = f"counted: {options.rows:,} rows in DuckDB, logistic"
    return race_rows(title, {OURS: counts, "every row read": each}, {"every row read": 0.3})


def on_spark(options: argparse.Namespace) -> list[Row]:
    title = f"spark: {places.SPARK_ROWS:,} × 10 logistic, local[2]"
    if not installed("pyspark"):
        return [(title, "pyspark", "not installed", "", "", "", "")]
    times = places.spark_beside_its_own(places.SPARK_ROWS, min(options.rounds, 3))
    return race_rows(title, times, {"Spark's own": 1.0})


def certificate(options: argparse.Namespace) -> list[Row]:
    fits, certificates = certify.beside_its_fit(certify.data(), options.rounds)
    rows = race_rows("certificate: 5,000 × 1,000 logistic", {"its QR fit": fits, OURS: certificates}, {})
    share = measure.ratio(certificates, fits)
    return [(*rows[0][:4], "", "", ""), (*rows[1][:4], f"{share:.3f} ×", "≤ 3 ×", verdict(share, 3))]


def profile(options: argparse.Namespace) -> list[Row]:
    field = profiles.field(options.r and contenders.has_r())
    data, warm_up = portfolio.dense(profiles.ROWS), portfolio.dense(2000)
    times = measure.race(field, data, options.rounds, few={"R": 1}, warm_up=warm_up)
    return race_rows("profile confint: 1e5 × 20 logistic", times, {})


def mixed_intervals(options: argparse.Namespace) -> list[Row]:
    field = herds.field(options.r and contenders.has_r("lme4"))
    times = measure.race(field, herds.data(), options.rounds, few={herds.LME4: 3}, warm_up=herds.data())
    return race_rows("mixed confint: cbpp, 56 rows, 15 herds, binomial", times, herds.BARS)


def robust_errors(options: argparse.Namespace) -> list[Row]:
    rows = []
    data, warm_up = robust.data(), robust.data(2000)
    for kind in robust.KINDS:
        field = robust.field(kind, options.r and contenders.has_r("sandwich"))
        few = {"statsmodels": 1, "R": 1}
        times = measure.race(field, data, options.rounds, few=few, warm_up=warm_up)
        rows += race_rows(f"{kind}: 1e6 × 20 logistic, fit and covariance", times, {})
        before, after = robust.peak_memory(kind)
        more = f"fit's peak + {(after - before) / 1e6:.0f} MB"
        rows.append((f"peak memory: {kind}", OURS, f"{after / 1e6:.0f} MB", "", more, "", ""))
    return rows


def negative_binomial(options: argparse.Namespace) -> list[Row]:
    rows = []
    for n in theta.ROWS:
        field = theta.field(options.r and contenders.has_r("MASS"))
        few, warm_up = {theta.MASS: 1, "statsmodels": 2}, portfolio.counts(2000)
        times = measure.race(field, portfolio.counts(n), options.rounds, few=few, warm_up=warm_up)
        rows += race_rows(f"glm_nb: {n:.0e} × 20 counts".replace("e+0", "e"), times, theta.BARS[n])
    return rows


def mixed_models(options: argparse.Namespace) -> list[Row]:
    packages = tuple(
        p for p in (random_effects.LME4, random_effects.GLMMTMB) if options.r and contenders.has_r(p)
    )
    out = []
    for kind in random_effects.KINDS:
        data = random_effects.rows(kind)
        warm_up = random_effects.rows(kind, 3000, 100)
        field = random_effects.field(kind, data, packages)
        times = measure.race(field, data, options.rounds, few=dict.fromkeys(packages, 1), warm_up=warm_up)
        out += race_rows(random_effects.TITLES[kind], times, random_effects.BARS[kind])
    return out


def many_zeros(options: argparse.Namespace) -> list[Row]:
    rows = []
    for kind in zeros.KINDS:
        field = zeros.field(kind, options.r and contenders.has_r("pscl"))
        few = {zeros.PSCL: 1, "statsmodels": 2}
        warm_up, data = (portfolio.zeros(n, overdispersed=kind != "zip") for n in (2000, zeros.ROWS))
        times = measure.race(field, data, options.rounds, few=few, warm_up=warm_up)
        rows += race_rows(f"{zeros.TITLES[kind]}: 1e5 × (10 + 10)", times, zeros.BARS[kind])
    return rows


def five_categories(options: argparse.Namespace) -> list[Row]:
    field = categories.field(options.r and contenders.has_r("nnet"))
    few, warm_up = {categories.NNET: 1, "statsmodels": 2}, portfolio.choices(2000)
    data = portfolio.choices(categories.ROWS)
    times = measure.race(field, data, options.rounds, few=few, warm_up=warm_up)
    return race_rows("multinom: 1e5 × 20, five categories", times, categories.BARS)


def five_in_order(options: argparse.Namespace) -> list[Row]:
    field, few = ordinal.field(options.r), {ordinal.CLM: 2, ordinal.MASS: 1, "statsmodels": 1}
    warm_up, data = portfolio.ranks(2000), portfolio.ranks(ordinal.ROWS)
    times = measure.race(field, data, options.rounds, few=few, warm_up=warm_up)
    return race_rows("polr: 1e5 × 20, five ordered categories", times, ordinal.BARS)


def penalised_paths(options: argparse.Namespace) -> list[Row]:
    rows = []
    for family, bar in shrinkage.BARS.items():
        field = shrinkage.field(family, options.r and contenders.has_r("glmnet"))
        warm_up, data = shrinkage.people(family, 2000), shrinkage.people(family)
        few = {shrinkage.GLMNET: 3, shrinkage.SKLEARN: 2}
        times = measure.race(field, data, options.rounds, few=few, warm_up=warm_up)
        title = (
            f"glmnet: 2,000 × 5,000, {family}" if family.startswith("wide") else f"glmnet: 1e5 rows, {family}"
        )
        rows += race_rows(title, times, {shrinkage.GLMNET: bar})
    return rows


def average_effects(options: argparse.Namespace) -> list[Row]:
    warm_up, data = effects.people(2000), effects.people()
    times = measure.race(effects.field(), data, options.rounds, few={effects.PEER: 1}, warm_up=warm_up)
    rows = race_rows("effects: 1e5 rows, slopes and comparisons of 8 variables", times, effects.BARS)
    times = effects.after_the_fit(options.rounds)
    after, title = "avg_slopes and avg_comparisons", "effects: the same, 1e6 rows"
    for who, beside, bar, of in (
        (after, "fit", 2.0, title),
        ("predictions", "predict(se_fit=True)", 1.0, "effects: predictions of 1e6 rows"),
    ):
        share = measure.ratio(times[who], times[beside])
        rows.append((of, beside, *seconds_cells(times[beside]), "", "", ""))
        rows.append(
            (of, who, *seconds_cells(times[who]), f"{share:.3f} ×", f"≤ {bar} ×", verdict(share, bar))
        )
    peak = {name: size / 1e6 for name, size in effects.streamed_peak(options.rows).items()}
    cells = f"{peak['effects']:.0f} MB", f"after the fit {peak['fit']:.0f} MB", "", "≤ 1000 MB"
    return [
        *rows,
        (f"effects: peak, {options.rows:,} rows of Parquet", OURS, *cells, verdict(peak["effects"], 1000)),
    ]


def imports(options: argparse.Namespace) -> list[Row]:
    times = measure.import_seconds((OURS, "formulaic"), 2 * options.rounds)
    extra = median(a - b for a, b in zip(times[OURS], times["formulaic"], strict=True))
    rows = race_rows("import", times, {})
    return [*rows[:1], (*rows[1][:4], f"{extra:+.3f} s", "≤ +0.15 s", verdict(extra, 0.15))]


PEAKS = {  # MB beyond the data
    "dense": 300,
    "portfolio": 300,
    "mixed": None,
    "crossed": None,
    "levels": None,
    "many_levels": None,
}
LARGEST_PEAK = {"portfolio": 1000, "crossed": 4000, "levels": 500, "many_levels": 4000}  # MB


def memory(options: argparse.Namespace) -> list[Row]:
    rows = []
    for name, beyond_bar in PEAKS.items():
        for contender in filter(installed, (OURS, "glum")):
            if (name, contender) in SLOW and not options.slow:
                continue
            size = {k: v / 1e6 for k, v in measure.peak_memory(name, contender).items()}
            beyond, bar = size["peak"] - size["data"], ("", "")
            if contender == OURS and beyond_bar is not None:
                bar = (f"≤ data + {beyond_bar} MB", verdict(beyond, beyond_bar))
            elif contender == OURS and name in LARGEST_PEAK:
                bar = (f"≤ {LARGEST_PEAK[name]} MB", verdict(size["peak"], LARGEST_PEAK[name]))
            parts = f"data {size['data']:.0f} MB; with imports, before the fit {size['loaded']:.0f} MB"
            peak = (f"{size['peak']:.0f} MB", parts, f"data + {beyond:.0f} MB")
            rows.append((f"peak memory: {name}", contender, *peak, *bar))
    return rows


def kept_data(options: argparse.Namespace) -> list[Row]:
    title = "kept: 1e6 × 20 logistic, writes into its data noticed"
    fits, plain, looks = kept.with_and_without(portfolio.dense(), 2 * options.rounds)
    rows = race_rows(title, {"without the fingerprint": plain, OURS: fits, "one look at it": looks}, {})
    share = measure.ratio(fits, plain)
    cells = ("", "", ""), (f"{share:.3f} ×", "≤ 1.1 ×", verdict(share, 1.1)), ("", "", "")
    return [(*row[:4], *more) for row, more in zip(rows, cells, strict=True)]


RACES: dict[str, Callable[[argparse.Namespace], list[Row]]] = {
    **{name: partial(in_memory, name) for name in IN_MEMORY},
    "sparse": sparse_data,
    "multinom": five_categories,
    "polr": five_in_order,
    "effects": average_effects,
    "glmnet": penalised_paths,
    "glm_nb": negative_binomial,
    "groups": many_groups,
    "counted": counted_rows,
    "spark": on_spark,
    "zeros": many_zeros,
    "streamed": streamed,
    "drop1": drop1,
    "profile": profile,
    "herds": mixed_intervals,
    "random": mixed_models,
    "certificate": certificate,
    "robust": robust_errors,
    "import": imports,
    "memory": memory,
    "kept": kept_data,
}


def markdown(rows: Sequence[Row]) -> str:
    lines = [HEADER, ("---",) * len(HEADER), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines) + "\n"


MARKED = re.compile(r"(<!-- benchmarks -->\n).*?(<!-- /benchmarks -->)", re.DOTALL)


def written(rows: Sequence[Row]) -> None:
    """results.md, and the same table without its ranges in docs/benchmarks.md."""
    machine = f"`python -m benchmarks` on {measure.machine()}; {date.today()}."
    (HERE / "results.md").write_text(f"# Benchmarks\n\n{machine}\n\n{markdown(rows)}", encoding="utf-8")
    page = HERE.parent / "docs" / "benchmarks.md"
    short = [HEADER, ("---",) * len(HEADER), *rows]
    table = "\n".join("| " + " | ".join((*row[:3], *row[4:])) + " |" for row in short)
    text = MARKED.sub(rf"\g<1>{table}\n\n{machine}\n\g<2>", page.read_text(encoding="utf-8"))
    page.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("races", nargs="*", choices=[*RACES, []], help="default: all of them")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=20_000_000, help="of the races streamed and effects")
    parser.add_argument("--r", action="store_true", help="let R into the races: dense, drop1, profile")
    parser.add_argument("--slow", action="store_true", help="let in the rivals that take very long")
    options = parser.parse_args()
    rows: list[Row] = []
    for name in options.races or RACES:
        new = RACES[name](options)
        print(markdown(new) if not rows else markdown(new).split("\n", 2)[2], end="", flush=True)
        rows += new
    print("\n" + measure.machine())
    if not options.races:
        written(rows)


if __name__ == "__main__":
    main()
