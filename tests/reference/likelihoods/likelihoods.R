# Shared by the four scripts of this folder: the exact maximum of a row-wise log-likelihood, data, calls, texts, JSON.
# usage (in ../models): LC_ALL=C.UTF-8 Rscript ../likelihoods/zeroinfl.R      R 4.2.2
source("common.R")
suppressMessages({ library(numDeriv); library(sandwich); library(lmtest) })
options(warn = 1, width = 80, digits = 7, useFancyQuotes = TRUE)
own <- jsonlite::fromJSON("../likelihoods/data/schema.json", simplifyVector = FALSE)
schema[names(own)] <- own
load_common <- load_data
load_data <- function(name) {
  if (is.null(own[[name]])) return(load_common(name))
  back <- setwd("../likelihoods"); on.exit(setwd(back))
  load_common(name)
}

# ---- the maximum -----------------------------------------------------------------------------------------------------------------
# `rows(par)` is the log-likelihood of each row (weights in), `scores(par)` its derivatives, a row each; `unit`: first scales of the
# parameters. Newton in coordinates in which the information is 1, so that the gradient's norm is the distance to the maximum in
# standard errors. Information: Richardson differences of the analytic scores.
maximise <- function(par, rows, scores, unit) {
  value <- function(p) { v <- suppressWarnings(sum(rows(p))); if (is.nan(v)) -Inf else v }
  gradient <- function(p) colSums(scores(p))
  information <- function(p, L, eps) {
    J <- -jacobian(function(u) drop(crossprod(L, gradient(p + drop(L %*% u)))), numeric(length(p)), method.args = list(eps = eps, r = 5))
    (J + t(J)) / 2
  }
  L <- diag(unit, length(par)); ll <- value(par); before <- Inf; best <- NULL
  for (iteration in 1:200) {
    e <- eigen(information(par, L, if (iteration == 1) 1e-3 else 0.02), symmetric = TRUE)
    scale <- pmax(abs(e$values), max(abs(e$values)) * 1e-12)
    L <- L %*% e$vectors %*% diag(1 / sqrt(scale), length(par))
    g <- drop(crossprod(L, gradient(par))); size <- sqrt(sum(g^2))
    if (size < 1e-9 && (is.null(best) || size < best$size)) best <- list(par = par, size = size, L = L, concave = all(e$values > 0))
    if (size < 1e-13 || (size < 1e-9 && size > before / 2)) break
    before <- size
    step <- 1
    repeat {
      new <- par + step * drop(L %*% g)
      if (value(new) >= ll - 1e-11 * (1 + abs(ll)) || step < 1e-10) break
      step <- step / 2
    }
    par <- new; ll <- value(par)
  }
  if (is.null(best)) stop("no maximum: gradient ", format(size))
  V <- tcrossprod(best$L); dimnames(V) <- list(names(par), names(par))
  list(par = best$par, vcov = V, loglik = sum(rows(best$par)), gradient = best$size, concave = best$concave)
}
checked <- function(m, rows, scores) {   # the scores against differences of the log-likelihood: in standard errors
  se <- sqrt(diag(m$vcov)); p <- length(se)
  at <- m$par + 0.3 * se * rep_len(c(1, -1, 0.5), p)
  at <- if (is.finite(suppressWarnings(sum(rows(at))))) at else m$par
  a <- colSums(scores(at)) * se
  b <- grad(function(u) suppressWarnings(sum(rows(at + u * se))), numeric(p), method.args = list(eps = 0.02, r = 5))
  max(abs(a - b)) / max(1, abs(a))
}
units <- function(X) { s <- apply(abs(X), 2, max); ifelse(s > 0, 1 / s, 1) }

# ---- pieces of the likelihoods ------------------------------------------------------------------------------------------------------
count_rows <- function(dist, y, eta, logtheta) {      # log f(y), its derivatives by eta and by log(theta)
  mu <- exp(eta)
  if (dist == "poisson") return(list(l = dpois(y, mu, log = TRUE), e = y - mu, t = 0 * mu))
  theta <- if (dist == "geometric") 1 else exp(logtheta)
  list(l = dnbinom(y, size = theta, mu = mu, log = TRUE), e = (y - mu) * theta / (theta + mu),
       t = theta * (digamma(y + theta) - digamma(theta) - log1p(mu / theta) + (mu - y) / (mu + theta)))
}
link_rows <- function(link, eta) {                    # log(phi), log(1 - phi) and their derivatives
  odd <- function(F, f) { p <- F(eta, log.p = TRUE); q <- F(-eta, log.p = TRUE); d <- f(eta, log = TRUE); list(p = p, q = q, dp = exp(d - p), dq = -exp(d - q)) }
  switch(link, logit = odd(plogis, dlogis), probit = odd(pnorm, dnorm), cauchit = odd(pcauchy, dcauchy),
         cloglog = { q <- -exp(eta); p <- log(-expm1(q)); list(p = p, q = q, dp = exp(eta + q - p), dq = q) },
         log = { q <- log(-expm1(eta)); list(p = eta, q = q, dp = 1 + 0 * eta, dq = -exp(eta - q)) })
}
logadd <- function(a, b) { m <- pmax(a, b); m + log(exp(a - m) + exp(b - m)) }
log1mexp <- function(a) ifelse(a > -log(2), log(-expm1(a)), log1p(-exp(a)))   # log(1 - exp(a)), a < 0

# ---- calls and fits --------------------------------------------------------------------------------------------------------------------
# An entry: id, data, formula and further arguments as R text (`args`, in R's names).
q <- function(s) paste0('"', s, '"')
model <- function(id, data, formula, ...) list(id = id, data = data, formula = formula, args = list(...))
call_for <- function(fun, m, ...) {
  out <- list(as.name(fun), formula = str2lang(m$formula), data = as.name(m$data))
  for (name in names(m$args)) out[[name]] <- str2lang(m$args[[name]])
  more <- list(...); out[names(more)] <- more
  as.call(out)
}
args_of <- function(m) if (length(m$args)) lapply(m$args, one) else NULL
fitted_by <- function(fun, m, ...) {                  # with the call a user would have typed
  assign(m$data, load_data(m$data), globalenv())
  r <- caught(eval(call_for(fun, m, ...), globalenv()))
  if (!is.null(r$value)) r$value$call <- call_for(fun, m)
  r
}
text <- function(expr) tryCatch(shown(expr), error = function(e) paste0("Error: ", conditionMessage(e), "\n"))   # some packages fail on badly scaled columns
shown <- function(expr) paste0(paste(suppressMessages(capture.output(expr)), collapse = "\n"), "\n")
# printed from the exact numbers; the package's own where it differs; whether the package at tight tolerance prints the exact text
both <- function(exact, package, tight = NULL) {
  iterations <- function(s) gsub("optimization: [0-9]+", "optimization:", s)
  same <- identical(exact, package)
  list(same = one(same), same_tight = one(if (is.null(tight)) NA else identical(iterations(exact), iterations(tight))), exact = one(exact), package = if (same) one(NA_character_) else one(package))
}
frame <- function(a) { out <- lapply(as.list(as.data.frame(unclass(a), optional = TRUE)), function(x) if (is.numeric(x)) as.numeric(x) else as.character(x)); c(list(rows = rownames(a)), out) }
pair <- function(name, f, a, b = NULL) {
  run <- function(from) text(if (is.null(b)) f(from[[a]]) else f(from[[a]], from[[b]]))
  texts[[name]] <<- c(both(run(exacts), run(packages)), list(models = c(a, b)))
}
design_for <- function(fit, newdata) {   # columns and offset of new data (MASS and nnet lose the offset there)
  mf <- model.frame(delete.response(fit$terms), newdata, na.action = na.pass, xlev = fit$xlevels)
  list(X = model.matrix(delete.response(fit$terms), mf, contrasts.arg = fit$contrasts), o = model.offset(mf))
}
lower <- function(v) unname(v[lower.tri(v, TRUE)])
some <- function(n) unique(c(1, 2, 3, 1 + n %/% 3, 1 + (2 * n) %/% 3, n))
firms <- function(positions) positions %/% 4          # four rows of data to a cluster; positions count from 0
robust_of <- function(V, S, cluster) {                # V: joint covariance, S: row scores
  G <- rowsum(S, cluster); k <- nrow(G)
  list(HC0 = V %*% crossprod(S) %*% V, CL = k / (k - 1) * V %*% crossprod(G) %*% V)
}
gist <- function(V) list(se = sqrt(pmax(0, diag(V))), sum = one(sum(V)))

# what R says of bad input: calls in R's words, the data by name
sentences <- function(calls, data) {
  for (name in data) assign(name, load_data(name), globalenv())
  lapply(calls, function(call) {
    r <- caught(suppressMessages(eval(str2lang(call), globalenv())))
    list(call = one(call), error = if (is.null(r$error)) NULL else one(r$error), warnings = r$warnings)
  })
}
write_models <- function(name, packages, models, degenerate = list(), errors = list()) {
  v <- c(list(R = one(R.version.string)), lapply(setNames(packages, packages), function(p) one(as.character(packageVersion(p)))))
  con <- gzfile(paste0("../likelihoods/", name, ".json.gz"), "w", compression = 9)
  lines <- function(x) if (length(x)) paste0("\n", json_text(names(x)), ": ", vapply(x, json, ""), collapse = ",") else ""
  writeLines(paste0("{\"version\": ", json(v), ", \"models\": {", lines(models), "\n}, \"degenerate\": {", lines(degenerate), "\n}, \"errors\": [\n", paste(vapply(errors, json, ""), collapse = ",\n"), "\n]}"), con)
  close(con)
}
write_texts <- function(name, texts) {
  lines <- paste0(json_text(names(texts)), ": ", vapply(texts, json, ""))
  writeLines(paste0("{\"version\": ", json(one(R.version.string)), ", \"texts\": {\n", paste(lines, collapse = ",\n"), "\n}}"), paste0("../likelihoods/", name, "_texts.json"))
}

# ---- pscl --------------------------------------------------------------------------------------------------------------------------------
types_of <- function(fit, ...) list(response = unname(predict(fit, ..., type = "response")), count = unname(predict(fit, ..., type = "count")),
  zero = unname(predict(fit, ..., type = "zero")), prob = unname(predict(fit, ..., type = "prob", at = 0:5)))
vuong_numbers <- function(a, b) {        # raw, AIC- and BIC-corrected, as pscl computes them
  p <- function(f) { P <- predprob(f); log(P[cbind(seq_along(f$y), match(f$y, colnames(P)))]) }
  d <- p(a) - p(b); n <- length(d); k <- length(coef(a)) - length(coef(b))
  vapply(c(0, k / n, k / (2 * n) * log(n)), function(c) sum(d - c) / (sd(d) * sqrt(n)), 0)
}
