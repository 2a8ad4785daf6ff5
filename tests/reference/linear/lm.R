# R's lm(): numbers of lm, car, sandwich, lmtest and broom -> lm_4.2.json (R 4.2.2); printed texts -> lm_4.6.json (R >= 4.6,
# base packages are enough). usage (in this directory): LC_ALL=C.UTF-8 Rscript lm.R numbers && gzip -n9 lm_4.2.json; Rscript lm.R
# (where there are no arguments, texts are made). Names of rows are R's, factors as in R's data sets.
data <- NULL
options(width = 80, digits = 7, useFancyQuotes = TRUE, warn = 0)
text_of <- function(s) {
  for (pair in list(c("\\", "\\\\"), c("\"", "\\\""), c("\n", "\\n"), c("\t", "\\t"))) s <- gsub(pair[1], pair[2], s, fixed = TRUE)
  paste0("\"", s, "\"")
}
json <- function(x) {
  if (is.null(x)) return("null")
  if (is.list(x) && !is.null(names(x))) return(paste0("{", paste0(text_of(names(x)), ": ", vapply(x, json, ""), collapse = ", "), "}"))
  if (is.list(x)) return(paste0("[", paste0(vapply(x, json, ""), collapse = ", "), "]"))
  if (is.logical(x)) x <- as.integer(x)
  if (is.numeric(x)) return(paste0("[", paste0(ifelse(is.na(x), "null", ifelse(is.infinite(x), ifelse(x > 0, "\"Inf\"", "\"-Inf\""), sprintf("%.17g", x))), collapse = ", "), "]"))
  if (length(x) == 1) text_of(x) else paste0("[", paste0(text_of(x), collapse = ", "), "]")
}
m <- function(id, data, formula, ...) list(id = id, data = data, formula = formula, ...)
models <- list(
  m("cars", "cars", "dist ~ speed"), m("cars origin", "cars", "dist ~ 0 + speed"), m("cars poly", "cars", "dist ~ poly(speed, 3)"),
  m("mtcars", "mtcars", "mpg ~ wt + hp + factor(cyl)"), m("mtcars weights", "mtcars", "mpg ~ wt + qsec", weights = "hp"),
  m("mtcars interaction", "mtcars", "mpg ~ wt * hp + factor(gear)"), m("mtcars aliased", "mtcars", "mpg ~ wt + I(2 * wt) + hp"),
  m("mtcars aliased factor", "mtcars", "mpg ~ factor(cyl) * factor(gear)"), m("mtcars log", "mtcars", "log(mpg) ~ log(wt) + log(hp)"),
  m("mtcars subset", "mtcars", "mpg ~ wt + hp", subset = "cyl > 4"), m("mtcars offset", "mtcars", "mpg ~ hp + offset(-3 * wt)"),
  m("mtcars offset weights", "mtcars", "mpg ~ hp + qsec", offset = "-2 * wt", weights = "disp"),
  m("mtcars all", "mtcars", "mpg ~ ."), m("mtcars constant", "mtcars", "mpg ~ 1"), m("mtcars means", "mtcars", "mpg ~ 0 + factor(cyl)"),
  m("air", "airquality", "Ozone ~ Wind + Temp + Solar.R"), m("air exclude", "airquality", "Ozone ~ Wind + factor(Month)", na.action = "na.exclude"),
  m("air weights", "airquality", "sqrt(Ozone) ~ Wind * Temp", weights = "Day"),
  m("warp", "warpbreaks", "breaks ~ wool * tension"), m("warp sum", "warpbreaks", "breaks ~ wool * tension", contrasts = list(wool = "contr.sum", tension = "contr.sum")),
  m("warp helmert", "warpbreaks", "log(breaks) ~ wool + tension", contrasts = list(tension = "contr.helmert")),
  m("swiss", "swiss", "Fertility ~ ."), m("swiss square", "swiss", "Fertility ~ (Agriculture + Education + Catholic)^2"),
  m("stackloss", "stackloss", "stack.loss ~ ."), m("iris", "iris", "Sepal.Length ~ Species * Petal.Length + Sepal.Width"),
  m("tooth", "ToothGrowth", "sqrt(len) ~ supp * dose + I(dose^2)"), m("npk", "npk", "yield ~ block + N * P * K"),
  m("plants", "PlantGrowth", "weight ~ group"), m("longley", "longley", "Employed ~ ."), m("women", "women", "weight ~ height + I(height^2)"),
  m("few", "BOD", "demand ~ Time"), m("few factor", "mtcars", "mpg ~ wt + hp + qsec", subset = "gear == 5"), m("saturated", "BOD", "demand ~ factor(Time)"),
  m("savings", "LifeCycleSavings", "sr ~ pop15 + pop75 + dpi + ddpi"), m("savings weights", "LifeCycleSavings", "sr ~ pop15 + ddpi", weights = "dpi"),
  m("empty", "cars", "dist ~ 0"), m("zero weights", "mtcars", "mpg ~ wt + hp", weights = "ifelse(gear == 5, 0, 1 + am)"),
  m("ordered", "infert", "age ~ education + parity"), m("sprays", "InsectSprays", "sqrt(count) ~ spray"), m("trees", "trees", "log(Volume) ~ log(Girth) + log(Height)")
)
names(models) <- vapply(models, function(x) x$id, "")
call_of <- function(x) {
  parts <- list(quote(lm), formula = str2lang(x$formula), data = quote(data))
  for (name in c("subset", "weights", "offset")) if (!is.null(x[[name]])) parts[[name]] <- str2lang(x[[name]])
  if (!is.null(x$na.action)) parts$na.action <- as.name(x$na.action)
  if (!is.null(x$contrasts)) parts$contrasts <- as.call(c(quote(list), x$contrasts))
  as.call(parts)
}
fit_of <- function(id) { x <- models[[id]]; data <<- get(x$data); fit <- eval(call_of(x)); fit$call$na.action <- NULL; fit }
said <- function(expr) {
  warned <- character()
  value <- withCallingHandlers(tryCatch(expr, error = function(e) list(error = conditionMessage(e))), warning = function(w) { warned <<- c(warned, conditionMessage(w)); invokeRestart("muffleWarning") })
  list(value = value, warned = warned)
}
new_rows <- function(d) { n <- nrow(d); d[c(1, n %/% 3 + 1, (2 * n) %/% 3 + 1, n), , drop = FALSE] }
columns <- function(a) c(list(rows = as.list(rownames(a))), lapply(as.list(as.data.frame(unclass(a), optional = TRUE)), as.numeric))
tidied <- function(a) lapply(as.list(a), function(v) if (is.numeric(v)) as.numeric(v) else as.list(as.character(v)))

numbers <- function(id) {
  fit <- fit_of(id); s <- suppressWarnings(summary(fit)); x <- models[[id]]; p <- fit$rank; proper <- p > 0 && fit$df.residual > 0
  out <- list(model = x, coef = as.numeric(coef(fit)), names = as.list(names(coef(fit))), se = as.numeric(s$coefficients[, 2]), t = as.numeric(s$coefficients[, 3]), p = as.numeric(s$coefficients[, 4]),
    sigma = s$sigma, r2 = s$r.squared, adj = s$adj.r.squared, f = if (!is.null(s$fstatistic)) as.numeric(s$fstatistic), rss = deviance(fit), df = fit$df.residual,
    quantiles = as.numeric(quantile(s$residuals)), loglik = as.numeric(logLik(fit)), ll_df = attr(logLik(fit), "df"), ll_nobs = attr(logLik(fit), "nobs"), aic = AIC(fit), bic = BIC(fit), nobs = nobs(fit), extract = extractAIC(fit),
    fitted = as.numeric(fitted(fit)), raw = as.numeric(residuals(fit)), pearson = as.numeric(residuals(fit, "pearson")))
  if (p > 0) out$confint <- as.numeric(confint(fit)); if (p > 0) out$confint90 <- as.numeric(confint(fit, level = 0.9))
  out$anova <- suppressWarnings(columns(anova(fit)))
  if (!proper) return(out)
  out$vcov <- as.numeric(vcov(fit, complete = FALSE))
  if (id != "zero weights") for (type in c("HC0", "HC1", "HC2", "HC3", "HC4")) out[[type]] <- as.numeric(sandwich::vcovHC(fit, type = type))
  if (id %in% c("mtcars", "mtcars weights", "mtcars offset")) { out$CL <- as.numeric(sandwich::vcovCL(fit, cluster = ~ gear)); out$CL_HC0 <- as.numeric(sandwich::vcovCL(fit, cluster = ~ gear, type = "HC0")) 
    out$coeftest <- as.numeric(lmtest::coeftest(fit, vcov. = sandwich::vcovHC(fit, type = "HC3"))[, 4]); out$coefci <- as.numeric(lmtest::coefci(fit)) }
  for (type in c("response", "pearson", "partial")) if (id != "empty") out[[paste0("residuals_", type)]] <- as.numeric(residuals(fit, type))
  if (id != "zero weights") { out$hat <- as.numeric(hatvalues(fit)); out$cook <- as.numeric(cooks.distance(fit)); out$rstandard <- as.numeric(rstandard(fit)); out$rstudent <- as.numeric(rstudent(fit))
    out$dffits <- as.numeric(dffits(fit)); out$covratio <- as.numeric(covratio(fit)); out$dfbetas <- as.numeric(dfbetas(fit)) }
  d <- new_rows(get(x$data)); if (is.null(x$offset)) { pr <- suppressWarnings(predict(fit, d, interval = "prediction", se.fit = TRUE)); out$new_prediction <- as.numeric(pr$fit); out$new_se <- as.numeric(pr$se.fit)
    out$new_confidence <- as.numeric(suppressWarnings(predict(fit, d, interval = "confidence", level = 0.9)))
    if (!is.null(x$weights)) out$new_weighted <- as.numeric(predict(fit, d, interval = "prediction", weights = 1:4)) }
  out$own_prediction <- as.numeric(suppressWarnings(predict(fit, interval = "prediction")))
  if (length(attr(terms(fit), "term.labels")) > 0) {
    for (test in c("none", "F", "Chisq")) out[[paste0("drop1_", test)]] <- columns(suppressWarnings(drop1(fit, test = test))); out$drop1_scale <- columns(drop1(fit, scale = 2, test = "Chisq"))
    if (!any(is.na(coef(fit)))) out$Anova_III <- columns(car::Anova(fit, type = 3))
    if (id != "zero weights") out$Anova_II <- columns(suppressMessages(car::Anova(fit)))
    if (!any(is.na(coef(fit)))) { name <- names(coef(fit))[p]; out$hypothesis <- columns(car::linearHypothesis(fit, paste(name, "= 0.5"))); out$Anova_HC0 <- columns(suppressMessages(suppressWarnings(car::Anova(fit, vcov. = sandwich::vcovHC(fit, type = "HC0"))))) }
    if (id != "longley" && is.null(x$na.action) && x$data != "airquality") { chosen <- step(fit, trace = 0); out$step <- paste(deparse(formula(chosen), 500), collapse = ""); out$path <- as.numeric(chosen$anova$AIC) } }
  if (!grepl("poly", x$formula)) { out$glance <- tidied(broom::glance(fit)); out$tidy <- tidied(broom::tidy(fit, conf.int = TRUE)) 
    if (id != "zero weights" && is.null(x$offset) && is.null(x$na.action)) { a <- broom::augment(fit, se_fit = TRUE, interval = "confidence"); out$augment <- tidied(a[, grep("^[.](fitted|lower|upper|se.fit|resid|hat|sigma|cooksd|std.resid)$", names(a))]) } }
  out
}
shown <- function(value) paste0(paste(capture.output(print(value)), collapse = "\n"), "\n")
texts <- function() {
  out <- list()
  keep <- function(id, show, expr, ...) { r <- said(expr); out[[length(out) + 1]] <<- c(list(models = as.list(id), show = show), list(args = list(...)), list(text = r$value, warned = as.list(r$warned))) }
  for (id in names(models)) {
    fit <- fit_of(id); keep(id, "print", shown(fit)); keep(id, "summary", shown(summary(fit)))
    if (fit$df.residual > 0) keep(id, "anova", shown(anova(fit)))
  }
  for (id in c("mtcars", "warp sum", "mtcars aliased", "savings weights", "few")) {
    fit <- fit_of(id)
    keep(id, "summary", shown(summary(fit, correlation = TRUE)), correlation = 1); keep(id, "summary", paste0(paste(capture.output(print(summary(fit), signif.stars = FALSE)), collapse = "\n"), "\n"), signif_stars = 0)
    for (d in c(3, 6)) keep(id, "digits", paste0(paste(capture.output(print(summary(fit), digits = d)), collapse = "\n"), "\n"), digits = d)
    keep(id, "confint", shown(confint(fit))); keep(id, "confint", shown(confint(fit, level = 0.9)), level = 0.9)
  }
  for (id in c("mtcars", "mtcars interaction", "mtcars weights", "warp", "swiss", "npk", "savings", "mtcars aliased factor", "iris", "mtcars offset"))
    for (test in c("none", "F", "Chisq")) { fit <- fit_of(id); keep(id, "drop1", shown(drop1(fit, test = test)), test = test) }
  fit <- fit_of("swiss"); keep("swiss", "drop1", shown(drop1(fit, scale = 50)), scale = 50)
  fit <- fit_of("cars"); keep("cars", "add1", shown(add1(fit, ~ . + I(speed^2), test = "F")), scope = "~ . + I(speed^2)", test = "F")
  fit <- fit_of("mtcars subset"); keep("mtcars subset", "add1", shown(add1(fit, ~ . + qsec + am, test = "Chisq")), scope = "~ . + qsec + am", test = "Chisq")
  fit <- fit_of("mtcars constant"); keep("mtcars constant", "add1", shown(add1(fit, ~ wt + hp)), scope = "~ wt + hp")
  for (id in c("swiss", "mtcars interaction", "savings", "mtcars all")) { fit <- fit_of(id); keep(id, "step", paste0(paste(capture.output(chosen <- step(fit)), collapse = "\n"), "\n")); keep(id, "path", shown(chosen$anova)) }
  pairs <- list(c("mtcars constant", "mtcars", "mtcars all"), c("mtcars", "mtcars constant"), c("cars origin", "cars", "cars poly"))
  for (ids in pairs) { fits <- unname(lapply(ids, fit_of)); for (test in c("F", "Chisq", "Cp")) keep(ids, "anova", shown(do.call(anova, c(fits, test = test))), test = test)
    keep(ids, "anova", shown(do.call(anova, c(fits, scale = 4))), scale = 4) }
  d <- data.frame(x = c(1, 2, 3, 4, 6, 9, 11, 12), y = 1 + 2 * c(1, 2, 3, 4, 6, 9, 11, 12)); fit <- lm(y ~ x, d)
  for (ask in list(quote(summary(fit)), quote(anova(fit)), quote(drop1(fit)))) out[[length(out) + 1]] <- list(models = list("perfect"), show = as.character(ask[[1]]), args = list(), text = "", warned = as.list(said(eval(ask))$warned))
  for (id in c("mtcars", "savings weights")) { fit <- fit_of(id); out[[length(out) + 1]] <- list(models = list(id), show = "predict", args = list(), text = "", warned = as.list(said(predict(fit, interval = "prediction"))$warned)) 
    out[[length(out) + 1]] <- list(models = list(id), show = "predict new", args = list(), text = "", warned = as.list(said(predict(fit, new_rows(get(models[[id]]$data)), interval = "prediction"))$warned)) }
  out
}
version <- json(R.version.string)
if (length(commandArgs(TRUE))) {
  found <- lapply(names(models), numbers); names(found) <- names(models)
  packages <- vapply(c("car", "sandwich", "lmtest", "broom"), function(p) as.character(packageVersion(p)), "")
  writeLines(c(paste0("{\"version\": ", version, ", \"packages\": ", json(as.list(packages)), ", \"models\": {"), paste0(text_of(names(found)), ": ", vapply(found, json, ""), collapse = ",\n"), "}}"), "lm_4.2.json")
} else writeLines(c(paste0("{\"version\": ", version, ", \"texts\": ["), paste(vapply(texts(), json, ""), collapse = ",\n"), "]}"), "lm_4.6.json")
