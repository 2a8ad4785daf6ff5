"""Writes models.json: the table of models, every family and link over eight kinds of problem, and R's classics.

Each entry is one ``glm()`` call in R's own words; ``data`` names a file in data/.  ``start: "mean"`` asks the R script
for the null model's start (the link of the mean, then zeros); the start used is stored with the answers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
FEATURES = ("plain", "weights", "offset", "factor", "interaction", "missing", "aliased", "scaled")

# --- family x link pairs: (name, arguments, kind of response) ---------------------------------------------------------
PAIRS: list[tuple[str, dict[str, Any], str]] = []


def pair(name: str, kind: str, **args: Any) -> None:
    PAIRS.append((name, args, kind))


for link in ("identity", "log", "inverse"):
    pair("gaussian", "positive", link=link)
for link in ("logit", "probit", "cloglog", "cauchit", "log"):
    pair("binomial", "rare" if link == "log" else "binary", link=link)
    pair("quasibinomial", "rare" if link == "log" else "binary", link=link)
for link in ("log", "identity", "sqrt"):
    pair("poisson", "count", link=link)
    pair("quasipoisson", "count", link=link)
    pair("negative_binomial", "count", theta=2.5, link=link)
for link in ("inverse", "identity", "log"):
    pair("Gamma", "positive", link=link)
for link in ("1/mu^2", "inverse", "identity", "log"):
    pair("inverse_gaussian", "positive", link=link)
for link, variance, kind in (
    ("identity", "constant", "positive"),
    ("log", "mu", "count"),
    ("log", "constant", "positive"),
    ("logit", "mu(1-mu)", "proportion"),
    ("probit", "mu(1-mu)", "proportion"),
    ("inverse", "mu^2", "positive"),
    ("log", "mu^2", "positive"),
    ("sqrt", "mu", "count"),
    ("log", "mu^3", "positive"),
    ("1/mu^2", "mu^3", "positive"),
):
    pair("quasi", kind, link=link, variance=variance)
pair("quasi", "positive", link={"power": 0.5}, variance="mu^2")
pair("Gamma", "positive", link={"power": 1 / 3})
pair("gaussian", "positive", link={"power": 2})
for var_power, link_power in (
    (1.5, 0),
    (1.2, 0),
    (1.7, 0),
    (1.5, -0.5),
    (0, 0),
    (1, 0),
    (2, 0),
    (3, -2),
    (1.5, 1),
):
    pair(
        "tweedie",
        "count" if 0 < var_power < 2 and link_power == 0 else "positive",
        var_power=var_power,
        link_power=link_power,
    )
# links R allows when quoted, though it does not list them
pair("binomial", "rare", link="identity")
pair("Gamma", "positive", link="sqrt")
pair("poisson", "count", link="inverse")
pair("gaussian", "positive", link="sqrt")

# --- what a moderate linear predictor is on each link: the scale of offset terms -------------------------------------
OFFSET_SCALE = {"inverse": 1e-3, "1/mu^2": 1e-5, "identity": 0.5, "sqrt": 0.05, "power": 0.05}

# kind -> feature -> templates (data, formula, options); {o} is the offset's scale
TEMPLATES: dict[str, dict[str, list[tuple[str, str, dict[str, Any]]]]] = {
    "positive": {
        "plain": [
            ("mtcars", "mpg ~ wt + hp", {}),
            ("trees", "Volume ~ Girth + Height", {}),
            ("women", "weight ~ height", {}),
            ("stackloss", "stack.loss ~ Air.Flow + Water.Temp", {}),
            ("swiss", "Fertility ~ Education + Catholic", {}),
            ("cats", "Hwt ~ Bwt", {}),
            ("faithful", "waiting ~ eruptions", {}),
            ("attrition", "salary ~ experience_years + overtime_hours", {}),
        ],
        "weights": [
            ("mtcars", "mpg ~ wt + drat", {"weights": "qsec"}),
            ("hills", "time ~ dist + climb", {"weights": "1/dist"}),
            ("attitude", "rating ~ complaints + learning", {"weights": "raises/10"}),
            ("birthwt", "bwt ~ lwt + smoke", {"weights": "age"}),
            ("Duncan", "prestige ~ income + type", {"weights": "ifelse(education > 40, 2, 0.5)"}),
            ("mtcars", "qsec ~ wt + hp", {"weights": "as.numeric(cyl > 4)"}),
        ],
        "offset": [
            ("mtcars", "mpg ~ wt + offset({o} * drat)", {}),
            ("trees", "Volume ~ Girth", {"offset": "{o} * log(Height)"}),
            ("cats", "Hwt ~ Bwt + offset({o} * Bwt)", {"offset": "{o} * (Sex == 'M')"}),
            ("iris", "Petal.Width ~ Sepal.Length + offset({o} * Sepal.Width)", {}),
            ("attitude", "rating ~ learning + raises", {"offset": "{o} * critical/50"}),
        ],
        "factor": [
            ("chickwts", "weight ~ feed", {}),
            ("ChickWeight", "weight ~ Time + Diet", {}),
            ("warpbreaks", "breaks ~ wool + tension", {}),
            ("OrchardSprays", "decrease ~ treatment + rowpos", {}),
            ("PlantGrowth", "weight ~ group", {"contrasts": {"group": "contr.sum"}}),
            ("Duncan", "income ~ type + education", {}),
            ("poisons", "time ~ poison + treat", {}),
            ("Salaries", "salary ~ rank + discipline + sex", {}),
        ],
        "interaction": [
            ("warpbreaks", "breaks ~ wool * tension", {}),
            ("ToothGrowth", "len ~ supp * dose", {}),
            ("mtcars", "mpg ~ factor(cyl) * wt", {}),
            ("whiteside", "Gas ~ Insul/Temp", {}),
            ("iris", "Sepal.Length ~ Species:Petal.Length", {}),
            ("npk", "yield ~ block + N*P*K", {}),
            ("CO2", "uptake ~ Type * Treatment + log(conc)", {}),
            ("poisons", "time ~ (poison + treat)^2", {}),
        ],
        "missing": [
            ("airquality", "Ozone ~ Wind + Temp + Solar.R", {}),
            ("airquality", "Ozone ~ Wind + Temp", {"na_action": "na.exclude"}),
            ("Prestige", "income ~ prestige + type", {}),
            ("Leinhardt", "infant ~ log(income) + region", {"na_action": "na.exclude"}),
            ("Freedman", "crime ~ density + nonwhite", {}),
            ("Davis", "weight ~ height + repwt", {"subset": "height > 100"}),
        ],
        "aliased": [
            ("mtcars", "mpg ~ wt + I(2 * wt) + hp", {}),
            ("ChickWeight", "weight ~ Diet + I(as.numeric(Diet == '2')) + Time", {}),
            ("swiss", "Fertility ~ Education + Examination + I(Education + Examination)", {}),
            ("warpbreaks", "breaks ~ wool:tension + tension", {"subset": "!(wool == 'B' & tension == 'M')"}),
            ("Salaries", "salary ~ rank + I(yrs.since.phd - yrs.service) + yrs.since.phd + yrs.service", {}),
        ],
        "scaled": [
            ("mtcars", "mpg ~ I(wt * 1e8) + I(hp * 1e-8)", {}),
            ("trees", "Volume ~ I(Girth * 1e6) + I(Height + 1e4)", {}),
            ("women", "weight ~ height + I(height^2)", {}),
            ("mtcars", "qsec ~ I(disp^3) + I(1/hp)", {}),
            ("attitude", "rating ~ I(1e-10 * complaints) + learning", {}),
            ("pressure", "I(1e6 * (temperature + 10)) ~ log(pressure)", {}),
        ],
    },
    "count": {
        "plain": [
            ("discoveries", "found ~ I(year - 1910)", {}),
            ("attrition", "sick_days ~ salary + experience_years + overtime_hours", {}),
            ("quine", "Days ~ Sex", {}),
            ("cars", "dist ~ speed", {}),
            ("Traffic", "y ~ day", {}),
            ("PhDPublications", "articles ~ mentor + kids", {}),
        ],
        "weights": [
            ("InsectSprays", "count ~ spray", {"weights": "rep(1:3, 24)"}),
            ("warpbreaks", "breaks ~ tension", {"weights": "seq_along(breaks)/10"}),
            ("counts", "counts ~ outcome", {"weights": "c(2, 1, 1, 3, 1, 1, 2, 0, 1)"}),
            ("epil", "y ~ trt + base", {"weights": "1 + (period == 4)"}),
        ],
        "offset": [
            ("Insurance", "Claims ~ District + Group + Age + offset({c} * log(Holders))", {}),
            ("Insurance", "Claims ~ Age", {"offset": "{c} * log(Holders)"}),
            ("ships", "incidents ~ type + offset({c} * log(service))", {"subset": "service > 0"}),
            ("epil", "y ~ trt + lage", {"offset": "{c} * lbase"}),
            ("quine", "Days ~ Eth", {"offset": "{c} * (Lrn == 'SL')"}),
        ],
        "factor": [
            ("quine", "Days ~ Eth + Sex + Age + Lrn", {}),
            ("InsectSprays", "count ~ spray", {}),
            ("counts", "counts ~ outcome + treatment", {}),
            ("Ornstein", "interlocks ~ sector + nation", {}),
            ("Traffic", "y ~ limit + factor(year)", {}),
            ("HairEyeColor", "Freq ~ Hair + Eye + Sex", {}),
        ],
        "interaction": [
            ("warpbreaks", "breaks ~ wool * tension", {}),
            ("quine", "Days ~ Eth*Sex + Age", {}),
            ("UCBAdmissions", "Freq ~ Admit*Dept + Gender", {}),
            ("epil", "y ~ trt * period", {}),
            ("HairEyeColor", "Freq ~ Hair*Eye + Sex", {}),
            ("Titanic", "Freq ~ Class*Survived + Sex", {"subset": "Age == 'Adult'"}),
        ],
        "missing": [
            ("airquality", "Ozone ~ Wind + Temp", {}),
            ("airquality", "Ozone ~ factor(Month)", {"na_action": "na.exclude"}),
            ("airquality", "Ozone ~ Temp + Solar.R", {"subset": "Month != 6"}),
        ],
        "aliased": [
            ("quine", "Days ~ Age * Lrn", {}),
            ("warpbreaks", "breaks ~ wool + tension + I(tension == 'L')", {}),
            ("InsectSprays", "count ~ spray + I(2 * (spray == 'C') + (spray == 'F'))", {}),
            ("epil", "y ~ base + lbase + I(base/4) + trt", {}),
        ],
        "scaled": [
            ("cars", "dist ~ I(1e7 * speed) + I(1e-7 * speed^2)", {}),
            ("epil", "y ~ base + I(age * 1e6)", {}),
            ("discoveries", "found ~ year + I(year^2)", {}),
            ("warpbreaks", "breaks ~ I(1e9 * (wool == 'B')) + tension", {}),
        ],
    },
    "binary": {
        "plain": [
            ("mtcars", "am ~ wt", {}),
            ("infert", "case ~ spontaneous + induced", {}),
            ("attrition", "left ~ salary + experience_years + overtime_hours", {}),
            ("menarche", "cbind(Menarche, Total - Menarche) ~ Age", {}),
            ("birthwt", "low ~ age + lwt", {}),
        ],
        "weights": [
            ("menarche", "Menarche/Total ~ Age", {"weights": "Total"}),
            ("esoph", "ncases/(ncases + ncontrols) ~ as.numeric(agegp)", {"weights": "ncases + ncontrols"}),
            ("birthwt", "low ~ lwt + smoke", {"weights": "1 + (age > 30)"}),
            ("Titanic", "Survived == 'Yes' ~ Class + Sex", {"weights": "Freq"}),
            ("snails", "Deaths/N ~ Exposure + Temp", {"weights": "N"}),
        ],
        "offset": [
            ("birthwt", "low ~ smoke + offset(-0.01 * lwt)", {}),
            ("menarche", "cbind(Menarche, Total - Menarche) ~ Age", {"offset": "0.1 * (Age - 13)"}),
            ("Mroz", "lfp ~ k5 + lwg + offset(-0.02 * inc)", {"offset": "0.01 * (age - 40)"}),
        ],
        "factor": [
            ("esoph", "cbind(ncases, ncontrols) ~ agegp + tobgp + alcgp", {}),
            ("birthwt", "low ~ factor(race) + smoke + ht", {}),
            ("bacteria", "y ~ trt + week", {}),
            ("budworm", "cbind(numdead, 20 - numdead) ~ sex + ldose", {}),
            ("nodal", "r ~ factor(stage) + factor(grade)", {}),
            ("Cowles", "volunteer ~ sex + neuroticism", {}),
        ],
        "interaction": [
            ("Cowles", "volunteer ~ sex + neuroticism*extraversion", {}),
            ("budworm", "cbind(numdead, 20 - numdead) ~ sex * ldose", {}),
            ("esoph", "cbind(ncases, ncontrols) ~ agegp + unclass(tobgp) * unclass(alcgp)", {}),
            ("bacteria", "y ~ trt:week", {}),
            ("UCBAdmissions", "Admit == 'Admitted' ~ Gender * Dept", {"weights": "Freq"}),
        ],
        "missing": [
            ("TitanicSurvival", "survived ~ sex + age + passengerClass", {}),
            ("Pima.tr2", "type ~ glu + bmi + skin", {"na_action": "na.exclude"}),
            ("urine", "r ~ gravity + cond", {}),
            ("Pima.tr2", "type ~ npreg + bp", {"subset": "age < 50"}),
        ],
        "aliased": [
            ("birthwt", "low ~ lwt + age + I(lwt - age)", {}),
            ("snails", "cbind(Deaths, N - Deaths) ~ factor(Temp) + Temp + Exposure", {}),
            ("menarche", "cbind(Menarche, Total - Menarche) ~ Age + I(Age/12)", {}),
        ],
        "scaled": [
            ("birthwt", "low ~ I(lwt * 1e7) + I(age * 1e-7)", {}),
            ("attrition", "left ~ I(salary * 1000) + overtime_hours", {}),
            ("Mroz", "lfp ~ I(inc + 1e4) + k5", {}),
        ],
    },
    "rare": {
        "plain": [
            ("attrition", "left ~ overtime_hours", {}),
            ("infert", "case ~ spontaneous", {}),
            ("birthwt", "low ~ smoke + ht", {}),
            ("Affairs", "affairs > 0 ~ rating", {}),
        ],
        "weights": [
            ("snails", "Deaths/N ~ Species", {"weights": "N"}),
            ("birthwt", "low ~ smoke", {"weights": "1 + (age > 30)"}),
            ("Titanic", "Survived == 'Yes' ~ Class", {"weights": "Freq"}),
        ],
        "offset": [
            ("birthwt", "low ~ smoke + offset(-0.002 * (lwt - 80))", {}),
            ("infert", "case ~ induced", {"offset": "-0.01 * parity"}),
            ("snails", "cbind(Deaths, N - Deaths) ~ Species", {"offset": "-0.001 * Temp"}),
        ],
        "factor": [
            ("birthwt", "low ~ factor(race) + smoke", {}),
            ("UCBAdmissions", "Admit == 'Admitted' ~ Dept", {"weights": "Freq"}),
            ("bacteria", "y == 'n' ~ trt", {}),
        ],
        "interaction": [
            ("birthwt", "low ~ smoke * ht", {}),
            ("UCBAdmissions", "Admit == 'Admitted' ~ Gender * Dept", {"weights": "Freq"}),
            ("infert", "case ~ factor(induced) * education", {}),
        ],
        "missing": [
            ("TitanicSurvival", "survived ~ sex + age", {}),
            ("Pima.tr2", "type ~ I(bp > 80) + skin", {"na_action": "na.exclude"}),
            ("urine", "r ~ I(cond > 20)", {}),
        ],
        "aliased": [
            ("birthwt", "low ~ smoke + I(1 - smoke) + ht", {}),
            ("UCBAdmissions", "Admit == 'Admitted' ~ Dept + I(Dept == 'A') + Gender", {"weights": "Freq"}),
        ],
        "scaled": [
            ("birthwt", "low ~ I(smoke * 1e7) + I(ht * 1e-7)", {}),
            ("infert", "case ~ I(spontaneous * 1e6) + I(induced + 1e3)", {}),
        ],
    },
}
# quasi() takes its response as it is, and starts 0/1 responses so far out that R runs away: start as binomial() does
TEMPLATES["proportion"] = {
    "plain": [
        ("menarche", "Menarche/Total ~ Age", {}),
        ("attrition", "left ~ overtime_hours", {"mustart": "(left + 0.5)/2"}),
    ],
    "weights": [
        (
            "esoph",
            "ncases/(ncases + ncontrols) ~ as.numeric(agegp)",
            {"weights": "ncases + ncontrols", "mustart": "0.3 + 0 * ncases"},
        ),
        ("snails", "Deaths/N ~ Exposure + Temp", {"weights": "N"}),
    ],
    "offset": [("birthwt", "low ~ smoke + offset(-0.01 * lwt)", {"mustart": "(low + 0.5)/2"})],
    "factor": [
        ("birthwt", "low ~ factor(race) + smoke + ht", {"mustart": "(low + 0.5)/2"}),
        ("nodal", "r ~ factor(stage) + factor(grade)", {"mustart": "(r + 0.5)/2"}),
    ],
    "interaction": [
        ("snails", "Deaths/N ~ Species * Exposure", {}),
        ("infert", "case ~ education * spontaneous", {"mustart": "(case + 0.5)/2"}),
    ],
    "missing": [
        ("urine", "r ~ gravity + cond", {"mustart": "(r + 0.5)/2"}),
        ("urine", "r ~ ph + urea", {"na_action": "na.exclude", "mustart": "(r + 0.5)/2"}),
    ],
    "aliased": [("birthwt", "low ~ lwt + age + I(lwt - age)", {"mustart": "(low + 0.5)/2"})],
    "scaled": [
        ("birthwt", "low ~ I(lwt * 1e7) + I(age * 1e-7)", {"mustart": "(low + 0.5)/2"}),
        ("attrition", "left ~ I(salary * 1000)", {"mustart": "(left + 0.5)/2"}),
    ],
}
COUNT_OFFSET = {"identity": 0.05, "sqrt": 0.1, "inverse": 1e-3}

# --- R's classics and corners, written by hand: (id, data, formula, family, arguments, options) ----------------------
Hand = tuple[str, str, str, str, dict[str, Any], dict[str, Any]]
HAND: list[Hand] = [
    ("dobson", "counts", "counts ~ outcome + treatment", "poisson", {}, {}),
    ("anorexia", "anorexia", "Postwt ~ Prewt + Treat + offset(Prewt)", "gaussian", {}, {}),
    ("clotting-1", "clotting", "lot1 ~ log(u)", "Gamma", {}, {}),
    ("clotting-2", "clotting", "lot2 ~ log(u)", "Gamma", {}, {}),
    (
        "esoph-ordered",
        "esoph",
        "cbind(ncases, ncontrols) ~ agegp + unclass(tobgp) + unclass(alcgp)",
        "binomial",
        {},
        {},
    ),
    ("infert-help", "infert", "case ~ age + parity + education + spontaneous + induced", "binomial", {}, {}),
    ("infert-pooled", "infert", "case ~ spontaneous + induced + factor(pooled.stratum)", "binomial", {}, {}),
    (
        "birthwt-mass",
        "birthwt",
        "low ~ age + lwt + factor(race) + smoke + I(ptl > 0) + ht + ui + factor(pmin(ftv, 2))",
        "binomial",
        {},
        {},
    ),
    ("birthwt-two-way", "birthwt", "low ~ (age + lwt + smoke)^2 + ht", "binomial", {}, {}),
    ("quine-all", "quine", "Days ~ Eth*Sex*Age*Lrn", "poisson", {}, {}),
    ("quine-nb", "quine", "Days ~ Eth*Sex*Age*Lrn", "negative_binomial", {"theta": 1.928}, {}),
    ("quine-power", "quine", "Days ~ .^2", "negative_binomial", {"theta": 1.5}, {}),
    (
        "insurance-ordered",
        "Insurance",
        "Claims ~ District + Group + Age + offset(log(Holders))",
        "poisson",
        {},
        {},
    ),
    (
        "ships-quasi",
        "ships",
        "incidents ~ type + factor(year) + factor(period) + offset(log(service))",
        "quasipoisson",
        {},
        {"subset": "service > 0"},
    ),
    (
        "ship-accidents",
        "ShipAccidents",
        "incidents ~ type + construction + operation",
        "poisson",
        {},
        {"offset": "log(service)", "subset": "service > 0"},
    ),
    ("housing-surrogate", "housing", "Freq ~ Infl*Type*Cont + Sat", "poisson", {}, {}),
    ("housing-terms", "housing", "Freq ~ Infl*Type*Cont + Sat*(Infl + Type + Cont)", "poisson", {}, {}),
    ("menarche-poly", "menarche", "cbind(Menarche, Total - Menarche) ~ poly(Age, 2)", "binomial", {}, {}),
    ("cars-poly", "cars", "dist ~ poly(speed, 3)", "gaussian", {}, {}),
    ("cars-ns", "cars", "dist ~ splines::ns(speed, 3)", "Gamma", {"link": "log"}, {}),
    ("mtcars-bs", "mtcars", "mpg ~ splines::bs(wt, df = 5)", "gaussian", {}, {}),
    ("mtcars-cut", "mtcars", "mpg ~ cut(hp, c(0, 100, 150, 400)) + wt", "gaussian", {}, {}),
    ("mtcars-scale", "mtcars", "am ~ scale(wt) + scale(hp)", "binomial", {}, {}),
    ("mtcars-dot", "mtcars", "mpg ~ .", "gaussian", {}, {}),
    ("mtcars-dot-minus", "mtcars", "mpg ~ . - disp - factor(carb)", "gaussian", {}, {}),
    ("mtcars-no-intercept", "mtcars", "mpg ~ 0 + factor(cyl) + wt", "gaussian", {}, {}),
    ("mtcars-minus-one", "mtcars", "am ~ wt - 1", "binomial", {}, {}),
    ("mtcars-empty", "mtcars", "mpg ~ 0", "gaussian", {}, {}),
    ("warpbreaks-empty", "warpbreaks", "breaks ~ -1 + offset(log(seq_along(breaks)))", "poisson", {}, {}),
    ("mtcars-null", "mtcars", "am ~ 1", "binomial", {}, {}),
    ("null-poisson-offset", "Insurance", "Claims ~ offset(log(Holders))", "poisson", {}, {}),
    ("null-gamma", "clotting", "lot1 ~ 1", "Gamma", {}, {}),
    ("logical-response", "mtcars", "mpg > 20 ~ wt", "binomial", {}, {}),
    ("log-response", "mammals", "log(brain) ~ log(body)", "gaussian", {}, {}),
    ("trees-cube", "trees", "Volume ~ log(Girth) + log(Height)", "gaussian", {"link": "log"}, {}),
    ("longley", "longley", "Employed ~ .", "gaussian", {}, {}),
    (
        "swiss-sum",
        "warpbreaks",
        "breaks ~ wool * tension",
        "gaussian",
        {},
        {"contrasts": {"wool": "contr.sum", "tension": "contr.helmert"}},
    ),
    (
        "warp-poly",
        "warpbreaks",
        "breaks ~ tension + wool",
        "poisson",
        {},
        {"contrasts": {"tension": "contr.poly"}},
    ),
    (
        "warp-sas",
        "warpbreaks",
        "breaks ~ tension",
        "quasipoisson",
        {},
        {"contrasts": {"tension": "contr.SAS"}},
    ),
    ("npk-nested", "npk", "yield ~ block/(N + P)", "gaussian", {}, {}),
    ("salaries", "Salaries", "salary ~ .", "Gamma", {"link": "log"}, {}),
    ("salaries-inv", "Salaries", "salary ~ rank*sex + yrs.service", "inverse_gaussian", {"link": "log"}, {}),
    ("swisslabor", "SwissLabor", "participation ~ . + I(age^2)", "binomial", {"link": "probit"}, {}),
    (
        "affairs",
        "Affairs",
        "affairs ~ age + yearsmarried + religiousness + occupation + rating",
        "quasipoisson",
        {},
        {},
    ),
    ("phd", "PhDPublications", "articles ~ .", "poisson", {}, {}),
    ("phd-nb", "PhDPublications", "articles ~ .", "negative_binomial", {"theta": 2.26}, {}),
    ("mroz", "Mroz", "lfp ~ k5 + k618 + age + wc + hc + lwg + inc", "binomial", {}, {}),
    ("mroz-cloglog", "Mroz", "lfp ~ .", "binomial", {"link": "cloglog"}, {}),
    ("womenlf", "Womenlf", "partic != 'not.work' ~ hincome * children", "binomial", {}, {}),
    ("cowles", "Cowles", "volunteer ~ sex + neuroticism * extraversion", "binomial", {}, {}),
    ("ornstein", "Ornstein", "interlocks ~ log2(assets) + nation + sector", "poisson", {}, {}),
    (
        "ornstein-quasi",
        "Ornstein",
        "interlocks ~ log2(assets) + nation + sector",
        "quasi",
        {"link": "log", "variance": "mu"},
        {},
    ),
    ("migration", "Migration", "migrants ~ source + destination + log(distance)", "poisson", {}, {}),
    ("ams", "AMSsurvey", "count ~ type * (sex + citizen)", "poisson", {}, {}),
    (
        "moore",
        "Moore",
        "conformity ~ partner.status * fcategory",
        "gaussian",
        {},
        {"contrasts": {"fcategory": "contr.sum", "partner.status": "contr.sum"}},
    ),
    ("baumann", "Baumann", "post.test.3 ~ group + pretest.1 + pretest.2", "gaussian", {}, {}),
    (
        "nuclear",
        "nuclear",
        "log(cost) ~ date + log(t1) + log(t2) + log(cap) + pr + ne + ct + bw + cum.n + pt",
        "gaussian",
        {},
        {},
    ),
    ("remission", "remission", "r ~ LI", "binomial", {}, {}),
    ("downs", "downs.bc", "r/m ~ age", "binomial", {}, {"weights": "m"}),
    ("downs-quadratic", "downs.bc", "cbind(r, m - r) ~ age + I(age^2)", "quasibinomial", {}, {}),
    (
        "channing",
        "channing",
        "cens ~ sex + entry",
        "binomial",
        {},
        {"offset": "log(time)", "subset": "time > 0"},
    ),
    (
        "channing-poisson",
        "channing",
        "cens ~ sex",
        "poisson",
        {},
        {"offset": "log(time)", "subset": "time > 0"},
    ),
    ("leuk", "leuk", "time ~ ag + log10(wbc)", "Gamma", {"link": "log"}, {}),
    ("leuk-inverse", "leuk", "time ~ ag * log10(wbc)", "Gamma", {}, {}),
    ("gehan", "gehan", "cens ~ treat", "poisson", {}, {"offset": "log(time)"}),
    ("cpus", "cpus", "perf ~ log(syct) + log(mmin + 1) + cach", "Gamma", {"link": "log"}, {}),
    ("uscrime", "UScrime", "y ~ .", "Gamma", {"link": "log"}, {}),
    ("calcium", "calcium", "cal ~ log(time)", "inverse_gaussian", {"link": "inverse"}, {}),
    ("hirose", "hirose", "time ~ log(volt)", "Gamma", {"link": "log"}, {}),
    ("welding", "welding", "Strength ~ Drying + Material", "gaussian", {}, {}),
    ("lizards", "lizards", "cbind(grahami, opalinus) ~ height + diameter + light + time", "binomial", {}, {}),
    ("endometrial", "endometrial", "HG ~ NV + PI + EH", "binomial", {}, {}),
    ("loblolly", "Loblolly", "height ~ age + Seed", "gaussian", {"link": "log"}, {}),
    ("orange", "Orange", "circumference ~ Tree * age", "Gamma", {"link": "identity"}, {}),
    ("freeny", "freeny", "y ~ .", "gaussian", {}, {}),
    (
        "puromycin",
        "Puromycin",
        "rate ~ I(1/conc)",
        "Gamma",
        {"link": "inverse"},
        {"subset": "state == 'treated'"},
    ),
    ("puromycin-state", "Puromycin", "rate ~ I(1/conc) * state", "gaussian", {"link": "inverse"}, {}),
    ("beaver", "beaver1", "activ ~ temp", "binomial", {}, {}),
    ("attenu-log", "attenu", "accel ~ mag + log(dist)", "Gamma", {"link": "log"}, {}),
    (
        "titanic-data",
        "TitanicSurvival",
        "survived ~ sex * passengerClass + age",
        "binomial",
        {},
        {"na_action": "na.exclude"},
    ),
    (
        "titanic-loglinear",
        "Titanic",
        "Freq ~ Class*Sex*Age + Survived*(Class + Sex + Age)",
        "poisson",
        {},
        {},
    ),
    ("lifecycle", "LifeCycleSavings", "sr ~ pop15 + pop75 + dpi + ddpi", "gaussian", {}, {}),
    ("usarrests", "USArrests", "Murder ~ Assault + UrbanPop", "quasipoisson", {}, {}),
    ("anscombe-2", "anscombe", "y2 ~ x2 + I(x2^2)", "gaussian", {}, {}),
    ("bod", "BOD", "demand ~ Time", "gaussian", {"link": "inverse"}, {}),
    ("sleep", "sleep", "extra ~ group + ID", "gaussian", {}, {}),
    ("attrition-logit", "attrition", "left ~ salary + experience_years + overtime_hours", "binomial", {}, {}),
    (
        "attrition-poisson",
        "attrition",
        "sick_days ~ salary + experience_years + overtime_hours",
        "poisson",
        {},
        {},
    ),
    (
        "attrition-interaction",
        "attrition",
        "left ~ scale(salary) * overtime_hours + I(experience_years > 5)",
        "binomial",
        {},
        {},
    ),
    ("start-given", "cars", "dist ~ speed", "poisson", {"link": "identity"}, {"start": [1.0, 3.0]}),
    ("etastart-given", "mtcars", "am ~ wt", "binomial", {}, {"etastart": "3 - wt"}),
    ("mustart-given", "warpbreaks", "breaks ~ wool", "Gamma", {"link": "log"}, {"mustart": "breaks/2 + 10"}),
    (
        "gaussian-log-zeros",
        "InsectSprays",
        "count ~ spray",
        "gaussian",
        {"link": "log"},
        {"mustart": "count + 0.1"},
    ),
    ("maxit-three", "infert", "case ~ spontaneous + induced", "binomial", {}, {"maxit": 3}),
    ("epsilon-loose", "infert", "case ~ spontaneous + induced", "binomial", {}, {"epsilon": 1e-3}),
    ("zero-weights", "mtcars", "mpg ~ wt + hp", "gaussian", {}, {"weights": "as.numeric(gear > 3)"}),
    (
        "zero-weights-binomial",
        "birthwt",
        "low ~ smoke + lwt",
        "binomial",
        {},
        {"weights": "as.numeric(age < 35)"},
    ),
    ("non-integer-counts", "warpbreaks", "I(breaks/3) ~ wool", "poisson", {}, {}),
    ("proportions-no-weights", "menarche", "Menarche/Total ~ Age", "quasibinomial", {}, {}),
    ("separated", "iris", "Species == 'setosa' ~ Petal.Length", "binomial", {}, {}),
    ("saturated", "counts", "counts ~ outcome * treatment", "poisson", {}, {}),
    ("exact-fit", "women", "I(2 * height + 1) ~ height", "gaussian", {}, {}),
    (
        "long-names",
        "Cars93",
        "MPG.city ~ AirBags + DriveTrain + Rev.per.mile + Fuel.tank.capacity",
        "Gamma",
        {},
        {},
    ),
    (
        "cars93-missing",
        "Cars93",
        "Price ~ Rear.seat.room + Luggage.room + Type",
        "Gamma",
        {"link": "log"},
        {"na_action": "na.exclude"},
    ),
    ("subset-levels", "quine", "Days ~ Age + Sex", "poisson", {}, {"subset": "Age != 'F3'"}),
    (
        "many-levels",
        "ChickWeight",
        "weight ~ Time + factor(Chick, ordered = FALSE)",
        "Gamma",
        {"link": "log"},
        {},
    ),
    ("warp-1", "warpbreaks", "breaks ~ 1", "poisson", {}, {}),
    ("warp-2", "warpbreaks", "breaks ~ wool", "poisson", {}, {}),
    ("warp-3", "warpbreaks", "breaks ~ wool + tension", "poisson", {}, {}),
    ("warp-4", "warpbreaks", "breaks ~ wool * tension", "poisson", {}, {}),
    ("warp-quasi-2", "warpbreaks", "breaks ~ wool", "quasipoisson", {}, {}),
    ("warp-quasi-3", "warpbreaks", "breaks ~ wool + tension", "quasipoisson", {}, {}),
    ("cars-1", "mtcars", "mpg ~ wt", "gaussian", {}, {}),
    ("cars-2", "mtcars", "mpg ~ wt + hp", "gaussian", {}, {}),
    ("cars-3", "mtcars", "mpg ~ wt * hp + qsec + factor(am)", "gaussian", {}, {}),
    ("am-1", "mtcars", "am ~ wt", "binomial", {}, {}),
    ("am-2", "mtcars", "am ~ wt + hp", "binomial", {}, {}),
    ("attrition-logit-1", "attrition", "left ~ overtime_hours", "binomial", {}, {}),
    ("attrition-logit-2", "attrition", "left ~ overtime_hours + salary", "binomial", {}, {}),
    ("attrition-poisson-1", "attrition", "sick_days ~ salary", "poisson", {}, {}),
    ("gamma-1", "clotting", "lot1 ~ log(u)", "Gamma", {}, {}),
    ("gamma-2", "clotting", "lot1 ~ log(u) + I(log(u)^2)", "Gamma", {}, {}),
    (
        "airquality-log",
        "airquality",
        "Ozone ~ Solar.R + Wind + Temp + factor(Month)",
        "gaussian",
        {"link": "log"},
        {},
    ),
    (
        "airquality-one",
        "airquality",
        "Ozone ~ Solar.R",
        "gaussian",
        {},
        {"subset": "!is.na(Wind) & Day == 1 | Day == 5"},
    ),
    ("tooth-poly", "ToothGrowth", "len ~ poly(dose, 2) * supp", "gaussian", {}, {}),
    (
        "long-term",
        "mtcars",
        "am ~ I((wt - 3.2)^2 * (wt > 2)) + cut(qsec, c(10, 16, 18, 25)) + as.integer(gear == 4)",
        "gaussian",
        {},
        {},
    ),
    ("quine-long", "quine", "Days ~ (Eth + Sex + Age + Lrn)^3", "quasipoisson", {}, {}),
    ("backtick", "stackloss", "stack.loss ~ `Acid.Conc.` + Air.Flow", "gaussian", {}, {}),
    ("counts-outcome", "counts", "counts ~ outcome", "poisson", {}, {}),
    (
        "quine-sum",
        "quine",
        "Days ~ Age * Sex",
        "gaussian",
        {},
        {"contrasts": {"Age": "contr.sum", "Sex": "contr.helmert"}},
    ),
    (
        "runs-away",
        "birthwt",
        "low ~ factor(race) + smoke + ht",
        "quasi",
        {"link": "logit", "variance": "mu(1-mu)"},
        {},
    ),
    ("ordered-many", "Loblolly", "height ~ Seed + log(age)", "Gamma", {"link": "identity"}, {}),
]


def r_value(value: Any) -> str:
    if isinstance(value, dict):
        return f"power({value['power']!r})"
    return json.dumps(value) if isinstance(value, str) else repr(value)


def r_family(name: str, args: dict[str, Any]) -> str:
    r_name = {"inverse_gaussian": "inverse.gaussian", "negative_binomial": "negative.binomial"}.get(
        name, name
    )
    inside = ", ".join(f"{k.replace('_', '.')} = {r_value(v)}" for k, v in args.items())
    return f"{r_name}({inside})"


def slug(name: str, args: dict[str, Any]) -> str:
    values = [f"power{v['power']:.3g}" if isinstance(v, dict) else str(v) for v in args.values()]
    return "-".join([name, *values])


def entry(
    id_: str, data: str, formula: str, name: str, args: dict[str, Any], options: dict[str, Any]
) -> dict[str, Any]:
    return {
        "id": id_,
        "data": data,
        "formula": formula,
        "family": {"name": name, "args": args},
        "family_r": r_family(name, args),
        **options,
    }


def offset_scale(args: dict[str, Any]) -> str:
    link = args.get("link", "log")
    if "link_power" in args:
        link = {0: "log", -2: "1/mu^2", 1: "identity"}.get(args["link_power"], "inverse")
    return repr(OFFSET_SCALE.get("power" if isinstance(link, dict) else link, 0.1))


def count_offset(args: dict[str, Any]) -> str:
    return repr(COUNT_OFFSET.get(str(args.get("link", "log")), 1.0))


def grid() -> list[dict[str, Any]]:
    out = []
    turn: dict[tuple[str, str], int] = {}
    for name, args, kind in PAIRS:
        for feature in FEATURES:
            templates = TEMPLATES[kind][feature]
            i = turn.get((kind, feature), 0)
            turn[kind, feature] = i + 1
            data, formula, options = templates[i % len(templates)]
            fill = {"{o}": offset_scale(args), "{c}": count_offset(args)}
            for key, text in fill.items():
                formula = formula.replace(key, text)
                options = {k: v.replace(key, text) if isinstance(v, str) else v for k, v in options.items()}
            out.append(entry(f"{slug(name, args)}/{feature}", data, formula, name, args, options))
    return out


def models() -> list[dict[str, Any]]:
    return grid() + [entry("classic/" + h[0], *h[1:]) for h in HAND]


if __name__ == "__main__":
    table = models()
    ids = [m["id"] for m in table]
    assert len(set(ids)) == len(ids), "ids must differ"
    text = ",\n".join(json.dumps(m) for m in table)
    (HERE / "models.json").write_text(f"[\n{text}\n]\n")
    print(len(table), "models")
