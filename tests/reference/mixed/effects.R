# Effects of the population (random effects of zero, as marginaleffects with re.form = NA) by hand, at the exact minimum -> effects.json:
# means and their changes as functions of the fixed effects, derivatives by numDeriv, the covariance vcov(m); Satterthwaite's degrees of
# freedom of the same contrasts by lmerTest.   usage (in this directory): LC_ALL=C.UTF-8 Rscript effects.R
# R 4.2.2 with lme4 1.1-31, lmerTest 3.1-3, numDeriv 2016.8-1.1
source("exact.R"); source("table.R")
suppressMessages({ library(lmerTest); library(numDeriv) })
versions$lmerTest <- as.character(packageVersion("lmerTest")); versions$numDeriv <- as.character(packageVersion("numDeriv"))

columns <- function(m, d) {             # the fixed columns and the offset of other rows
  tt <- delete.response(terms(m, fixed.only = TRUE))
  xl <- Filter(Negate(is.null), lapply(model.frame(m)[, -1, drop = FALSE], function(v) if (is.factor(v)) levels(v)))
  mf <- model.frame(tt, d, xlev = xl[intersect(names(xl), rownames(attr(tt, "factors")))], na.action = na.pass)
  off <- model.offset(mf); if (is.null(off)) off <- 0
  list(X = model.matrix(tt, mf, contrasts.arg = attr(getME(m, "X"), "contrasts")), off = off)
}
mean_of <- function(m, d) { p <- columns(m, d); inv <- family(m)$linkinv; function(b) inv(as.numeric(p$X %*% b) + p$off) }
moved <- function(d, name, value) { d[[name]] <- if (is.factor(d[[name]])) factor(value, levels(d[[name]]), ordered = is.ordered(d[[name]])) else value; d }
slope_of <- function(m, d, name) {      # d mu / d x of each row: order six in x
  h <- 0.02 * sd(d[[name]]); at <- lapply(c(-3:-1, 1:3) * h, function(s) mean_of(m, moved(d, name, d[[name]] + s)))
  w <- c(-1, 9, -45, 45, -9, 1) / (60 * h); function(b) Reduce(`+`, Map(function(f, k) k * f(b), at, w))
}
asked <- function(id, m, verb, f, ...) {
  b <- fixef(m); V <- as.matrix(vcov(m)); value <- f(b); J <- jacobian(f, b); se <- sqrt(rowSums((J %*% V) * J))
  df <- if (isLMM(m)) vapply(seq_len(nrow(J)), function(i) contest1D(as_lmerModLmerTest(m), J[i, ], confint = FALSE)$df, 0)
  list(model = id, verb = verb, args = list(...), estimate = as.list(as.numeric(value)), se = as.list(se), df = if (!is.null(df)) as.list(df))
}
used <- function(m, d) { keep <- complete.cases(d[, intersect(all.vars(formula(m)), names(d))]); d[keep, , drop = FALSE] }
one <- function(id, numbers, factors, by) {
  call <- named(calls[[id]]); d <- get(as.character(call$data)); m <- exact(calls[[id]]); names(m@call)[1] <- ""; d <- used(m, d); out <- list()
  add <- function(...) out[[length(out) + 1]] <<- asked(id, m, ...)
  mu <- mean_of(m, d); add("avg_predictions", function(b) mean(mu(b)))
  if (!is.null(by)) { g <- d[[by]]; add("avg_predictions", function(b) as.numeric(tapply(mu(b), g, mean)), by = by) }
  new <- new_rows(d); at <- columns(m, new); add("predictions", function(b) as.numeric(at$X %*% b) + at$off, type = "link")
  for (x in numbers) {
    hi <- mean_of(m, moved(d, x, d[[x]] + 1)); add("avg_comparisons", function(b) mean(hi(b) - mu(b)), variables = x)
    s <- slope_of(m, d, x); add("avg_slopes", function(b) mean(s(b)), variables = x)
    add("risk_ratio", function(b) log(mean(hi(b)) / mean(mu(b))), variables = x)
  }
  for (x in factors) {
    v <- levels(d[[x]]); each <- lapply(v, function(l) mean_of(m, moved(d, x, l)))
    add("avg_comparisons", function(b) vapply(each[-1], function(f) mean(f(b) - each[[1]](b)), 0), variables = x)
    if (family(m)$family == "binomial") { odds <- function(p) log(mean(p) / (1 - mean(p))); add("odds_ratio", function(b) vapply(each[-1], function(f) odds(f(b)) - odds(each[[1]](b)), 0), variables = x) }
  }
  cat(id, length(out), "\n"); out
}
found <- c(
  one("sleep", "Days", NULL, NULL), one("sleep square", "Days", NULL, NULL), one("machines", NULL, "Machine", "Machine"), one("orthodont", "age", "Sex", "Sex"),
  one("positive weights", c("x", "z"), "h", "h"), one("positive offset", "x", "h", NULL),
  one("cbpp", NULL, "period", "period"), one("cbpp cloglog", NULL, "period", NULL), one("bacteria AGQ15", "week", "trt", "trt"),
  one("epil", c("lbase", "lage"), "trt", "trt"), one("ticks", NULL, "YEAR", "YEAR"), one("owls", NULL, c("FoodTreatment", "SexParent"), "SexParent"),
  one("positive nb", "x", "h", "h"), one("verbagg", "Anger", c("Gender", "btype"), "Gender")
)
write_json_to(list(versions = versions, effects = found), "effects.json")
