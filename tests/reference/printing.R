# R's printed models with the numbers that went into them, so that rendering is checked apart from fitting.
# Run with R 4.6 in this folder; writes printing.json beside itself.
options(width = 80, digits = 7, scipen = 0, OutDec = ".", show.signif.stars = TRUE, warn = -1)
set.seed(20240608, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

quoted <- function(s) {
  for (pair in list(c("\\", "\\\\"), c("\"", "\\\""), c("\n", "\\n"), c("\t", "\\t")))
    s <- gsub(pair[1], pair[2], s, fixed = TRUE)
  paste0("\"", s, "\"")
}
exact <- function(x) ifelse(is.nan(x), "NaN", ifelse(is.na(x), "NA", sprintf("%.17g", x)))
json <- function(x) {
  if (is.null(x)) return("null")
  if (!length(x)) return("[]")
  if (is.list(x))
    return(paste0("{", paste0(quoted(names(x)), ": ", vapply(x, json, ""), collapse = ", "), "}"))
  if (is.logical(x)) x <- as.integer(x)
  if (is.numeric(x)) x <- exact(x)
  paste0("[", paste0(quoted(as.character(x)), collapse = ", "), "]")
}
cases <- character()
keep <- function(what, ...) cases[length(cases) + 1L] <<- json(list(what = what, ...))
deparsed <- function(call) paste(deparse(call), collapse = "\n")
omitted <- function(fit) length(fit$na.action)

keep_summary <- function(name, fit, ...) {
  s <- summary(fit, ...)
  keep("summary", name = name, call = deparsed(fit$call), names = names(s$aliased),
       coefficients = c(s$coefficients), columns = colnames(s$coefficients), aliased = s$aliased,
       family = s$family$family, dispersion = s$dispersion, deviances = c(s$null.deviance, s$deviance),
       dfs = c(s$df.null, s$df.residual), aic = s$aic, iter = s$iter, n_omitted = omitted(fit),
       correlation = if (!is.null(s$correlation)) c(s$correlation), text = capture.output(print(s)))
}
keep_print <- function(name, fit)
  keep("print", name = name, call = deparsed(fit$call), names = names(coef(fit)), coefficients = coef(fit),
       deviances = c(fit$null.deviance, fit$deviance), dfs = c(fit$df.null, fit$df.residual), aic = fit$aic,
       n_omitted = omitted(fit), text = capture.output(print(fit)))
numbers_of <- function(x) unlist(lapply(x, as.numeric), use.names = FALSE)
keep_anova <- function(name, x, fits)
  keep("anova", name = name, family = fits[[1]]$family$family, link = fits[[1]]$family$link,
       response = deparsed(formula(fits[[1]])[[2]]), formulas = vapply(fits, function(f) deparsed(formula(f)), ""),
       x = numbers_of(x), columns = names(x), rows = row.names(x), text = capture.output(print(x)))
keep_scope <- function(name, what, x, fit, scale = 0)
  keep("scope", name = name, deletions = what == "deletions", formula = deparse(formula(fit)), scale = scale,
       x = numbers_of(x), columns = names(x), rows = row.names(x), text = capture.output(print(x)))
keep_matrix <- function(name, x)
  keep("matrix", name = name, x = c(x), columns = colnames(x), rows = rownames(x), text = capture.output(print(x)))
keep_vector <- function(name, x)
  keep("vector", name = name, x = x, names = names(x), text = capture.output(print(x)))
keep_loglik <- function(name, fit) {
  l <- logLik(fit)
  keep("loglik", name = name, x = as.numeric(l), df = attr(l, "df"), text = capture.output(print(l)))
}

mtcars$gear <- factor(mtcars$gear); mtcars$cyl <- factor(mtcars$cyl)
air <- airquality; air$Month <- factor(air$Month)
esoph$n <- if (is.null(esoph$ncontrols)) 1 else esoph$ncontrols
warp <- warpbreaks
ins <- InsectSprays
infert$education <- factor(infert$education)
long <- setNames(data.frame(mtcars$mpg, mtcars$wt, mtcars$hp),
                 c("miles_per_gallon_of_petrol", "weight_of_the_whole_car_in_tons", "gross_horse_power"))
long$transmission_kind <- factor(mtcars$am, labels = c("automatic_gearbox", "manual_gearbox_with_clutch"))
wide <- as.data.frame(matrix(rnorm(60 * 24), 60)); wide$y <- rbinom(60, 1, 0.5) + rpois(60, 3)
saturated <- data.frame(y = c(3, 5, 2), f = factor(1:3))
separated <- data.frame(y = rep(0:1, each = 10), x = c(1:10, 12:21))
aliased <- transform(mtcars, wt2 = 2 * wt, both = wt + hp)
scaled <- transform(mtcars, big = hp * 1e9, small = wt * 1e-9)
levelled <- data.frame(y = rpois(40, 4), `größe` = factor(rep(c("klein", "日本", "é à", "a\\b"), 10)),
                       check.names = FALSE)

fits <- list(
  logit = glm(am ~ wt, binomial, mtcars), logit2 = glm(am ~ wt + hp, binomial, mtcars),
  probit = glm(am ~ mpg * wt, binomial("probit"), mtcars), cloglog = glm(vs ~ mpg, binomial("cloglog"), mtcars),
  cauchit = glm(am ~ wt, binomial("cauchit"), mtcars),
  grouped = glm(cbind(ncases, n) ~ agegp + alcgp, binomial, esoph),
  infert = glm(case ~ spontaneous + induced + education, binomial, infert),
  poisson = glm(count ~ spray, poisson, ins), breaks = glm(breaks ~ wool * tension, poisson, warp),
  sqrt = glm(count ~ spray, poisson("sqrt"), ins), quasi = glm(breaks ~ wool + tension, quasipoisson, warp),
  quasibinomial = glm(cbind(ncases, n) ~ agegp, quasibinomial, esoph),
  gaussian = glm(mpg ~ wt + cyl, gaussian, mtcars), log_gaussian = glm(mpg ~ wt, gaussian("log"), mtcars),
  Gamma = glm(mpg ~ wt + hp, Gamma, mtcars), Gamma_log = glm(Volume ~ log(Girth) + log(Height), Gamma("log"), trees),
  inverse = glm(mpg ~ hp, inverse.gaussian("log"), mtcars),
  quasi_power = glm(mpg ~ wt, quasi(link = "log", variance = "mu^2"), mtcars),
  one = glm(am ~ 1, binomial, mtcars), one_gaussian = glm(mpg ~ 1, gaussian, mtcars),
  origin = glm(mpg ~ 0 + wt, gaussian, mtcars), empty = glm(am ~ 0, binomial, mtcars),
  empty_gaussian = glm(mpg ~ 0, gaussian, mtcars),
  missing = glm(Ozone ~ Solar.R + Wind + Temp, gaussian, air), one_missing = glm(mpg ~ wt, gaussian,
    transform(mtcars, wt = replace(wt, 3, NA))),
  excluded = glm(Ozone ~ Wind + Month, poisson, transform(air, Ozone = round(Ozone)), na.action = na.exclude),
  aliased = glm(mpg ~ wt + wt2 + hp + both, gaussian, aliased),
  one_aliased = glm(am ~ wt + wt2, binomial, aliased), polynomial = glm(mpg ~ poly(wt, 3) + I(hp^2), gaussian, mtcars),
  interactions = glm(miles_per_gallon_of_petrol ~ weight_of_the_whole_car_in_tons * transmission_kind *
    gross_horse_power, gaussian, long),
  ordered = glm(cbind(ncases, n) ~ agegp + tobgp * alcgp, binomial, esoph), wide = glm(y ~ ., poisson, wide),
  saturated = glm(y ~ f, gaussian, saturated), saturated_poisson = glm(y ~ f, poisson, saturated),
  separated = glm(y ~ x, binomial, separated), scaled = glm(mpg ~ big + small, gaussian, scaled),
  perfect = glm(y ~ x, gaussian, data.frame(x = 1:6, y = 2 * (1:6) + 1)),
  weighted = glm(mpg ~ wt, gaussian, mtcars, weights = hp), offset = glm(count ~ spray + offset(log(rep(2, 72))),
    poisson, ins), levels = glm(y ~ größe, poisson, levelled), chick = glm(weight ~ Time * Diet, Gamma("log"), ChickWeight),
  huge = glm(I(mpg * 1e8) ~ wt, gaussian, mtcars), tiny = glm(I(mpg * 1e-8) ~ wt, gaussian, mtcars),
  titanic = glm(Freq ~ Class + Sex + Age + Survived, poisson, as.data.frame(Titanic)),
  not_converged = glm(am ~ wt, binomial, mtcars, control = list(maxit = 2)))

for (name in names(fits)) {
  keep_summary(name, fits[[name]])
  keep_print(name, fits[[name]])
  if (length(coef(fits[[name]]))) keep_vector(name, coef(fits[[name]]))
  keep_loglik(name, fits[[name]])
}
for (name in c("logit", "probit", "aliased", "interactions", "wide", "one", "quasi", "polynomial", "chick", "levels"))
  keep_summary(paste(name, "correlation"), fits[[name]], correlation = TRUE)
for (name in c("gaussian", "quasi", "poisson")) keep_summary(paste(name, "dispersion"), fits[[name]], dispersion = 2.5)

for (name in c("logit2", "probit", "grouped", "infert", "poisson", "breaks", "quasi", "gaussian", "Gamma", "missing",
               "aliased", "interactions", "wide", "offset", "one", "titanic", "chick", "scaled", "saturated",
               "saturated_poisson", "perfect", "levels", "huge", "tiny"))
  keep_anova(name, anova(fits[[name]]), fits[name])
for (test in c("Chisq", "LRT", "F", "Rao", "Cp")) {
  for (name in c("breaks", "Gamma", "infert", "quasi", "gaussian", "missing"))
    keep_anova(paste(name, test), anova(fits[[name]], test = test), fits[name])
  nested <- list(update(fits$breaks, . ~ wool), update(fits$breaks, . ~ wool + tension), fits$breaks)
  keep_anova(paste("several", test), anova(nested[[1]], nested[[2]], nested[[3]], test = test), nested)
}
keep_anova("none", anova(fits$breaks, test = FALSE), fits["breaks"])
keep_anova("two", anova(fits$logit, fits$logit2), fits[c("logit", "logit2")])
keep_anova("turned", anova(fits$logit2, fits$logit), fits[c("logit2", "logit")])
same <- list(fits$logit, update(fits$logit, . ~ I(2 * wt)))
keep_anova("no df", anova(same[[1]], same[[2]], test = "Chisq"), same)
steps <- lapply(1:11, function(k) update(fits$wide, as.formula(paste("y ~", paste0("V", 1:k, collapse = " + ")))))
keep_anova("eleven", do.call(anova, c(steps, test = "Chisq")), steps)

for (test in c("none", "Chisq", "F", "Rao")) for (name in c("breaks", "Gamma", "infert", "gaussian", "quasi", "missing"))
  keep_scope(paste(name, test), "deletions", drop1(fits[[name]], test = test), fits[[name]])
keep_scope("scale", "deletions", drop1(fits$gaussian, scale = 6.5, test = "Chisq"), fits$gaussian, 6.5)
keep_scope("long", "deletions", drop1(fits$interactions, test = "F"), fits$interactions)
for (test in c("none", "Chisq", "Rao")) {
  keep_scope(paste("logit", test), "additions", add1(fits$logit, ~ . + hp + mpg + cyl, test = test), fits$logit)
  keep_scope(paste("Gamma", test), "additions", add1(fits$Gamma, ~ . + cyl + gear, test = test), fits$Gamma)
}
for (name in setdiff(names(fits), c("empty", "empty_gaussian"))) {
  keep_matrix(paste(name, "wald"), confint.default(fits[[name]]))
  if (name %in% c("logit", "infert", "poisson", "Gamma", "chick", "interactions", "wide", "scaled", "aliased"))
    keep_matrix(paste(name, "vcov"), vcov(fits[[name]]))
}
keep_matrix("profile", confint(fits$infert))
keep_matrix("odds", exp(cbind(OR = coef(fits$infert), confint.default(fits$infert))))
keep_matrix("0.999", confint.default(fits$poisson, level = 0.999))

out <- file("printing.json", "w", encoding = "UTF-8")
writeLines(c("{\"version\": ", quoted(R.version.string), ", \"cases\": ["), out, sep = "")
writeLines(paste0(cases, c(rep(",", length(cases) - 1), "")), out, useBytes = TRUE)
writeLines("]}", out)
close(out)
cat(length(cases), "cases\n")
