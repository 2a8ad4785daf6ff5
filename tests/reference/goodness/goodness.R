# Quantile residuals, tests of overdispersion and fit, pseudo R^2 of cases.json -> goodness.json
# usage (in ../models, after models.R): Rscript ../goodness/goodness.R      R 4.2.2; AER, statmod, pscl
options(warn = 1, digits = 22, width = 80, useFancyQuotes = TRUE)
source("common.R")
suppressPackageStartupMessages({library(AER); library(pscl)})
cases <- jsonlite::fromJSON("../goodness/cases.json", simplifyVector = FALSE)
ends <- function(x) { x <- unname(x); n <- length(x); c(x[1:4], x[(n - 3):n], sum(abs(x))) }
printed <- function(test) { options(digits = 7); on.exit(options(digits = 22)); paste0(paste(capture.output(print(test)), collapse = "\n"), "\n") }
tested <- function(test, name) {
  test$data.name <- name
  list(statistic = one(unname(test$statistic)), parameter = if (length(test$parameter)) one(unname(test$parameter)),
       p = one(test$p.value), estimate = if (length(test$estimate)) one(unname(test$estimate)), text = one(printed(test)))
}
# Hosmer & Lemeshow (1980) as in ResourceSelection::hoslem.test: groups by quantiles of the fitted probabilities
hoslem <- function(y, fitted, g = 10) {
  breaks <- unique(quantile(fitted, probs = seq(0, 1, 1 / g)))
  group <- cut(fitted, breaks = breaks, include.lowest = TRUE)
  observed <- rowsum(cbind(y0 = 1 - y, y1 = y), group)
  expected <- rowsum(cbind(yhat0 = 1 - fitted, yhat1 = fitted), group)
  statistic <- sum((observed - expected)^2 / expected)
  structure(list(statistic = c("X-squared" = statistic), parameter = c(df = g - 2), p.value = pchisq(statistic, g - 2, lower.tail = FALSE),
                 method = "Hosmer and Lemeshow goodness of fit (GOF) test", data.name = "", observed = observed, expected = expected), class = "htest")
}
pearson <- function(fit, alternative = "greater") {
  x <- sum(residuals(fit, "pearson")^2, na.rm = TRUE); df <- fit$df.residual
  p <- switch(alternative, greater = pchisq(x, df, lower.tail = FALSE), less = pchisq(x, df),
              two.sided = 2 * min(pchisq(x, df), pchisq(x, df, lower.tail = FALSE)))
  structure(list(statistic = c("X-squared" = x), parameter = c(df = df), p.value = p, estimate = c(dispersion = x / df),
                 null.value = c(dispersion = 1), alternative = alternative, method = "Pearson test of dispersion", data.name = ""), class = "htest")
}
answers <- list()
for (m in cases) {
  d <- load_data(m$data)
  fit <- suppressWarnings(eval(call_of(m)))
  name <- paste(deparse(formula(fit), 500), collapse = ""); r <- list(n = one(nobs(fit)))
  family <- fit$family$family; phi <- summary(fit)$dispersion; y <- fit$y; mu <- fit$fitted.values; w <- fit$prior.weights
  r$quantile <- switch(sub("\\(.*", "", family), gaussian = , Gamma = , inverse.gaussian = list(exact = ends(statmod::qresiduals(fit, dispersion = phi))),
    binomial = list(lower = ends(pbinom(w * y - 1, w, mu)), upper = ends(pbinom(w * y, w, mu))),
    poisson = list(lower = ends(ppois(y - 1, mu)), upper = ends(ppois(y, mu))),
    "Negative Binomial" = list(lower = ends(pnbinom(y - 1, 1.3, mu = mu)), upper = ends(pnbinom(y, 1.3, mu = mu))))
  if (family %in% c("poisson", "binomial")) for (a in c("greater", "less", "two.sided")) r$pearson[[a]] <- tested(pearson(fit, a), name)
  if (family == "poisson") {
    plain <- fit; if (!is.null(fit$na.action)) class(plain$na.action) <- "omit"       # AER takes the padded fitted values: NA
    for (a in c("greater", "less", "two.sided")) {
      r$cameron_trivedi[[paste("none", a)]] <- tested(dispersiontest(plain, alternative = a), name)
      for (k in 1:2) r$cameron_trivedi[[paste(k, a)]] <- tested(dispersiontest(plain, trafo = k, alternative = a), name)
      r$cameron_trivedi[[paste("root", a)]] <- tested(dispersiontest(plain, trafo = function(x) sqrt(x), alternative = a), name)
    }
  }
  if (family == "binomial" && all(w == 1)) for (g in c(4, 10)) {
    h <- hoslem(y, mu, g); r$hosmer_lemeshow[[as.character(g)]] <- c(tested(h, name), list(observed = h$observed, expected = h$expected, groups = rownames(h$observed)))
  }
  null <- if (m$id == "poisson-offset") update(fit, . ~ 1 + offset(log(Holders))) else if (is.null(fit$na.action)) update(fit, . ~ 1) else
    update(fit, . ~ 1, data = d[names(mu), ], subset = NULL)
  r$deviance_r2 <- one(1 - fit$deviance / fit$null.deviance)
  r$pseudo <- as.list(pscl:::pR2Work(as.numeric(logLik(fit)), as.numeric(logLik(null)), nobs(fit)))
  r$pseudo <- lapply(r$pseudo, one)
  if (m$id != "poisson-offset" && is.null(fit$na.action) && is.null(m$weights) && !grepl("cbind", m$formula)) { p <- capture.output(pr <- pR2(fit)); r$pscl <- lapply(as.list(pr), one) }
  answers[[m$id]] <- r
}
writeLines(c(paste0('{"version": ', json(one(paste0(R.version.string, ", AER ", packageVersion("AER"), ", statmod ", packageVersion("statmod"), ", pscl ", packageVersion("pscl")))), ', "models": {'),
  paste0("\n", json_text(names(answers)), ": ", vapply(answers, json, ""), collapse = ","), "}}"), file.path("..", "goodness", "goodness.json"))
cat(length(answers), "models\n")
