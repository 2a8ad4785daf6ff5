# What car, lmtest and sandwich say of the reference models -> comparisons.json.gz
# usage, after ../models/models.R, in the directory above: LC_ALL=C.UTF-8 Rscript comparisons/comparisons.R     (R 4.2.2)
setwd("models")
options(width = 80, digits = 7, useFancyQuotes = TRUE, warn = -1)
suppressMessages({ library(car); library(lmtest); library(sandwich) })
source("common.R")
models <- readRDS("build/models.rds"); names(models) <- vapply(models, function(m) m$id, "")
fit_of <- function(id) { d <<- load_data(models[[id]]$data); suppressWarnings(eval(call_of(models[[id]]))) }
hc <- function(type) function(x, ...) vcovHC(x, type = type)
frame <- function(a) {
  if (is.null(dim(a))) return(list(rows = names(a), value = unname(a)))
  out <- lapply(as.list(as.data.frame(unclass(a), optional = TRUE, stringsAsFactors = FALSE)), as.numeric)
  c(list(rows = rownames(a)), out)
}
value <- function(expr) {
  r <- suppressMessages(caught(expr))
  if (is.null(r$error)) frame(r$value) else list(error = one(r$error))
}
tests_of <- function(fit) {
  b <- names(coef(fit))[!is.na(coef(fit))]; p <- length(b); k <- length(coef(fit))
  out <- list(II_LR = value(Anova(fit)), III_LR = value(Anova(fit, type = "III")),
    II_F = value(Anova(fit, test = "F")), II_F_deviance = value(Anova(fit, test = "F", error.estimate = "deviance")),
    III_F_dispersion = value(Anova(fit, type = 3, test = "F", error.estimate = "dispersion")),
    II_Wald = value(Anova(fit, test = "Wald")), III_Wald = value(Anova(fit, type = "III", test = "Wald")),
    II_Wald_HC1 = value(Anova(fit, test = "Wald", vcov. = hc("HC1"))),
    lr = value(lrtest(fit)), lr_term = value(lrtest(fit, 1)),
    wald = value(waldtest(fit)), wald_term = value(waldtest(fit, 1, test = "Chisq")), wald_HC0 = value(waldtest(fit, vcov = hc("HC0"))),
    coef = value(coeftest(fit)), coef_HC1 = value(coeftest(fit, vcov. = hc("HC1"), df = fit$df.residual)), vif = value(vif(fit)))
  if (p >= 2) {
    L <- matrix(0, 2, p); L[1, 1:2] <- c(2, -1); L[2, p] <- 1
    out$matrix <- value(linearHypothesis(fit, L, rhs = c(1, 0.5), singular.ok = TRUE))
    out$matrix_F <- value(linearHypothesis(fit, L, test = "F", vcov. = hc("HC0"), singular.ok = TRUE))
    out$text <- value(linearHypothesis(fit, c(paste0("2*", b[p - 1], " - ", b[p], " = 1"), paste(b[p], "= 0.5")), singular.ok = TRUE))
  }
  if (p >= 3 && p == k) {
    parameters <- paste0("b", seq_len(p))
    out$delta <- value(deltaMethod(fit, "b2 / b3", parameterNames = parameters))
    out$delta_2 <- value(deltaMethod(fit, "exp(-b1^2/100) * log(1 + b2^2) / sqrt(1 + pnorm(b3))", parameterNames = parameters, level = 0.9, rhs = 1))
    out$delta_3 <- value(deltaMethod(fit, "sin(b1) + atan(b2) - (b3 - 2)^3 * cosh(b2 / 10)", parameterNames = parameters, vcov. = hc("HC0")))
  }
  out
}
answers <- list()
for (id in names(models)[seq(1, length(models), 2)]) {
  fit <- fit_of(id)
  if (!length(coef(fit)) || length(coef(fit)) > 14 || length(fit$y) > 1500 || !length(labels(terms(fit)))) next
  answers[[id]] <- tests_of(fit)
}
unreliable <- character()
text <- function(expr) { r <- suppressMessages(caught(paste0(paste(capture.output(print(expr)), collapse = "\n"), "\n"))); one(if (is.null(r$error)) r$value else paste("error:", r$error)) }
shown <- c("classic/attrition-logit", "classic/attrition-poisson", "classic/counts-outcome", "classic/leuk", "classic/esoph-ordered", "classic/salaries",
           "poisson-log/interaction", "Gamma-log/factor", "quasipoisson-log/weights", "gaussian-identity/missing", "classic/warp-4", "binomial-logit/aliased")
texts <- list()
for (id in shown) {
  fit <- fit_of(id); b <- names(coef(fit)); p <- length(b)
  texts[[id]] <- list(
    Anova = text(Anova(fit)), Anova_F = text(Anova(fit, test = "F")), Anova_Wald = text(Anova(fit, test = "Wald")), Anova_III = text(Anova(fit, type = 3)),
    Anova_III_F = text(Anova(fit, type = 3, test = "F", error.estimate = "deviance")), Anova_III_Wald = text(Anova(fit, type = 3, test = "Wald")),
    Anova_F_dispersion = text(Anova(fit, test = "F", error.estimate = "dispersion")),
    lrtest = text(lrtest(fit)), lrtest_term = text(lrtest(fit, 1)), waldtest = text(waldtest(fit)), waldtest_Chisq = text(waldtest(fit, 1, test = "Chisq")),
    coeftest = text(coeftest(fit)), coeftest_t = text(coeftest(fit, vcov. = hc("HC1"), df = fit$df.residual)), vif = text(vif(fit)),
    hypothesis = text(linearHypothesis(fit, paste(b[2], "= 0"))), hypothesis_F = text(linearHypothesis(fit, paste0(b[1], " + 2*", b[2], " = 3"), test = "F", vcov. = hc("HC0"))),
    delta = text(deltaMethod(fit, "b1^2 / b2", parameterNames = paste0("b", seq_len(p)))), delta_rhs = text(deltaMethod(fit, "exp(b2)", parameterNames = paste0("b", seq_len(p)), rhs = 1)))
}
# restrictions and how car writes them: b (Intercept), x1, x2, x1:x2, fB
set.seed(1)
d <- data.frame(x1 = rnorm(30), x2 = rnorm(30), f = gl(3, 10, labels = c("A", "B", "C 1")), y = rpois(30, 3))
made <- glm(y ~ x1 * x2 + f, poisson, data = d)
restrictions <- list("x1 = 0", "x1", "x1 = x2", "x1 - x2", "2*x1 + x2 = 1", "x1 = 2", "-x1 = 3", "x1 + x2 + fB = 0", "x1 - 3*x2 = -1.5", "(Intercept) = 1", "(Intercept) + x1 = 0",
  "x1:x2 = 0", "x1:x2 + x1 = 0.25", "0.5*x1 = 1", "-2 x1 - 3.25 x2 = 1e-3", "fB = fC 1", "1 = x1", "x1 + 1 = x2 + 3", "2*x1 = 2*x2", "x1 = -x2", "-1.5*fB - x1 = 0", "x1 + x1 = 1",
  "10*x1 = 0", "1.5 x2 = fB", "x1 = 1.123456789", "11*x2 - 1*x1 = 0", "-x1 - x2 = -(Intercept)", "100000*x1 = 1", "1234567.5*x1 - 0.0001*x2 = 100000",
  c("x1 = 0", "x2 = 0"), c("x1 = x2", "fB = 1", "fC 1 = 2*fB"), c("x1:x2 = 0", "(Intercept) = 0"))
written <- lapply(restrictions, function(h) { r <- suppressMessages(caught(linearHypothesis(made, h)))
  if (!is.null(r$error)) list(restriction = h, error = one(r$error)) else
    list(restriction = h, heading = attr(r$value, "heading"), chisq = one(r$value$Chisq[2]), value = as.vector(attr(r$value, "value"))) })
matrices <- list(c(0, 1, 0, 0, 0, 0), c(0, -1, 0, 0, 0, 0), c(1, -1, 2.5, 0, 0, -3), c(0, 1/3, 0, 0, 0, 0), c(-1, 0, 0, 0, 0, 1e-7), c(0, 0, 1e5, -12, 0, 0))
of_rows <- lapply(matrices, function(L) { a <- linearHypothesis(made, L, rhs = 0.1); list(L = L, heading = attr(a, "heading"), chisq = one(a$Chisq[2])) })
bigger <- glm(y ~ x1 * x2 * f, poisson, data = d)
more <- list(
  error = text(Anova(made, test = "F", error = bigger)), error_III = text(Anova(made, type = 3, test = "F", error = bigger, error.estimate = "deviance")),
  several_lr = text(lrtest(bigger, made, . ~ . - f, "x2", 1)), several_wald = text(waldtest(bigger, made, . ~ . - f - x1:x2, test = "Chisq")), up = text(waldtest(made, bigger)),
  up_lr = text(lrtest(made, bigger)), matrix = text(linearHypothesis(made, rbind(c(0, 1, -1, 0, 0, 0), c(0, 0, 0, 0, 1, 2)), rhs = c(0, 1), test = "F")),
  delta = text(deltaMethod(made, "(Intercept) / x1")), delta_pi = text(deltaMethod(made, "pi * exp(x1) - 1e-3", level = 0.99)), vif_terms = text(vif(glm(y ~ x1 + x2 + f, poisson, data = d))),
  vif_plain = text(vif(glm(y ~ x1 + x2, poisson, data = d))), null_wald = text(Anova(glm(y ~ 1, poisson, data = d), test = "Wald")))
gappy <- d; gappy$x2[3:5] <- NA
less <- glm(y ~ x1 + x2, poisson, data = gappy)
more$rows_lr <- text(lrtest(less, "x2")); more$rows_wald <- text(waldtest(less, . ~ . - x2))
out <- gzfile("../comparisons/comparisons.json.gz", "w", compression = 9)
version <- lapply(c(R = as.character(getRversion()), vapply(c("car", "lmtest", "sandwich"), function(p) as.character(packageVersion(p)), "")), one)
block <- function(name, x) paste0('"', name, '": {', paste0(json_text(names(x)), ": ", vapply(x, json, ""), collapse = ",\n"), "}")
writeLines(paste0('{"version": ', json(version), ",\n", block("models", answers), ",\n", block("texts", texts), ",\n", block("more", more),
  ',\n"data": ', json(lapply(as.list(d), function(v) if (is.factor(v)) as.character(v) else v)), ',\n"written": [', paste(vapply(written, json, ""), collapse = ",\n"),
  '],\n"matrices": [', paste(vapply(of_rows, json, ""), collapse = ",\n"), "]}"), out)
close(out)
cat(length(answers), "models,", sum(lengths(texts)), "texts\n")
