# Exact maximum likelihood of MASS's glm.nb models, and MASS's printed texts -> glm_nb.json, texts.json
# usage, in the directory above's models/:  LC_ALL=C.UTF-8 Rscript ../glm_nb/glm_nb.R     (R 4.2.2 with MASS, car, lmtest, sandwich, jsonlite)
suppressMessages({library(MASS); library(jsonlite); library(splines)})
options(width = 80)
source("common.R")
cases <- fromJSON("../glm_nb/cases.json", simplifyVector = FALSE)

call_nb <- function(m, ...) {
  out <- list(quote(glm.nb), formula = str2lang(m$formula), data = quote(data))
  for (name in c("weights", "subset")) if (!is.null(m[[name]])) out[[name]] <- str2lang(m[[name]])
  if (!is.null(m$contrasts)) out$contrasts <- as.call(c(quote(list), m$contrasts))
  if (!is.null(m$link)) out$link <- as.name(m$link)
  as.call(c(out, list(...)))
}

# Newton's method on (beta, log theta) from MASS's answer, with the observed information
polished <- function(fit) {
  X <- model.matrix(fit); kept <- !is.na(coef(fit)); X <- X[, kept, drop = FALSE]
  y <- model.response(model.frame(fit)); w <- weights(fit, "prior"); o <- fit$offset; if (is.null(o)) o <- 0 * y
  link <- make.link(fit$family$link); p <- ncol(X)
  second <- switch(fit$family$link, log = exp, sqrt = function(eta) rep(2, length(eta)), identity = function(eta) 0 * eta)
  parts <- function(par) {
    eta <- drop(X %*% par[1:p]) + o; mu <- link$linkinv(eta); d1 <- link$mu.eta(eta); d2 <- second(eta); t <- exp(par[p + 1])
    dmu <- (y - mu) * t / (mu * (mu + t)); dmu2 <- -y / mu^2 + (y + t) / (mu + t)^2
    dt <- digamma(y + t) - digamma(t) + log(t / (t + mu)) + 1 - (y + t) / (mu + t)
    dt2 <- trigamma(y + t) - trigamma(t) + 1 / t - 2 / (mu + t) + (y + t) / (mu + t)^2
    dmut <- (y - mu) / (mu + t)^2
    H <- matrix(0, p + 1, p + 1)
    H[1:p, 1:p] <- crossprod(X, w * (dmu2 * d1^2 + dmu * d2) * X)
    H[1:p, p + 1] <- H[p + 1, 1:p] <- t * crossprod(X, w * dmut * d1)
    H[p + 1, p + 1] <- t^2 * sum(w * dt2) + t * sum(w * dt)
    list(g = c(crossprod(X, w * dmu * d1), t * sum(w * dt)), H = H, mu = mu, d1 = d1, theta = t, info = -sum(w * dt2), ll = sum(w * dnbinom(y, t, mu = mu, log = TRUE)))
  }
  par <- c(coef(fit)[kept], log(fit$theta))
  for (k in 1:50) {
    at <- parts(par); step <- -solve(at$H, at$g); par <- par + step
    if (max(abs(step) / (abs(par) + 1e-3)) < 1e-13) break
  }
  at <- parts(par)
  W <- w * at$d1^2 / (at$mu + at$mu^2 / at$theta)
  V <- solve(crossprod(X, W * X))
  J <- diag(c(rep(1, p), at$theta)) # of log theta to theta
  joint <- J %*% solve(-at$H) %*% J
  coefs <- rep(NA_real_, length(kept)); se <- coefs; coefs[kept] <- par[1:p]; se[kept] <- sqrt(diag(V))
  list(names = I(names(coef(fit))), coef = I(coefs), se = I(se), theta = at$theta, se_theta = sqrt(1 / at$info), loglik = at$ll, nobs = nobs(fit),
       df_residual = fit$df.residual, rank = fit$rank, joint_se = sqrt(diag(joint)), joint_corner = joint[p + 1, 1], last = max(abs(step)))
}

# roots of the profile of one coefficient, theta and the others at their best: glm.nb with that column as an offset
joint_limits <- function(fit, which, best) {
  X <- model.matrix(fit); y <- model.response(model.frame(fit)); x <- X[, which]; Z <- X[, -which, drop = FALSE]
  o <- fit$offset; if (is.null(o)) o <- 0 * y
  link <- fit$family$link; se <- sqrt(diag(vcov(fit)))[which]
  # minus twice the log-likelihood at its best over the others and theta, by Newton-like optim from MASS's fit
  value <- function(b) {
    f <- function(par) -2 * sum(dnbinom(y, exp(par[length(par)]), mu = make.link(link)$linkinv(drop(Z %*% par[-length(par)]) + o + b * x), log = TRUE))
    start <- c(coef(fit)[-which], log(fit$theta))
    g <- function(par) { t <- exp(par[length(par)]); eta <- drop(Z %*% par[-length(par)]) + o + b * x; mu <- make.link(link)$linkinv(eta)
      dmu <- (y - mu) * t / (mu * (mu + t)) * make.link(link)$mu.eta(eta)
      dt <- digamma(y + t) - digamma(t) + log(t / (t + mu)) + 1 - (y + t) / (mu + t)
      -2 * c(crossprod(Z, dmu), t * sum(dt)) }
    optim(start, f, g, method = "BFGS", control = list(reltol = 1e-15, maxit = 5000))$value
  }
  z <- function(b) sqrt(max(0, value(b) - best)) - qnorm(0.975)
  b <- coef(fit)[which]
  unname(c(uniroot(z, c(b - 4 * se, b - 0.5 * se), tol = 1e-9)$root, uniroot(z, c(b + 0.5 * se, b + 4 * se), tol = 1e-9)$root))
}

quiet <- function(expr) suppressMessages(suppressWarnings(expr))
said <- function(expr) { text <- quiet(capture.output(print(expr))); paste(c(text, ""), collapse = "\n") }
without_residuals <- function(text) sub("(?s)Deviance Residuals:.*?\n\n", "", text, perl = TRUE) # R >= 4.3 prints none

answers <- list(); texts <- list()
for (id in names(cases$models)) {
  m <- cases$models[[id]]
  data <- load_data(m$data); assign("data", data, globalenv())
  fit <- tryCatch(quiet(eval(call_nb(m), globalenv())), error = function(e) { message(id, ": ", conditionMessage(e)); NULL })
  if (is.null(fit)) next
  sharp <- tryCatch(quiet(eval(call_nb(m, control = quote(glm.control(maxit = 200, epsilon = 1e-10))), globalenv())), error = function(e) { message(id, " sharp: ", conditionMessage(e)); fit })
  a <- tryCatch(polished(sharp), error = function(e) { message(id, ": ", conditionMessage(e), ", theta ", fit$theta); NULL })
  if (is.null(a)) next
  a$mass <- list(coef = I(unname(coef(fit))), theta = fit$theta, se_theta = fit$SE.theta, loglik = fit$twologlik / 2, warn = fit$th.warn,
                 deviance = fit$deviance, null_deviance = fit$null.deviance, aic = AIC(fit), bic = BIC(fit), df = attr(logLik(fit), "df"))
  answers[[id]] <- a
  texts[[id]] <- list(print = said(fit), summary = without_residuals(said(summary(fit))))
  asked <- unlist(cases$texts[[id]])
  if ("anova" %in% asked) texts[[id]]$anova <- said(anova(fit))
  if ("drop1" %in% asked) { texts[[id]]$drop1 <- said(drop1(fit)); texts[[id]]$drop1_lrt <- said(drop1(fit, test = "Chisq")) }
  if ("add1" %in% asked) texts[[id]]$add1 <- said(add1(fit, ~ .^2, test = "Chisq"))
  if ("step" %in% asked) texts[[id]]$step <- paste(c(quiet(capture.output(chosen <- step(fit))), ""), collapse = "\n")
  if ("add1" %in% asked) texts[[id]]$step_both <- paste(c(quiet(capture.output(chosen <- step(fit, ~ .^2))), ""), collapse = "\n")
  if ("Anova" %in% asked) texts[[id]]$Anova <- said(car::Anova(fit))
  if (length(asked)) {
    limits <- quiet(confint(sharp)); answers[[id]]$confint <- unname(limits)
    if (id %in% c("quine-main", "epil", "breaks-sqrt", "epil-offset"))
      answers[[id]]$joint_limits <- quiet(joint_limits(sharp, 2, -2 * a$loglik))
    answers[[id]]$hc0 <- sqrt(diag(sandwich::sandwich(sharp)))
  }
}
for (id in names(cases$pairs)) {
  m <- cases$pairs[[id]]
  data <- load_data(m$data); assign("data", data, globalenv())
  fits <- lapply(m$formulas, function(f) quiet(eval(call_nb(list(formula = f)), globalenv())))
  texts[[paste0("pair ", id)]] <- list(anova = said(do.call(anova, fits)), lrtest = said(do.call(lmtest::lrtest, fits)))
}
# theta.ml, theta.md, theta.mm of given means, as MASS stops them
data <- load_data("quine"); fit <- quiet(glm(Days ~ Eth * Age, poisson, data)); y <- data$Days; mu <- fitted(fit); w <- 1 + y %% 3
thetas <- list(ml = as.vector(theta.ml(y, mu, limit = 50, eps = 1e-12)), se = attr(theta.ml(y, mu, limit = 50, eps = 1e-12), "SE"),
               md = as.vector(theta.md(y, mu, fit$df.residual, limit = 50, eps = 1e-12)), mm = as.vector(theta.mm(y, mu, fit$df.residual, limit = 50, eps = 1e-12)),
               ml_w = as.vector(theta.ml(y, mu, sum(w), w, limit = 50, eps = 1e-12)), md_w = as.vector(theta.md(y, mu, fit$df.residual, w, limit = 50, eps = 1e-12)),
               mm_w = as.vector(theta.mm(y, mu, fit$df.residual, w, limit = 50, eps = 1e-12)))
versions <- list(R = R.version.string, MASS = as.character(packageVersion("MASS")), car = as.character(packageVersion("car")))
write(toJSON(list(versions = versions, models = answers, thetas = thetas), digits = NA, auto_unbox = TRUE, pretty = 1, na = "null", null = "null"), "../glm_nb/glm_nb.json")
write(toJSON(list(versions = versions, texts = texts), auto_unbox = TRUE, pretty = 1), "../glm_nb/texts.json")
