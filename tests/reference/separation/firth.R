# Mean bias reduction: brglm2's AS_mean (R 4.2.2), and penalised profile limits by plain optimisation.
#   Rscript firth.R    writes firth.json beside it
suppressMessages({library(brglm2); library(jsonlite); library(MASS); library(boot)})
control <- list(type = "AS_mean", epsilon = 1e-12, maxit = 20000)
cases <- list(
  list(id = "endometrial", data = "endometrial", formula = "HG ~ NV + PI + EH", family = "binomial", link = "logit", profile = TRUE),
  list(id = "endometrial-probit", data = "endometrial", formula = "HG ~ NV + PI + EH", family = "binomial", link = "probit"),
  list(id = "endometrial-cloglog", data = "endometrial", formula = "HG ~ NV + PI + EH", family = "binomial", link = "cloglog"),
  list(id = "menarche-cauchit", data = "menarche", formula = "cbind(Menarche, Total - Menarche) ~ Age", family = "binomial", link = "cauchit"),
  list(id = "mtcars-complete", data = "mtcars", formula = "am ~ wt + hp", family = "binomial", link = "logit", profile = TRUE),
  list(id = "mtcars-aliased", data = "mtcars", formula = "vs ~ factor(cyl) + I(2 * (cyl == 6))", family = "binomial", link = "logit"),
  list(id = "birthwt", data = "birthwt", formula = "low ~ age + lwt + factor(race) + smoke + factor(ptl >= 2) + ht", family = "binomial", link = "logit"),
  list(id = "lizards", data = "lizards", formula = "cbind(grahami, opalinus) ~ height + diameter + light + time", family = "binomial", link = "logit", profile = TRUE),
  list(id = "lizards-cells", data = "lizards", formula = "cbind(grahami, opalinus) ~ height * light + diameter * time", family = "binomial", link = "probit"),
  list(id = "menarche-offset", data = "menarche", formula = "cbind(Menarche, Total - Menarche) ~ Age + offset(0.1 * Age)", family = "binomial", link = "logit"),
  list(id = "InsectSprays", data = "InsectSprays", formula = "count ~ spray", family = "poisson", link = "log", profile = TRUE),
  list(id = "InsectSprays-zero", data = "InsectSprays", formula = "I(count * (spray != 'C')) ~ spray", family = "poisson", link = "log", profile = TRUE),
  list(id = "warpbreaks-sqrt", data = "warpbreaks", formula = "breaks ~ wool * tension", family = "poisson", link = "sqrt"),
  list(id = "warpbreaks-identity", data = "warpbreaks", formula = "breaks ~ wool + tension", family = "poisson", link = "identity"),
  list(id = "insurance", data = "Insurance", formula = "Claims ~ District + Group + Age + offset(log(Holders))", family = "poisson", link = "log"),
  list(id = "clotting", data = "clotting", formula = "lot1 ~ log(u)", family = "Gamma", link = "inverse"),
  list(id = "clotting-log", data = "clotting", formula = "lot2 ~ log(u)", family = "Gamma", link = "log"),
  list(id = "trees-gamma-weights", data = "trees", formula = "Volume ~ log(Girth) + log(Height)", family = "Gamma", link = "log", weights = "Girth"),
  list(id = "trees-gaussian", data = "trees", formula = "Volume ~ Girth + Height", family = "gaussian", link = "identity"),
  list(id = "trees-gaussian-log", data = "trees", formula = "Volume ~ Girth + Height", family = "gaussian", link = "log"),
  list(id = "trees-inverse-gaussian", data = "trees", formula = "Volume ~ log(Girth) + log(Height)", family = "inverse.gaussian", link = "log"),
  list(id = "quine", data = "quine", formula = "Days ~ Eth + Sex * Age", family = "poisson", link = "log"),
  list(id = "endometrial-cauchit", data = "endometrial", formula = "HG ~ PI + EH", family = "binomial", link = "cauchit"),
  list(id = "birthwt-aliased-offset", data = "birthwt", formula = "low ~ age + I(2 * age) + ui + offset(0.01 * lwt)", family = "binomial", link = "probit"),
  list(id = "lizards-cloglog", data = "lizards", formula = "cbind(grahami, opalinus) ~ height + time", family = "binomial", link = "cloglog"),
  list(id = "mtcars-weights", data = "mtcars", formula = "am ~ wt", family = "binomial", link = "logit", weights = "carb"),
  list(id = "InsectSprays-weights", data = "InsectSprays", formula = "count ~ spray", family = "poisson", link = "log", weights = "count"),
  list(id = "quine-offset", data = "quine", formula = "Days ~ Sex + Age + I(Age == 'F0') + offset(log(Days + 1) / 10)", family = "poisson", link = "log"),
  list(id = "clotting-identity", data = "clotting", formula = "lot1 ~ log(u)", family = "Gamma", link = "log", weights = "u"),
  list(id = "trees-gamma-inverse", data = "trees", formula = "Volume ~ Girth", family = "Gamma", link = "inverse"),
  list(id = "trees-gamma-offset", data = "trees", formula = "Volume ~ Height + offset(2 * log(Girth))", family = "Gamma", link = "log"),
  list(id = "trees-inverse-gaussian-weights", data = "trees", formula = "Volume ~ log(Girth)", family = "inverse.gaussian", link = "log", weights = "Height"),
  list(id = "trees-gaussian-weights", data = "trees", formula = "Volume ~ Girth + I(3 * Girth) + Height", family = "gaussian", link = "identity", weights = "Girth"),
  list(id = "mtcars-gaussian-inverse", data = "mtcars", formula = "mpg ~ wt + hp", family = "gaussian", link = "inverse"),
  list(id = "warpbreaks-quasi-separated", data = "warpbreaks", formula = "I(breaks * (tension != 'M')) ~ wool + tension", family = "poisson", link = "log")
)
clotting <- data.frame(u = c(5, 10, 15, 20, 30, 40, 60, 80, 100), lot1 = c(118, 58, 42, 35, 27, 25, 21, 19, 18),
                       lot2 = c(69, 35, 26, 21, 18, 16, 13, 12, 12))
# -2 log-likelihood - log |X'WX| of the canonical logit or log link, a constant apart
penalised <- function(fit) {
  X <- model.matrix(fit); w <- fit$prior.weights; y <- fit$y
  binomial_ <- fit$family$family == "binomial"
  function(b) {
    eta <- drop(X %*% b) + (if (is.null(fit$offset)) 0 else fit$offset)
    if (binomial_) {
      mu <- plogis(eta)
      loss <- -2 * sum(w * (y * plogis(eta, log.p = TRUE) + (1 - y) * plogis(-eta, log.p = TRUE)))
      v <- w * mu * (1 - mu)
    } else {
      mu <- exp(eta); loss <- -2 * sum(w * (y * eta - mu)); v <- w * mu
    }
    out <- loss - as.numeric(determinant(crossprod(X * sqrt(v)))$modulus)
    if (is.finite(out)) out else 1e10
  }
}
limits <- function(fit) {
  f <- penalised(fit); top <- coef(fit); best <- f(top); se <- sqrt(diag(vcov(fit))); p <- length(top)
  inner <- function(j, v, start) {
    g <- function(rest) { b <- numeric(p); b[j] <- v; b[-j] <- rest; f(b) }
    if (p == 1) return(list(value = g(numeric(0)), par = numeric(0)))
    o <- list(par = start)
    for (k in 1:3) o <- optim(o$par, g, method = "BFGS", control = list(reltol = 1e-15, maxit = 2000, parscale = pmax(se[-j], 1e-3)))
    o
  }
  t(sapply(seq_len(p), function(j) {
    h <- function(v) inner(j, v, top[-j])$value - best - qchisq(0.95, 1)
    far <- function(sign) { k <- 2; while (h(top[j] + sign * k * se[j]) < 0) k <- 1.5 * k; top[j] + sign * k * se[j] }
    c(uniroot(h, c(far(-1), top[j]), tol = 1e-9 * se[j])$root, uniroot(h, c(top[j], far(1)), tol = 1e-9 * se[j])$root)
  }))
}
answers <- list()
for (case in cases) {
  d <- get(case$data)
  d$.w <- if (is.null(case$weights)) 1 else d[[case$weights]]
  start <- NULL
  if (case$family == "gaussian" && case$link == "log") start <- coef(lm(update(as.formula(case$formula), log(.) ~ .), d))
  if (case$link == "inverse" && case$family == "gaussian") start <- coef(lm(update(as.formula(case$formula), 1/(.) ~ .), d))
  fit <- tryCatch(suppressWarnings(glm(as.formula(case$formula), d, family = get(case$family)(case$link), weights = .w, method = brglmFit,
                              control = control, start = start)), error = function(e) { cat(case$id, conditionMessage(e), "\n"); NULL })
  if (is.null(fit)) next
  dispersed <- !(case$family %in% c("binomial", "poisson"))
  answers[[case$id]] <- c(case, list(names = names(coef(fit)), coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))),
    deviance = fit$deviance, null_deviance = fit$null.deviance, aic = fit$aic,
    dispersion = if (dispersed) unname(fit$dispersion) else 1, converged = fit$converged))
  if (isTRUE(case$profile)) answers[[case$id]]$limits <- unname(limits(fit))
  cat(case$id, fit$converged, fit$iter, "\n")
}
writeLines(toJSON(list(R = R.version.string, brglm2 = as.character(packageVersion("brglm2")), cases = answers),
                  auto_unbox = TRUE, digits = NA, na = "null"), "firth.json")
