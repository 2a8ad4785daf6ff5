"""Writes cases.json: the models that glm_nb.R fits, over data in ../models/data; run as ``python cases.py``."""

import json
from pathlib import Path

MODELS = {
    "quine-main": {"data": "quine", "formula": "Days ~ Eth + Sex + Age + Lrn"},
    "quine-crossed": {"data": "quine", "formula": "Days ~ Eth * Age + Sex"},
    "quine-nested": {"data": "quine", "formula": "Days ~ Sex/(Age + Eth * Lrn)"},
    "quine-aliased": {"data": "quine", "formula": "Days ~ .^4"},
    "quine-one": {"data": "quine", "formula": "Days ~ 1"},
    "quine-weights": {"data": "quine", "formula": "Days ~ Eth + Age", "weights": "1 + (Days %% 3)"},
    "quine-fractions": {"data": "quine", "formula": "Days ~ Eth + Sex", "weights": "1 / (1 + (Days %% 4))"},
    "quine-zero-weights": {
        "data": "quine",
        "formula": "Days ~ Eth + Age",
        "weights": "as.numeric(Days != 5)",
    },
    "quine-subset": {"data": "quine", "formula": "Days ~ Age + Lrn", "subset": "Eth == 'A'"},
    "quine-sum": {
        "data": "quine",
        "formula": "Days ~ Eth * Sex",
        "contrasts": {"Eth": "contr.sum", "Sex": "contr.sum"},
    },
    "quine-sqrt": {"data": "quine", "formula": "Days ~ Eth + Sex + Age", "link": "sqrt"},
    "quine-identity": {"data": "quine", "formula": "Days ~ Eth + Sex", "link": "identity"},
    "epil": {"data": "epil", "formula": "y ~ lbase * trt + lage + V4"},
    "epil-offset": {"data": "epil", "formula": "y ~ trt + period + offset(log(base))"},
    "epil-own-offset": {"data": "epil", "formula": "y ~ trt + lage + offset(0.9 * lbase)"},
    "epil-no-intercept": {"data": "epil", "formula": "y ~ lbase + trt - 1"},
    "doctoral": {
        "data": "PhDPublications",
        "formula": "articles ~ gender + married + kids + prestige + mentor",
    },
    "affairs": {"data": "Affairs", "formula": "affairs ~ age + yearsmarried + religiousness + rating"},
    "ships": {
        "data": "ShipAccidents",
        "formula": "incidents ~ type + operation + offset(log(service))",
        "subset": "service > 0",
    },
    "breaks": {"data": "warpbreaks", "formula": "breaks ~ wool * tension"},
    "breaks-sqrt": {"data": "warpbreaks", "formula": "breaks ~ wool + tension", "link": "sqrt"},
    "breaks-identity": {"data": "warpbreaks", "formula": "breaks ~ wool + tension", "link": "identity"},
    "traffic": {"data": "Traffic", "formula": "y ~ limit + day + factor(year)"},
    "boards": {"data": "Ornstein", "formula": "interlocks ~ log(assets) + nation + sector"},
    "ozone": {"data": "airquality", "formula": "Ozone ~ Wind + Temp + Solar.R"},
    "ozone-splines": {"data": "airquality", "formula": "Ozone ~ ns(Temp, 3) + factor(Month)"},
    "ozone-poly": {"data": "airquality", "formula": "Ozone ~ poly(Wind, 2)", "weights": "Day"},
    "sick": {"data": "attrition", "formula": "sick_days ~ overtime_hours + log(salary)"},
    "discoveries": {
        "data": "discoveries",
        "formula": "found ~ I((year - 1900) / 10) + I((year - 1900)^2 / 100)",
    },
    "survey": {"data": "AMSsurvey", "formula": "count ~ type + sex + citizen"},
    "visits": {"data": "birthwt", "formula": "ftv ~ age + factor(race) + smoke"},
    "pregnancies": {"data": "Pima.tr2", "formula": "npreg ~ age + bmi + skin"},
    "crime": {"data": "UScrime", "formula": "y ~ Ed + Po1 + So"},
    "migration": {"data": "Migration", "formula": "migrants ~ log(pops66) + log(pops71) + log(distance)"},
    "machines": {"data": "cpus", "formula": "perf ~ log(syct) + mmin + mmax + cach"},
}
# The questions whose printed text is kept; `other` is a smaller formula.
TEXTS = {
    "quine-main": ("anova", "drop1", "add1", "step", "Anova"),
    "quine-crossed": ("anova", "drop1", "step", "Anova"),
    "epil": ("anova", "drop1", "add1", "step"),
    "epil-offset": ("anova", "drop1"),
    "doctoral": ("anova", "drop1", "step", "Anova"),
    "breaks": ("anova", "drop1"),
    "breaks-sqrt": ("anova", "drop1"),
    "ozone": ("anova", "drop1", "step"),
    "quine-weights": ("anova", "drop1"),
}
PAIRS = {
    "quine": {
        "data": "quine",
        "formulas": ["Days ~ Eth + Age", "Days ~ Eth * Age + Sex", "Days ~ Eth * Age * Sex"],
    },
    "quine-two": {"data": "quine", "formulas": ["Days ~ Eth * Age + Sex", "Days ~ Eth"]},
    "epil": {"data": "epil", "formulas": ["y ~ lbase", "y ~ lbase * trt + lage + V4"]},
}

if __name__ == "__main__":
    out = {"models": MODELS, "texts": TEXTS, "pairs": PAIRS}
    Path(__file__).with_name("cases.json").write_text(json.dumps(out, indent=1) + "\n")
