# Rscript engine.R   writes engine.json.gz: glm.fit's answers on matrices, for tests/engine
suppressPackageStartupMessages({library(jsonlite); library(MASS)})

out <- list()
num <- function(v) if (is.null(v)) NULL else ifelse(is.finite(v), v, NA)

problem <- function(name, X, y, family, weights = NULL, offset = NULL, start = NULL, etastart = NULL,
                    mustart = NULL, epsilon = 1e-8, maxit = 25, intercept = TRUE) {
  f <- eval(parse(text = family))
  n <- length(y)
  warned <- character()
  control <- glm.control(epsilon = epsilon, maxit = maxit)
  w <- if (is.null(weights)) rep(1, n) else weights
  o <- if (is.null(offset)) rep(0, n) else offset
  fit <- tryCatch(withCallingHandlers({
    fit <- glm.fit(X, y, w, start = start, etastart = etastart, mustart = mustart, offset = o, family = f,
                   control = control, intercept = intercept)
    if (!is.null(offset) && intercept && ncol(X) > 0)
      fit$null.deviance <- suppressWarnings(glm.fit(X[, 1, drop = FALSE], y, w, offset = o, family = f,
        control = control, mustart = fit$fitted.values, intercept = TRUE)$deviance)
    fit
  }, warning = function(m) {
    if (!grepl("non-integer|NaNs produced", conditionMessage(m))) warned <<- c(warned, conditionMessage(m)); invokeRestart("muffleWarning")
  }), error = function(e) conditionMessage(e))
  one <- list(name = name, family = family, X = unname(X), p = ncol(X), y = I(y), weights = weights,
              offset = offset, start = start, etastart = etastart, mustart = mustart, epsilon = epsilon,
              maxit = maxit, intercept = intercept, warnings = I(warned))
  if (is.character(fit)) one$error <- fit else {
    r <- fit$rank
    cov <- if (r > 0) chol2inv(fit$qr$qr[seq_len(r), seq_len(r), drop = FALSE]) else matrix(0, 0, 0)
    mu <- fit$fitted.values; V <- f$variance(mu)
    one$fit <- list(coefficients = I(num(unname(coef(fit)))), cov_unscaled = unname(cov),
      pivot = I(if (r > 0) fit$qr$pivot else integer()), rank = r, deviance = num(fit$deviance),
      null_deviance = num(fit$null.deviance), minus2_loglik = num(fit$aic - 2 * r), iter = fit$iter,
      converged = fit$converged, boundary = fit$boundary, df_residual = fit$df.residual,
      pearson = num(sum((fit$weights * fit$residuals^2)[fit$weights > 0])), weights = I(num(unname(fit$weights))),
      linear_predictors = I(num(unname(fit$linear.predictors))))
  }
  out[[length(out) + 1]] <<- one
}

both <- function(name, ..., epsilon) for (e in c(1e-8, 1e-14)) problem(paste(name, e), ..., epsilon = e)

## every family and link
set.seed(20)
n <- 48
x1 <- round(runif(n), 3); x2 <- round(runif(n, -1, 1), 3); g <- rep(0:1, length.out = n)
X <- cbind(1, x1, x2, g)
aliased <- cbind(1, x1, g, x1 - 2 * g, x2)
prior <- c(0, 0, rep_len(c(1, 2, 0.5, 3), n - 2))
off <- round(runif(n, -0.1, 0.1), 3)
lin <- 0.4 * x1 + 0.2 * x2 + 0.1 * g
draws <- list(
  'gaussian("identity")' = round(1 + lin + rnorm(n), 3),
  'gaussian("log")' = round(exp(1 + lin) + rnorm(n, sd = .3), 3),
  'gaussian("inverse")' = round(1 / (1 + lin) + rnorm(n, sd = .02), 3),
  'binomial("logit")' = rbinom(n, 1, plogis(lin)),
  'binomial("probit")' = rbinom(n, 1, pnorm(lin)),
  'binomial("cauchit")' = rbinom(n, 1, pcauchy(lin)),
  'binomial("cloglog")' = rbinom(n, 1, 1 - exp(-exp(lin - .5))),
  'binomial("log")' = rbinom(n, 1, exp(-1.6 + .3 * lin)),
  'poisson("log")' = rpois(n, exp(1 + lin)),
  'poisson("identity")' = rpois(n, 6 + 4 * lin),
  'poisson("sqrt")' = rpois(n, (2 + lin)^2),
  'Gamma("inverse")' = round(rgamma(n, 5) / 5 / (1 + lin), 4),
  'Gamma("identity")' = round(rgamma(n, 9) / 9 * (3 + lin), 4),
  'Gamma("log")' = round(rgamma(n, 5) / 5 * exp(lin), 4),
  'inverse.gaussian("1/mu^2")' = round(rgamma(n, 9) / 9 / sqrt(1 + lin), 4),
  'inverse.gaussian("inverse")' = round(rgamma(n, 9) / 9 / (1 + lin), 4),
  'inverse.gaussian("identity")' = round(rgamma(n, 9) / 9 * (3 + lin), 4),
  'inverse.gaussian("log")' = round(rgamma(n, 9) / 9 * exp(lin), 4),
  'quasibinomial("logit")' = round(plogis(lin + rnorm(n, sd = .5)), 3),
  'quasipoisson("log")' = round(exp(lin + rnorm(n, sd = .5)), 3),
  'quasi("log", "mu^2")' = round(exp(lin + rnorm(n, sd = .5)), 3),
  'negative.binomial(2, "log")' = rnbinom(n, 2, mu = exp(1 + lin)),
  'negative.binomial(2, "sqrt")' = rnbinom(n, 2, mu = (2 + lin)^2)
)
for (f in names(draws)) {
  y <- draws[[f]]
  both(paste(f, "plain"), X, y, f)
  both(paste(f, "weights"), X, y, f, weights = prior)
  both(paste(f, "offset"), X, y, f, offset = off)
  problem(paste(f, "aliased"), aliased, y, f)
  if (!grepl("binomial\\(\"log\"", f)) problem(paste(f, "no intercept"), X[, -1], y, f, intercept = FALSE)
}
## trials
size <- rep_len(c(1, 5, 12), n)
success <- rbinom(n, size, plogis(lin))
for (l in c("logit", "probit", "cloglog", "cauchit"))
  both(paste("trials", l), X, success / size, sprintf('binomial("%s")', l), weights = size)

## rank
yg <- draws[['gaussian("identity")']]; yb <- draws[['binomial("logit")']]
set.seed(3)
noise <- round(rnorm(n), 3)
for (s in c(1e-5, 1e-7, 1e-9, 1e-10, 1e-12)) {
  near <- cbind(1, x1, x1 + s * noise, x2)
  problem(paste("near", s, "gaussian"), near, yg, 'gaussian("identity")')
  problem(paste("near", s, "binomial"), near, yb, 'binomial("logit")')
}
problem("zero column", cbind(1, 0, x1, 0), yb, 'binomial("logit")')
problem("zero column first", cbind(0, 1, x1), yb, 'binomial("logit")', intercept = FALSE)
problem("three aliased", cbind(1, x1, x1, 2, x2, x1 - x2, g), yg, 'gaussian("identity")')
both("scales", cbind(1, 1e8 * x1, 1e-8 * x2, 1e9 + g), yg, 'gaussian("identity")')
both("cubic in year", cbind(1, 1950 + 1:n, (1950 + 1:n)^2, (1950 + 1:n)^3), yg, 'gaussian("identity")')
set.seed(8)
for (k in 1:25) {                        # small integers: many exact dependencies
  rows <- sample(c(4, 6, 12), 1); p <- sample(3:7, 1)
  D <- matrix(sample(-1:1, rows * p, TRUE), rows); D[, 1] <- 1
  if (k %% 3 == 0) D[, p] <- D[, 2] - D[, 1]
  problem(paste("dependent", k), D, round(rnorm(rows), 3), 'gaussian("identity")')
}
problem("n < p", X[1:3, ], yg[1:3], 'gaussian("identity")')
problem("n < p poisson", X[1:3, ], c(2, 3, 1), 'poisson("log")')
problem("n = 1", X[1, 1, drop = FALSE], 2, 'poisson("log")')
problem("saturated", X[c(1, 2, 4, 7), ], c(3, 1, 4, 2), 'poisson("log")')
problem("saturated gaussian", X[c(1, 2, 4, 7), ], c(3, 1, 4, 2), 'gaussian("identity")')
L <- as.matrix(longley)
problem("longley", cbind(1, L[, -7]), L[, 7], 'gaussian("identity")')
strd <- scan("engine_filip.txt", quiet = TRUE, comment.char = "#")
fy <- strd[c(TRUE, FALSE)]; fx <- strd[c(FALSE, TRUE)]
problem("filip", outer(fx, 0:10, "^"), fy, 'gaussian("identity")')

## edges
none <- matrix(0, n, 0)
problem("empty", none, yb, 'binomial("logit")', intercept = FALSE)
problem("empty offset", none, draws[['poisson("log")']], 'poisson("log")', offset = off, intercept = FALSE)
problem("intercept only", X[, 1, drop = FALSE], yb, 'binomial("logit")')
problem("intercept only offset", X[, 1, drop = FALSE], draws[['poisson("log")']], 'poisson("log")', offset = off)
problem("constant", X, rep(3, n), 'gaussian("identity")')
problem("perfect", X, drop(X %*% c(1, 2, 3, 4)), 'gaussian("identity")')
problem("perfect poisson", cbind(1, rep(0:1, 5)), rep(c(2, 4), 5), 'poisson("log")')
problem("all zero counts", X, rep(0, n), 'poisson("log")')
problem("separated", cbind(1, x1), as.numeric(x1 > .5), 'binomial("logit")')
problem("separated weights", cbind(1, c(0, 1)), c(0, 1), 'binomial("logit")', weights = c(5, 7))
problem("maxit 1", X, yb, 'binomial("logit")', maxit = 1)
problem("maxit 2", X, yb, 'binomial("logit")', maxit = 2)
problem("start", X, yb, 'binomial("logit")', start = c(.1, -.2, .3, 0))
problem("start poisson", X, draws[['poisson("log")']], 'poisson("log")', start = c(1, 0, 0, 0), offset = off)
problem("start far", X, draws[['poisson("log")']], 'poisson("log")', start = c(8, 0, 0, 0))
problem("start maxit 1", X, yb, 'binomial("logit")', start = c(.1, -.2, .3, 0), maxit = 1)
problem("start wrong length", X, yb, 'binomial("logit")', start = 1:3)
problem("start aliased", aliased, yg, 'gaussian("identity")', start = c(1, 1, 1, 1, 1))
problem("start aliased poisson", aliased, draws[['poisson("log")']], 'poisson("log")', start = c(1, .1, .1, .1, .1))
problem("start invalid", X, draws[['Gamma("inverse")']], 'Gamma("inverse")', start = c(-1, 0, 0, 0))
problem("etastart", X, yb, 'binomial("logit")', etastart = off)
problem("etastart offset", X, draws[['poisson("log")']], 'poisson("log")', etastart = 1 + off, offset = off)
problem("mustart", X, yb, 'binomial("logit")', mustart = .5 + off)
problem("mustart Gamma", X, draws[['Gamma("inverse")']], 'Gamma("inverse")', mustart = 1 + off)
problem("all weights zero but one", X[, 1, drop = FALSE], yg, 'gaussian("identity")', weights = c(1, rep(0, n - 1)))
problem("big counts", X, round(1e9 * exp(lin)), 'poisson("log")')
problem("offset 20", X, draws[['poisson("log")']], 'poisson("log")', offset = rep(20, n))
problem("rare", cbind(1, x1), as.numeric(seq_len(n) == 5), 'binomial("cloglog")')

## step halving
set.seed(1)
ypois <- rpois(n, 1 + 8 * x1)
problem("halving identity start", cbind(1, x1), ypois, 'poisson("identity")', start = c(5, 1))
problem("halving identity", cbind(1, x1, x2), ypois, 'poisson("identity")', mustart = rep(4, n), start = NULL)
problem("halving log binomial", cbind(1, x1), rbinom(n, 1, x1^2), 'binomial("log")', start = c(-3, 1))
problem("halving log binomial 2", cbind(1, x1), as.numeric(x1 > .4), 'binomial("log")', start = c(-3, 1))
problem("gamma inverse start", cbind(1, x1), round(rgamma(n, 2) * exp(2 * x1), 3), 'Gamma("inverse")')
problem("cauchit wide", cbind(1, 20 * x2), yb, 'binomial("cauchit")')

meta <- list(R = R.version.string, MASS = as.character(packageVersion("MASS")),
             jsonlite = as.character(packageVersion("jsonlite")))
con <- gzfile("engine.json.gz"); writeLines(toJSON(list(meta = meta, problems = out), digits = I(17), auto_unbox = TRUE, null = "null", na = "null"),
           con); close(con)
cat(length(out), "problems\n")
