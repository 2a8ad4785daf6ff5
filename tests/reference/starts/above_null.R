# Far offsets: R's glm() ends above the deviance of its own null model, or at means held at 2e-16. Beside what it says,
# the lowest deviances that optim() finds for the null model and the model (R 4.2.2), from many starts, with deviances
# that are exact in the tails.
#   Rscript above_null.R    writes above_null.json beside it.
suppressMessages(library(jsonlite))
set.seed(31)
tails <- list(
  cauchit = function(eta) pcauchy(c(eta, -eta), log.p = TRUE), logit = function(eta) plogis(c(eta, -eta), log.p = TRUE),
  probit = function(eta) pnorm(c(eta, -eta), log.p = TRUE),
  cloglog = function(eta) c(ifelse(eta < 30, log(-expm1(-exp(eta))), 0), -exp(eta))
)
deviance_of <- function(family, link) function(y, eta) {
  if (family == "gaussian") return(sum((y - if (link == "inverse") 1 / eta else exp(eta))^2))
  both <- matrix(tails[[link]](eta), ncol = 2)
  -2 * sum(ifelse(y == 1, both[, 1], both[, 2]))
}
searched <- function(X, y, o, dev) {
  f <- function(b) { out <- dev(y, drop(X %*% b) + o); if (is.finite(out)) out else 1e300 }
  found <- lapply(unique(c(0, mean(o), -o, -o + 0.5, -o - 0.5)), function(level) {
    b <- c(level, rep(0, ncol(X) - 1))
    for (k in 1:6) b <- optim(b, f, method = if (ncol(X) == 1 && k > 1) "BFGS" else "Nelder-Mead",
                              control = list(reltol = 1e-14, maxit = 4000), hessian = FALSE)$par
    list(value = f(b), par = b)
  })
  found[[which.min(sapply(found, `[[`, "value"))]]
}
one <- function(family, link, n, size) {
  data <- data.frame(x = round(rnorm(n), 3), o = round(size * rnorm(n), 2))
  data$y <- if (family == "gaussian") round(rnorm(n, 3), 3) else rbinom(n, 1, 0.4)
  said <- character()
  m <- withCallingHandlers(
    tryCatch(glm(y ~ x + offset(o), get(family)(link), data), error = function(e) { said <<- conditionMessage(e); NULL }),
    warning = function(w) { said <<- c(said, conditionMessage(w)); invokeRestart("muffleWarning") })
  dev <- deviance_of(family, link)
  null <- searched(matrix(1, n, 1), data$y, data$o, dev)
  full <- searched(cbind(1, data$x), data$y, data$o, dev)
  list(family = family, link = link, data = data, null = null$value, deviance = full$value, coef = full$par,
       glm = if (is.null(m)) NULL else list(deviance = m$deviance, null = m$null.deviance, converged = m$converged, iter = m$iter),
       said = I(unique(said)))
}
cases <- c(
  lapply(c(8, 12, 20, 30, 40, 60), function(n) one("binomial", "cauchit", n, 10 * n)),
  lapply(c(10, 20, 30), function(n) one("binomial", "logit", n, 100)),
  lapply(c(10, 20), function(n) one("binomial", "probit", n, 50)),
  lapply(c(10, 20), function(n) one("binomial", "cloglog", n, 20)),
  lapply(c(10, 20, 30, 40), function(n) one("gaussian", "inverse", n, 10))
)
write_json(list(R = R.version.string, cases = cases), "above_null.json", digits = 15, auto_unbox = TRUE, pretty = FALSE, null = "null")
