# Shared by the scripts of this folder: the data, the table of models, and the exact minimum of lme4's own deviance function.
#
# lme4 stops its optimiser early, its PIRLS at a relative change of 1e-7, and takes the Hessian by plain differences. Here
#  * the deviance function is the one lme4 builds (lFormula, mkLmerDevfun, glFormula, mkGlmerDevfun, updateGlmerDevfun), and for a glmer it is
#    called again from its own modes until they repeat to 1e-12 ("settled");
#  * it is minimised by nlminb from several starts, then by Newton's method on differences of order six with steps of a twentieth of a
#    standard error, until the step is below 1e-9 standard errors (deviance is even in a column of Lambda, so a zero is no edge for it);
#  * the Hessian is by the same differences, and the merMod object is built by lme4's mkMerMod at that point.
suppressMessages({ library(lme4); library(MASS); library(jsonlite) })
options(width = 80, digits = 7, useFancyQuotes = TRUE, warn = 1)
schema <- fromJSON("data/schema.json", simplifyVector = FALSE)
load_data <- function(name) {
  s <- schema[[name]]; path <- file.path("data", paste0(name, ".csv"))
  d <- read.csv(if (file.exists(path)) path else gzfile(paste0(path, ".gz")), colClasses = "character", check.names = FALSE, na.strings = "NA")
  for (column in s$columns) {
    x <- d[[column$name]]
    d[[column$name]] <- switch(column$kind, numeric = as.numeric(x), integer = as.integer(x), factor = factor(x, levels = unlist(column$levels)),
                               ordered = factor(x, levels = unlist(column$levels), ordered = TRUE))
  }
  d
}
for (name in names(schema)) assign(name, load_data(name), envir = globalenv())
new_rows <- function(d) {               # four rows of the data, fractional columns moved a little: new data without new levels
  n <- nrow(d)
  out <- d[c(1, 1 + n %/% 3, 1 + (2 * n) %/% 3, n), , drop = FALSE]
  for (name in names(out)) if (is.double(d[[name]]) && any(d[[name]] != round(d[[name]]), na.rm = TRUE)) out[[name]] <- out[[name]] * 1.0625
  out
}

sixth <- function(f, x, i, h) { e <- replace(0 * x, i, h); (45 * (f(x + e) - f(x - e)) - 9 * (f(x + 2 * e) - f(x - 2 * e)) + f(x + 3 * e) - f(x - 3 * e)) / (60 * h) }
gradient <- function(f, x, h) vapply(seq_along(x), function(i) sixth(f, x, i, h[i]), 0)
hessian <- function(f, x, h) {          # order six: pure second differences, cross ones along both diagonals
  k <- length(x); H <- matrix(0, k, k); f0 <- f(x)
  second <- function(e) (270 * (f(x + e) + f(x - e)) - 27 * (f(x + 2 * e) + f(x - 2 * e)) + 2 * (f(x + 3 * e) + f(x - 3 * e)) - 490 * f0) / 180
  for (i in seq_len(k)) H[i, i] <- second(replace(0 * x, i, h[i])) / h[i]^2
  for (i in seq_len(k)) for (j in seq_len(i - 1)) {
    a <- replace(replace(0 * x, i, h[i]), j, h[j]); b <- replace(replace(0 * x, i, h[i]), j, -h[j])
    H[i, j] <- H[j, i] <- (second(a) - second(b)) / (4 * h[i] * h[j])
  }
  H
}
inverse <- function(H) { s <- sqrt(pmax(abs(diag(H)), 1e-300)); e <- eigen(H / outer(s, s), symmetric = TRUE); ok <- e$values > 1e-7
  (e$vectors[, ok, drop = FALSE] %*% (t(e$vectors[, ok, drop = FALSE]) / e$values[ok])) / outer(s, s) }
widths <- function(H, floor) { d <- diag(H); ifelse(d > 1e-6, pmin(sqrt(2 / pmax(d, 1e-6)), floor), floor) }
minimum <- function(f, starts, scale) { # -> par, value, Hessian, the last step in standard errors
  best <- NULL
  for (s in starts) { o <- nlminb(s / scale, function(z) f(z * scale), control = list(eval.max = 4000, iter.max = 2000, rel.tol = 1e-13, x.tol = 1e-11)); if (is.null(best) || o$objective < best$objective - 1e-9) best <- o }
  x <- best$par * scale
  H <- hessian(f, x, scale / 20)
  for (turn in 1:8) {
    se <- widths(H, 20 * scale)
    g <- gradient(f, x, se / 20)
    step <- as.numeric(inverse(H) %*% g)
    far <- max(abs(step) / se)
    if (far < 1e-9) break
    x <- x - step
    if (turn %in% c(1, 3) || far > 0.01) H <- hessian(f, x, widths(H, 20 * scale) / 20)
  }
  H <- hessian(f, x, widths(H, 20 * scale) / 20)
  list(par = x, value = f(x), H = (H + t(H)) / 2, far = far, turns = turn, gradient = max(abs(gradient(f, x, se / 20)) * se))
}
settled <- function(devfun) {
  rho <- environment(devfun); base <- if (is.null(rho$baseOffset)) rho$resp$offset + 0 else rho$baseOffset
  function(pars) {
    for (i in 1:80) {
      d <- devfun(pars); eta <- rho$resp$eta - base
      moved <- max(abs(eta - rho$lp0) / pmax(1, abs(eta))); rho$lp0 <- eta
      if (moved < 1e-12) break
    }
    d
  }
}

named <- function(call) { call <- if (is.character(call)) str2lang(call) else call; names(call)[2:3] <- c("formula", "data"); call }
arguments <- function(call) { out <- as.list(call)[-1]; names(out)[1] <- "formula"; names(out)[2] <- "data"; out }
control_of <- function(fun, ...) if (fun == "lmer") lmerControl(...) else glmerControl(...)
quiet <- function(expr) suppressMessages(suppressWarnings(expr))
exact <- function(call, more_starts = 2) {   # the merMod at the exact minimum; attributes: value, H, far
  call <- named(call)
  fun <- as.character(call[[1]]); args <- arguments(call)
  theirs <- call; theirs[[1]] <- getExportedValue("lme4", fun)
  first <- quiet(eval(theirs)); first@call[[1]] <- call[[1]]
  args$nAGQ <- NULL
  if (fun == "lmer") {
    REML <- if (is.null(args$REML)) TRUE else args$REML
    parsed <- quiet(do.call(lFormula, args)); call$formula <- parsed$formula
    devfun <- do.call(mkLmerDevfun, c(parsed, list(control = lmerControl())))
    th <- getME(first, "theta"); set.seed(7)
    starts <- c(list(th), list(parsed$reTrms$theta), lapply(seq_len(more_starts), function(i) th * exp(rnorm(length(th), sd = 0.5)) + 0.05))
    o <- minimum(function(p) devfun(p), starts, rep(0.2, length(th)))
    o$par <- upright(o$par, parsed$reTrms)
    value <- devfun(o$par)
    m <- mkMerMod(environment(devfun), list(par = o$par, fval = value, conv = 0L, message = NULL, feval = 1L), parsed$reTrms, parsed$fr, call)
  } else {
    nAGQ <- if (is.null(call$nAGQ)) 1L else as.integer(call$nAGQ)
    theta_nb <- NULL
    if (fun == "glmer.nb") { args$family <- bquote(MASS::negative.binomial(theta = .(getME(first, "glmer.nb.theta")))) ; args$family <- eval(args$family) } else args$family <- eval(args$family)
    if (is.function(args$family)) args$family <- args$family()
    parsed <- quiet(do.call(glFormula, args)); call$formula <- parsed$formula
    devfun <- do.call(mkGlmerDevfun, c(parsed, list(control = glmerControl())))
    th <- getME(first, "theta")
    if (nAGQ == 0L) { environment(devfun)$nAGQ <- 0L; f <- settled(devfun); start <- th; scale <- rep(0.2, length(th)) } else {
      environment(devfun)$resp$updateMu(environment(devfun)$lp0)
      devfun <- updateGlmerDevfun(devfun, parsed$reTrms, nAGQ = nAGQ); f <- settled(devfun)
      start <- c(th, fixef(first)); scale <- c(rep(0.2, length(th)), sqrt(diag(quiet(as.matrix(vcov(first, use.hessian = FALSE))))))
    }
    rho <- environment(devfun); nth <- length(th)
    if (fun == "glmer.nb") {
      joint <- function(p) { rho$resp$setTheta(exp(p[1])); f(p[-1]) }
      start <- c(log(getME(first, "glmer.nb.theta")), start); o <- minimum(joint, list(start), c(0.2, scale))
      theta_nb <- exp(o$par[1]); joint_H <- o$H; far <- o$far; grad <- o$gradient
      joint(o$par)
      o$par <- o$par[-1]
      o$H <- hessian(f, o$par, widths(o$H, 4)[-1] / 20); o$far <- far; o$gradient <- grad
      args$family <- MASS::negative.binomial(theta = theta_nb)
      parsed <- quiet(do.call(glFormula, args))          # the object again, so that its family says the estimate
      devfun <- updateGlmerDevfun(do.call(mkGlmerDevfun, c(parsed, list(control = glmerControl()))), parsed$reTrms, nAGQ = nAGQ)
      f <- settled(devfun); rho <- environment(devfun)
    } else {
      set.seed(7)
      starts <- c(list(start), lapply(seq_len(more_starts), function(i) { s <- start; s[seq_len(nth)] <- s[seq_len(nth)] * exp(rnorm(nth, sd = 0.4)) + 0.03; s }))
      o <- minimum(f, starts, scale)
    }
    o$par[seq_len(nth)] <- upright(o$par[seq_len(nth)], parsed$reTrms)
    value <- f(o$par)
    m <- mkMerMod(rho, list(par = o$par, fval = value, conv = 0L, message = NULL, feval = 1L), parsed$reTrms, parsed$fr, call)
    if (nAGQ > 0L) m@optinfo$derivs <- list(gradient = 0 * o$par, Hessian = o$H)
    if (!is.null(theta_nb)) { attr(m, "theta_nb") <- theta_nb; attr(m, "joint_H") <- joint_H
      m@call <- first@call; m@call$family[["theta"]] <- theta_nb }
  }
  m@optinfo$optimizer <- first@optinfo$optimizer
  if (isSingular(m)) m@optinfo$conv$lme4 <- list(messages = "boundary (singular) fit: see help('isSingular')")
  attr(m, "value") <- value; attr(m, "H") <- o$H; attr(m, "far") <- o$far; attr(m, "gradient") <- o$gradient; attr(m, "first") <- first
  m
}
upright <- function(theta, reTrms) {    # columns of Lambda with a positive diagonal; what is zero but for round-off, zero
  at <- 0
  for (cn in reTrms$cnms) {
    k <- length(cn); L <- matrix(0, k, k); here <- at + seq_len(k * (k + 1) / 2); L[lower.tri(L, TRUE)] <- theta[here]
    for (j in seq_len(k)) { if (all(abs(L[, j]) < 1e-6)) L[, j] <- 0; if (abs(L[j, j]) < 1e-6) L[j, j] <- 0; if (L[j, j] < 0) L[, j] <- -L[, j] }
    theta[here] <- L[lower.tri(L, TRUE)]; at <- at + length(here)
  }
  theta
}
tight <- function(call) {               # lme4's own fit with strict tolerances
  call <- named(call); fun <- as.character(call[[1]])
  if (fun == "lmer") call$control <- quote(lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5)))
  else call$control <- quote(glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5), tolPwrss = 1e-11))
  m <- quiet(eval(call)); m@call$control <- NULL; m
}
captured <- function(expr) paste0(paste(quiet(capture.output(expr)), collapse = "\n"), "\n")
versions <- list(R = R.version.string, lme4 = as.character(packageVersion("lme4")), Matrix = as.character(packageVersion("Matrix")), MASS = as.character(packageVersion("MASS")))
write_json_to <- function(x, path) { writeLines(toJSON(x, digits = NA, auto_unbox = TRUE, na = "null", null = "null", force = TRUE), path); invisible() }
