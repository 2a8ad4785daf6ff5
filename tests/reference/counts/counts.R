# Models of counts side by side -> counts.json; R 4.2.2 with MASS, pscl, jsonlite. usage (in this directory): Rscript counts.R
suppressMessages({library(MASS); library(pscl); library(jsonlite)})
pearson <- function(fit) sum(residuals(fit, "pearson")^2) / df.residual(fit)
row <- function(fit, zeros) { l <- logLik(fit); c(as.numeric(l), attr(l, "df"), AIC(fit), AIC(fit, k = log(length(fitted(fit)))), pearson(fit), zeros) }
ask <- function(formula, d, w = NULL) {
  d$.w <- if (is.null(w)) rep(1, nrow(d)) else d[[w]]
  p <- glm(formula, poisson, d, weights = .w, control = list(epsilon = 1e-14)); nb <- glm.nb(formula, d, weights = .w, control = glm.control(epsilon = 1e-14, maxit = 100))
  parts <- lapply(list(zip = list(zeroinfl, "poisson"), zinb = list(zeroinfl, "negbin"), hurdle = list(hurdle, "poisson"), hurdle_nb = list(hurdle, "negbin")), function(m) {
    z <- m[[1]](formula, d, weights = .w, dist = m[[2]], reltol = 1e-15); row(z, sum(d$.w * predict(z, type = "prob")[, 1])) })
  c(list(poisson = row(p, sum(d$.w * dpois(0, fitted(p)))), negbin = row(nb, sum(d$.w * dnbinom(0, size = nb$theta, mu = fitted(nb)))),
    observed = sum(d$.w[model.response(model.frame(formula, d)) == 0]), total = sum(d$.w)), parts)
}
d <- read.csv("../models/data/PhDPublications.csv"); d$w <- rep_len(1:2, nrow(d))
writeLines(toJSON(list(version = R.version.string, articles = ask(articles ~ kids + mentor, d), weighted = ask(articles ~ mentor, d, "w")), digits = NA, auto_unbox = TRUE), "counts.json")
