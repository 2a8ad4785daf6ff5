"""Which texts of drop1, add1 and step to print: cases.json (run me, then selection.R)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DROP1 = {
    "none": "dobson anorexia insurance-ordered ships-quasi mtcars-no-intercept salaries phd-nb swisslabor",
    "LRT": "dobson warp-4 birthwt-mass lizards salaries esoph-ordered phd npk-nested titanic-data",
    "Chisq": "leuk quine-all attrition-logit long-names",
    "F": "anorexia ships-quasi leuk moore lifecycle salaries-inv cars93-missing dobson",
    "Rao": "dobson birthwt-mass leuk anorexia ships-quasi attrition-poisson",
}
ADD1 = {
    "none": "dobson insurance-ordered",
    "LRT": "birthwt-mass salaries leuk lizards",
    "Chisq": "attrition-logit",
    "F": "lifecycle ships-quasi cpus mroz",
    "Rao": "birthwt-mass leuk anorexia",
}
STEP = """birthwt-mass birthwt-two-way quine-nb mtcars-dot uscrime swisslabor salaries lizards nuclear
cowles mroz-cloglog insurance-ordered anorexia npk-nested attrition-interaction long-names""".split()
FORWARD = "birthwt-mass uscrime salaries nuclear attrition-logit insurance-ordered".split()


def classic(name: str) -> str:
    return f"classic/{name}"


def cases() -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []

    def add(
        show: str, name: str, update: str | None = None, call: dict[str, Any] | None = None, **args: Any
    ) -> None:
        label = " ".join([show, name, *([update] if update else []), *(f"{k}={v}" for k, v in args.items())])
        case = {"id": label, "show": show, "model": classic(name), "args": args}
        if update:
            case["update"] = update
        if call:
            case["call"] = call
        out.append(case)

    for test, names in DROP1.items():
        for name in names.split():
            add("drop1", name, **({} if test == "none" else {"test": test}))
    add("drop1", "warp-4", scope="~ wool + tension", test="LRT")
    add("drop1", "warp-4", scope=["tension"])
    add("drop1", "warp-3", scale=2.5, test="Rao")
    add("drop1", "lifecycle", scale=15, test="Chisq")
    add("drop1", "dobson", k=4)
    add("drop1", "warp-1")
    for test, names in ADD1.items():
        for name in names.split():
            add("add1", name, "~ 1", scope=FULL[name], **({} if test == "none" else {"test": test}))
    add("add1", "warp-3", scope="~ .^2", test="LRT")
    add("add1", "warp-quasi-3", scope="~ .^2", test="Rao")
    add("add1", "cars-2", scope=["drat", "gear"], test="F")
    add("add1", "cars-2", scope="~ . + drat + gear + drat:gear", scale=6, test="Chisq")
    add("add1", "airquality-one", "Ozone ~ Wind", scope="~ . + Solar.R + Temp", test="F")
    add("add1", "cars93-missing", "~ 1", scope="~ Rear.seat.room + Luggage.room + Type", test="LRT")
    for name in STEP:
        add("trace", name)
        add("path", name)
    for name in FORWARD:
        scope = {"lower": "~ 1", "upper": FULL[name]}
        add("trace", name, "~ 1", scope=scope, direction="forward")
        add("trace", name, "~ 1", scope=scope)
        add("path", name, "~ 1", scope=scope)
    add("trace", "birthwt-mass", direction="both")
    add("trace", "birthwt-mass", scope={"lower": "~ age", "upper": "~ .^2"}, direction="both")
    add("trace", "lifecycle", test="F")
    add("trace", "lizards", test="Chisq", k=6)
    add("trace", "birthwt-two-way", scope="~ . + factor(race) + ui", k=5)
    add("trace", "ornstein", steps=1, k=20)
    add("trace", "mtcars-null")
    add("trace", "ships-quasi")
    add("trace", "cars93-missing", "~ 1", scope="~ Rear.seat.room + Luggage.room + Type", direction="forward")
    aliased = {
        "data": "warpbreaks",
        "formula": 'breaks ~ wool * tension + I(2 * (wool == "A"))',
        "family": {"name": "poisson", "args": {}},
        "family_r": "poisson()",
    }
    add("drop1", "aliased", call=aliased, test="LRT")
    add("trace", "aliased", call=aliased)
    for name, change in (
        ("warp-4", ". ~ . - wool"),
        ("warp-4", "log(breaks) ~ ."),
        ("insurance-ordered", "~ . - Group"),
        ("mtcars-dot", ". ~ . - wt + I(wt^2)"),
        ("mtcars-no-intercept", "~ . + hp"),
        ("birthwt-two-way", "~ . - age:lwt"),
    ):
        add("update", name, change)
    add("drop1", "dobson", scope="~ weather")
    add("add1", "dobson", scope="~ .")
    add("trace", "warp-3", scope={"lower": "~ wool:tension"})
    add("trace", "warp-3", scope={"upper": "~ wool"})
    return out


TABLE = {m["id"]: m for m in json.loads((Path(__file__).parents[1] / "models" / "models.json").read_text())}
FULL = {
    "dobson": "~ outcome + treatment",
    "insurance-ordered": "~ District + Group + Age",
    "birthwt-mass": "~ age + lwt + factor(race) + smoke + I(ptl > 0) + ht + ui",
    "salaries": "~ rank + discipline + yrs.since.phd + yrs.service + sex",
    "leuk": "~ ag * log10(wbc)",
    "lizards": "~ (height + diameter + light)^2 + time",
    "attrition-logit": "~ salary * experience_years + overtime_hours",
    "lifecycle": "~ pop15 + pop75 + dpi + ddpi",
    "ships-quasi": "~ type + factor(year) + factor(period)",
    "cpus": "~ log(syct) + log(mmin + 1) + cach",
    "mroz": "~ k5 + k618 + age + wc + hc + lwg + inc",
    "anorexia": "~ Prewt * Treat",
    "uscrime": "~ M + So + Ed + Po1 + Po2 + LF + M.F + Pop",
    "nuclear": "~ date + log(t1) + log(t2) + log(cap) + pr + ne + ct + bw + cum.n + pt",
}

if __name__ == "__main__":
    table = cases()
    assert len({c["id"] for c in table}) == len(table), "ids must differ"
    assert all(c["model"] in TABLE or "call" in c for c in table)
    Path(__file__).with_name("cases.json").write_text(
        "[\n" + ",\n".join(json.dumps(c) for c in table) + "\n]\n"
    )
    print(len(table), "texts")
