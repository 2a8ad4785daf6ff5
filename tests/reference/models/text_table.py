"""Writes texts.json: which printed texts to take from R 4.6, as (what is shown, of which models, with which arguments)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

SUMMARY = """attrition-logit attrition-poisson counts-outcome anorexia clotting-1 clotting-2 esoph-ordered infert-help
birthwt-mass quine-all quine-nb insurance-ordered ships-quasi ship-accidents menarche-poly cars-poly cars-ns mtcars-bs mtcars-cut
mtcars-scale mtcars-dot mtcars-no-intercept mtcars-minus-one mtcars-empty warpbreaks-empty mtcars-null null-poisson-offset null-gamma
logical-response log-response longley quine-sum warp-poly warp-sas npk-nested salaries salaries-inv swisslabor affairs phd phd-nb mroz
womenlf cowles ornstein-quasi migration ams nuclear remission downs downs-quadratic channing leuk gehan cpus hirose lizards
endometrial loblolly freeny beaver titanic-data lifecycle usarrests sleep attrition-interaction start-given maxit-three
zero-weights zero-weights-binomial non-integer-counts long-names cars93-missing subset-levels
airquality-log airquality-one tooth-poly long-term backtick many-levels""".split()
PRINT = """attrition-logit attrition-poisson counts-outcome anorexia clotting-1 esoph-ordered quine-all insurance-ordered ships-quasi
menarche-poly cars-ns mtcars-cut mtcars-dot mtcars-no-intercept mtcars-empty mtcars-null null-poisson-offset quine-sum salaries
ornstein-quasi migration channing titanic-data airquality-log long-names quine-nb zero-weights leuk tooth-poly long-term""".split()
GRID = """gaussian-log/missing binomial-cauchit/weights Gamma-log/aliased inverse_gaussian-log/interaction quasi-log-mu^2/factor
quasi-inverse-mu^2/plain tweedie-1.5-0/factor quasibinomial-probit/missing poisson-sqrt/offset Gamma-power0.333/plain
gaussian-identity/aliased poisson-log/aliased binomial-logit/scaled gaussian-identity/scaled""".split()
CORRELATION = "counts-outcome attrition-logit infert-help mtcars-dot anorexia mtcars-null quine-sum".split()
ANOVA = """attrition-logit attrition-poisson dobson anorexia clotting-1 esoph-ordered infert-help birthwt-mass quine-all quine-nb
insurance-ordered ships-quasi cars-poly cars-ns mtcars-cut mtcars-dot mtcars-no-intercept mtcars-empty mtcars-null null-poisson-offset
warp-4 npk-nested salaries mroz ornstein-quasi titanic-data airquality-log long-names zero-weights tooth-poly quine-long
long-term leuk logical-response usarrests gamma-2 longley""".split()
TESTS = {
    "Chisq": "counts-outcome cars-3 ships-quasi leuk attrition-logit",
    "LRT": "warp-4 salaries",
    "F": "cars-3 ships-quasi leuk salaries gamma-2 warp-4",
    "Rao": "counts-outcome attrition-logit warp-4 cars-3 leuk ships-quasi",
    "Cp": "cars-3 attrition-logit warp-4 leuk ships-quasi",
}
SEVERAL = {
    "warp": "warp-1 warp-2 warp-3 warp-4",
    "warp-reversed": "warp-4 warp-2",
    "warp-quasi": "warp-quasi-2 warp-quasi-3",
    "cars": "cars-1 cars-2 cars-3",
    "am": "am-1 am-2",
    "attrition": "attrition-logit-1 attrition-logit-2 attrition-logit",
    "attrition-poisson": "attrition-poisson-1 attrition-poisson",
    "gamma": "gamma-1 gamma-2",
    "same": "am-1 am-1",
}
CONFINT = "attrition-logit attrition-poisson counts-outcome clotting-1 mtcars-dot quine-all mtcars-null esoph-ordered salaries leuk".split()
LOGLIK = "attrition-logit attrition-poisson clotting-1 cars-2 phd ships-quasi salaries".split()


def cases() -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []

    def add(show: str, models: list[str], label: str = "", **args: Any) -> None:
        models = [m if "/" in m else "classic/" + m for m in models]
        tail = "".join(f" {k}={'-'.join(map(str, v)) if isinstance(v, list) else v}" for k, v in args.items())
        out.append({"id": f"{show} {label or models[0]}{tail}", "show": show, "models": models, "args": args})

    for m in SUMMARY + GRID:
        add("summary", [m])
    for m in CORRELATION:
        add("summary", [m], correlation=True)
    for m in ("counts-outcome", "leuk", "ships-quasi"):
        add("summary", [m], dispersion=1.5)
    for m in PRINT + GRID:
        add("print", [m])
    for m in ANOVA + GRID:
        add("anova", [m])
    for m in ("leuk", "counts-outcome"):
        add("anova", [m], dispersion=1.5)
    for test, ids in TESTS.items():
        for m in ids.split():
            add("anova", [m], test=test)
    for label, ids in SEVERAL.items():
        add("anova", ids.split(), label)
        for test in ("Chisq", "F", "Rao", "Cp", "LRT"):
            add("anova", ids.split(), label, test=test)
    for m in CONFINT:
        add("confint", [m])
    add("confint", ["attrition-logit"], level=0.9)
    for m in LOGLIK:
        add("logLik", [m])
    return out


if __name__ == "__main__":
    table = cases()
    assert len({c["id"] for c in table}) == len(table), "ids must differ"
    (HERE / "texts.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in table) + "\n]\n")
    print(len(table), "texts")
