# MASS's polr at the exact maximum of its likelihood, and tests of parallel lines -> polr.json.gz, polr_texts.json
# usage (in ../models): LC_ALL=C.UTF-8 Rscript ../likelihoods/polr.R      R 4.2.2, MASS, ordinal, car, numDeriv, sandwich, lmtest
source("../likelihoods/likelihoods.R")
suppressMessages({ library(MASS); library(car); library(ordinal) })
housing <- "Sat ~ Infl + Type + Cont"
models <- list(
  model("constants", "scores", "y ~ 1"),
  model("constants-probit", "housing", "Sat ~ 1", weights = "Freq", method = q("probit")),
  model("numeric", "scores", "y ~ x"),
  model("factors", "scores", "y ~ x + u + g + h"),
  model("probit", "scores", "y ~ x + u + g + h", method = q("probit")),
  model("loglog", "scores", "yl ~ x + u + g", method = q("loglog")),
  model("cloglog", "scores", "yc ~ x + u + g", method = q("cloglog")),
  model("cauchit", "scores", "y ~ x + g", method = q("cauchit")),
  model("three", "scores", "y3 ~ x + g", method = q("probit")),
  model("interaction", "scores", "y ~ x * g + h"),
  model("poly", "scores", "y ~ poly(x, 2) + h"),
  model("spline", "scores", "y ~ splines::ns(u, 3) + x"),
  model("log", "scores", "y ~ log(u + 1) + I(x^2) + x"),
  model("offset", "scores", "y ~ x + g + offset(off)"),
  model("offset-cloglog", "scores", "yc ~ x + offset(off)", method = q("cloglog")),
  model("weights", "scores", "y ~ x + g", weights = "w"),
  model("weights-fractional", "scores", "y ~ x + g", weights = "v"),
  model("weights-probit", "scores", "y3 ~ x + h", weights = "v", method = q("probit")),
  model("weights-cauchit", "scores", "y3 ~ x + h", weights = "w", method = q("cauchit")),
  model("missing", "scores", "y ~ xm + g"),
  model("missing-loglog", "scores", "yl ~ xm + h", method = q("loglog")),
  model("exclude", "scores", "y ~ xm + g", na.action = "na.exclude"),
  model("subset", "scores", "y ~ x + u", subset = 'h == "m" | x > 0'),
  model("subset-level", "scores", "y ~ x + g", subset = 'g != "mid"'),
  model("contrasts", "scores", "y ~ x + C(g, sum) + C(h, helmert)"),   # polr(contrasts =) is an error: model.frame() gets it too
  model("no-intercept", "scores", "y ~ 0 + x + u"),
  model("scaled", "scores", "y ~ far + g"),
  model("scaled-small", "scores", "y ~ near + h", method = q("probit")),
  model("housing", "housing", housing, weights = "Freq"),
  model("housing-probit", "housing", housing, weights = "Freq", method = q("probit")),
  model("housing-loglog", "housing", housing, weights = "Freq", method = q("loglog")),
  model("housing-cloglog", "housing", housing, weights = "Freq", method = q("cloglog")),
  model("housing-cauchit", "housing", housing, weights = "Freq", method = q("cauchit")),
  model("housing-interaction", "housing", "Sat ~ Infl * Type + Cont", weights = "Freq"),
  model("wine", "wine", "rating ~ temp * contact"),
  model("wine-main", "wine", "rating ~ temp + contact"),
  model("wine-probit", "wine", "rating ~ temp + contact", method = q("probit")),
  model("wine-loglog", "wine", "rating ~ temp + contact", method = q("loglog")),
  model("wine-cloglog", "wine", "rating ~ temp + contact", method = q("cloglog")),
  model("wine-cauchit", "wine", "rating ~ temp + contact", method = q("cauchit")),
  model("soup", "soup", "SURENESS ~ PROD + DAY + SOUPTYPE + SOUPFREQ + AGEGROUP"),
  model("soup-probit", "soup", "SURENESS ~ PROD * DAY + GENDER", method = q("probit")),
  model("esoph", "esoph", "tobgp ~ agegp + alcgp", weights = "ncontrols"),
  model("esoph-cloglog", "esoph", "tobgp ~ unclass(agegp) + alcgp", weights = "ncases", method = q("cloglog")),
  model("infert", "infert", "education ~ age + parity"),
  model("birthwt", "birthwt", "cut(bwt, c(0, 2500, 3000, 3500, 6000)) ~ lwt + smoke + factor(race) + ht"),
  model("mtcars", "mtcars", "factor(gear) ~ mpg"))

cdf <- list(logistic = plogis, probit = pnorm, cauchit = pcauchy)
cell <- function(method, b, a) {         # log(F(a) - F(b)) without cancellation, b < a
  if (method == "logistic") return(plogis(a, log.p = TRUE) + plogis(-b, log.p = TRUE) + log(-expm1(b - a)))
  if (method == "loglog") return(-exp(-a) + log(-expm1(exp(-a) - exp(-b))))
  if (method == "cloglog") return(-exp(b) + log(-expm1(exp(b) - exp(a))))
  up <- b > 0; F <- cdf[[method]]
  log(ifelse(up, F(-b) - F(-a), F(a) - F(b)))
}
density <- function(method, x) {
  d <- switch(method, logistic = dlogis(x), probit = dnorm(x), cauchit = dcauchy(x), loglog = exp(-x - exp(-x)), cloglog = exp(x - exp(x)))
  ifelse(is.finite(x), d, 0)
}
matrices <- function(fit) {
  mf <- model.frame(fit); X <- model.matrix(fit$terms, mf, fit$contrasts); X <- X[, names(coef(fit)), drop = FALSE]   # without aliased columns
  w <- model.weights(mf); o <- model.offset(mf)
  list(X = X, y = as.integer(model.response(mf)), w = if (is.null(w)) rep(1, nrow(X)) else w, o = if (is.null(o)) rep(0, nrow(X)) else o, levels = levels(model.response(mf)))
}
likelihood <- function(d, method) {
  p <- ncol(d$X); q <- length(d$levels) - 1; i <- seq_len(p); E <- outer(d$y, seq_len(q), "==") + 0; B <- outer(d$y - 1, seq_len(q), "==") + 0
  ends <- function(par) {
    zeta <- c(-Inf, par[p + seq_len(q)], Inf); eta <- d$o + drop(d$X %*% par[i])
    list(a = zeta[d$y + 1] - eta, b = zeta[d$y] - eta)
  }
  rows <- function(par) { if (any(diff(par[p + seq_len(q)]) <= 0)) return(NaN); e <- ends(par); d$w * cell(method, e$b, e$a) }
  scores <- function(par) {
    e <- ends(par); l <- cell(method, e$b, e$a); fa <- density(method, e$a) * exp(-l); fb <- density(method, e$b) * exp(-l)
    d$w * cbind(-(fa - fb) * d$X, fa * E - fb * B)
  }
  list(rows = rows, scores = scores, unit = c(units(d$X), rep(1, q)), p = p, q = q, ends = ends)
}
maximum <- function(d, method, start) { l <- likelihood(d, method); maximise(start, l$rows, l$scores, l$unit) }
probabilities <- function(d, method, par) {
  vapply(seq_along(d$levels), function(k) { e <- d; e$y <- rep(k, length(d$y)); l <- likelihood(e, method)$ends(par); exp(cell(method, l$b, l$a)) }, numeric(length(d$y)))
}
exact_object <- function(fit, mx, d, P) {
  p <- ncol(d$X); q <- length(d$levels) - 1
  fit$coefficients[] <- mx$par[seq_len(p)]; fit$zeta[] <- mx$par[p + seq_len(q)]
  fit$deviance <- -2 * mx$loglik; fit$fitted.values[] <- P
  fit$lp[] <- d$o + drop(d$X %*% mx$par[seq_len(p)])
  z <- fit$zeta; J <- matrix(0, q, q); J[, 1] <- 1; if (q > 1) for (k in 2:q) J[k:q, k] <- diff(z)[k - 1]     # by zeta_1, log(zeta_2 - zeta_1), ...
  A <- diag(p + q); A[p + seq_len(q), p + seq_len(q)] <- J
  H <- t(A) %*% solve(mx$vcov, tol = 0) %*% A
  fit$Hessian[] <- (H + t(H)) / 2
  fit
}
summary_exact <- function(fit, mx, ...) {
  s <- summary(fit, ...); s$coefficients[, 2] <- sqrt(diag(mx$vcov)); s$coefficients[, 3] <- s$coefficients[, 1] / s$coefficients[, 2]
  if (!is.null(s$correlation)) s$correlation[] <- mx$vcov / outer(sqrt(diag(mx$vcov)), sqrt(diag(mx$vcov)))
  s
}
numbers_of <- function(fit) list(coef = unname(coef(fit)), zeta = unname(fit$zeta), se = caught(unname(sqrt(diag(vcov(fit)))))$value, deviance = one(fit$deviance))
# Brant (1990): the q binary fits y > j, their joint covariance, Wald tests of equal slopes
brant <- function(d, link = "logit") {
  X <- cbind(1, d$X); p <- ncol(d$X); q <- length(d$levels) - 1
  fits <- lapply(seq_len(q), function(j) suppressWarnings(glm.fit(X, (d$y > j) + 0, d$w, offset = d$o, family = binomial(link), control = list(epsilon = 1e-14, maxit = 100))))
  if (any(vapply(fits, function(f) !f$converged || min(f$fitted.values) < 1e-6 || max(f$fitted.values) > 1 - 1e-6, NA))) return(NULL)
  pi <- lapply(fits, function(f) f$fitted.values); keep <- 1 + seq_len(p)
  block <- function(j, l) {
    W <- function(a, b) crossprod(X, d$w * (pi[[b]] - pi[[a]] * pi[[b]]) * X)
    (solve(W(j, j), tol = 0) %*% W(min(j, l), max(j, l)) %*% solve(W(l, l), tol = 0))[keep, keep, drop = FALSE]
  }
  V <- do.call(rbind, lapply(seq_len(q), function(j) do.call(cbind, lapply(seq_len(q), function(l) block(j, l)))))
  b <- unlist(lapply(fits, function(f) f$coefficients[keep]))
  wald <- function(k) {                  # slopes k alike in all q fits
    at <- unlist(lapply(seq_len(q), function(j) (j - 1) * p + k)); n <- length(k)
    D <- cbind(kronecker(rep(1, q - 1), diag(n)), -diag(n * (q - 1)))
    x <- drop(D %*% b[at]); s <- drop(crossprod(x, solve(D %*% V[at, at] %*% t(D), x, tol = 0)))
    c(s, n * (q - 1), pchisq(s, n * (q - 1), lower.tail = FALSE))
  }
  list(binary = do.call(rbind, lapply(fits, function(f) unname(f$coefficients))), overall = wald(seq_len(p)), by_column = t(vapply(seq_len(p), wald, numeric(3))), wald = wald)
}
profile_limits <- function(d, method, mx, level = 0.95) {   # roots of the exact profile deviance
  p <- ncol(d$X); cut <- qchisq(level, 1)
  t(vapply(seq_len(p), function(k) vapply(c(-1, 1), function(sign) {
    se <- sqrt(mx$vcov[k, k]); rest <- d; rest$X <- d$X[, -k, drop = FALSE]; last <- mx$par[-k]
    f <- function(u) {
      rest$o <- d$o + d$X[, k] * (mx$par[k] + sign * u * se)
      r <- maximum(rest, method, last); last <<- r$par
      2 * (mx$loglik - r$loglik) - cut
    }
    mx$par[k] + sign * se * uniroot(f, c(1, 4), extendInt = "upX", tol = 1e-12)$root
  }, 0), numeric(2)))
}
clm_link <- c(logistic = "logit", probit = "probit", loglog = "loglog", cloglog = "cloglog", cauchit = "cauchit")
tight <- list(control = quote(list(reltol = 1e-16, maxit = 5000)), Hess = TRUE)

answers <- texts <- exacts <- packages <- optima <- list()
for (m in models) {
  first <- fitted_by("polr", m, Hess = TRUE); fit <- first$value; frame_d <- load_data(m$data)
  close <- do.call(fitted_by, c(list("polr", m), tight))$value
  method <- eval(str2lang(if (is.null(m$args$method)) '"logistic"' else m$args$method))
  refused <- is.null(fit)
  if (refused) {                         # polr's own start failed: it gets the logistic's
    cat(m$id, "refused:", first$error, "\n")
    other <- m; other$args$method <- NULL
    begin <- fitted_by("polr", other)$value; begin <- c(coef(begin), begin$zeta); names(begin) <- NULL
    close <- do.call(fitted_by, c(list("polr", m, start = begin), tight))$value
    fit <- fitted_by("polr", m, start = begin, Hess = TRUE)$value
  }
  d <- matrices(fit); l <- likelihood(d, method)
  start <- c(coef(close), close$zeta)
  mx <- tryCatch(maximise(start, l$rows, l$scores, l$unit), error = function(e) { cat(m$id, conditionMessage(e), range(start), "\n"); NULL })
  if (is.null(mx)) next
  if (method == "cauchit") {             # may have several maxima
    other <- m; other$args$method <- NULL; other <- fitted_by("polr", other)$value
    for (factor in c(0.5, 0.8, 1, 1.5)) {
      new <- start; new[] <- factor * c(coef(other), other$zeta); new <- tryCatch(maximise(new, l$rows, l$scores, l$unit), error = function(e) NULL)
      if (!is.null(new) && new$loglik > mx$loglik + 1e-7) { cat(m$id, "a higher maximum by", new$loglik - mx$loglik, "\n"); mx <- new }
    }
  }
  P <- probabilities(d, method, mx$par); exact <- exact_object(fit, mx, d, P); S <- l$scores(mx$par)
  used <- match(rownames(d$X), rownames(frame_d)) - 1; at <- some(length(used)); robust <- robust_of(mx$vcov, S, firms(used)); error <- checked(mx, l$rows, l$scores)
  if (exact$deviance > min(fit$deviance, close$deviance) + 2e-9) cat(m$id, "polr's deviance is lower by", exact$deviance - min(fit$deviance, close$deviance), "\n")
  stopifnot(mx$gradient < 1e-10, mx$concave, error < 1e-7, exact$deviance <= min(fit$deviance, close$deviance) + 2e-9)
  b <- if (method == "logistic" && ncol(d$X) && is.null(model.offset(model.frame(fit)))) brant(d)
  assigned <- model.matrix(fit$terms, model.frame(fit), fit$contrasts); assigned <- attr(assigned, "assign")[match(names(coef(fit)), colnames(assigned))]
  labels <- attr(fit$terms, "term.labels")
  by_term <- if (!is.null(b)) { out <- lapply(seq_along(labels), function(k) b$wald(which(assigned == k))); names(out) <- labels; out }
  nd <- new_rows(frame_d); new <- caught(list(probs = unname(predict(exact, nd, type = "probs")), class = as.character(predict(exact, nd, type = "class"))))$value
  if (!is.null(model.offset(model.frame(fit)))) {        # predict.polr forgets the offset of new data
    D <- design_for(fit, nd); e <- list(X = D$X[, names(coef(fit)), drop = FALSE], o = D$o, y = rep(1, nrow(nd)), w = rep(1, nrow(nd)), levels = d$levels)
    new <- list(probs = unname(probabilities(e, method, mx$par)), class = d$levels[max.col(probabilities(e, method, mx$par))], package = new$probs)
  }
  answers[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), call = one(paste(deparse(fit$call, 500), collapse = "")), method = one(method),
    levels = d$levels, names = names(coef(fit)), zeta_names = names(fit$zeta),
    exact = list(coef = unname(mx$par[seq_len(l$p)]), zeta = unname(mx$par[l$p + seq_len(l$q)]), se = unname(sqrt(diag(mx$vcov))), loglik = one(mx$loglik), deviance = one(exact$deviance),
                 aic = one(AIC(exact)), bic = one(BIC(exact)), vcov = lower(mx$vcov), gradient = one(mx$gradient), score_check = one(signif(error, 3))),
    edf = one(fit$edf), df_residual = one(fit$df.residual), nobs = one(nobs(fit)),
    package = c(numbers_of(fit), list(warnings = first$warnings, error = if (refused) one(first$error) else NULL, convergence = one(fit$convergence))),
    rows = list(position = used[at], loglik = unname(l$rows(mx$par))[at], lp = unname(exact$lp)[at], probs = unname(P)[at, , drop = FALSE],
                class = levels(model.response(model.frame(fit)))[max.col(P)][at]),
    predict = new,
    robust = list(HC0 = gist(robust$HC0), CL = gist(robust$CL), sandwich = caught(gist(sandwich(exact)))$value),
    brant = if (is.null(b)) NULL else list(binary = b$binary, overall = b$overall, by_column = b$by_column, by_term = by_term))
  exacts[[m$id]] <- exact; packages[[m$id]] <- fit; optima[[m$id]] <- mx
  texts[[paste("print", m$id)]] <- both(text(print(exact)), text(print(fit)), text(print(close)))
  texts[[paste("summary", m$id)]] <- both(text(print(summary_exact(exact, mx))), text(print(summary(fit))), text(print(summary(close))))
  answers[[m$id]]$printed <- list(print = texts[[paste("print", m$id)]]$same, summary = texts[[paste("summary", m$id)]]$same)
  cat(sprintf("%-22s gradient %.1e, deviance below MASS's %.2e (close %.0e), text %s %s (close %s), score %.0e, %s\n", m$id, mx$gradient, fit$deviance - exact$deviance, close$deviance - exact$deviance,
              texts[[paste("print", m$id)]]$same[[1]], texts[[paste("summary", m$id)]]$same[[1]], texts[[paste("summary", m$id)]]$same_tight[[1]], error, paste(first$warnings, collapse = "; ")))
}
by_id <- function(id) { m <- Filter(function(x) x$id == id, models)[[1]]; assign(m$data, load_data(m$data), globalenv()); m }
# profile intervals: MASS's interpolation on tight fits, and the roots themselves
for (id in c("factors", "housing", "wine-main", "wine-probit", "cloglog", "weights", "numeric", "mtcars")) {
  m <- by_id(id); mx <- optima[[id]]; method <- answers[[id]]$method[[1]]
  answers[[id]]$profile <- list(exact = profile_limits(matrices(packages[[id]]), method, mx), package = caught(unname(rbind(suppressMessages(confint(exacts[[id]])))))$value)
  pair(paste("confint", id), function(f) print(suppressMessages(confint(f))), id)
}
for (id in c("factors", "housing", "wine", "probit")) {
  texts[[paste("summary correlation", id)]] <- c(both(text(print(summary_exact(exacts[[id]], optima[[id]], correlation = TRUE))), text(print(summary(packages[[id]], correlation = TRUE)))), list(models = id))
  pair(paste("coeftest", id), function(f) print(coeftest(f)), id)
  pair(paste("confint.default", id), function(f) print(confint.default(f)), id)
}
pair("anova two", function(a, b) print(anova(a, b)), "numeric", "factors")
pair("anova housing", function(a, b) print(anova(a, b)), "housing", "housing-interaction")
pair("lrtest", function(a, b) print(lrtest(a, b)), "wine-main", "wine")
pair("AIC", function(a, b) print(AIC(a, b)), "wine-main", "wine")
pair("logLik housing", function(f) print(logLik(f)), "housing")
refitting <- function(name, id, f) {     # with MASS's tolerances and with tight ones (the maximum's digits)
  m <- by_id(id)
  of <- function(more) text(f(eval(do.call(call_for, c(list("polr", m), more)), globalenv())))
  texts[[name]] <<- c(both(of(tight), of(list(Hess = TRUE))), list(models = id))
}
# Anova of car refits by MASS::polr() on columns: always logistic and without the offset, so only logistic ones without
for (id in c("factors", "interaction", "housing", "housing-interaction", "wine", "weights", "infert")) for (type in c("II", "III")) local({
  type <- type; f <- function(x) Anova(x, type = type)
  refitting(paste("Anova", type, id), id, function(x) print(f(x)))
  answers[[id]]$Anova[[type]] <<- frame(f(eval(do.call(call_for, c(list("polr", by_id(id)), tight)), globalenv())))
})
for (id in c("factors", "housing", "probit", "cloglog", "interaction")) {
  refitting(paste("drop1", id), id, function(x) print(drop1(x, test = "Chisq")))
  answers[[id]]$drop1 <- frame(drop1(eval(do.call(call_for, c(list("polr", by_id(id)), tight)), globalenv()), test = "Chisq"))
}
for (id in c("factors", "housing-interaction", "soup")) {
  refitting(paste("dropterm", id), id, function(x) print(dropterm(x, test = "Chisq")))
  refitting(paste("step", id), id, function(x) print(stepAIC(x, trace = FALSE)$anova))
}
# parallel lines by likelihood ratio: ordinal's nominal_test (by term), scale_test, and all terms at once
for (id in c("factors", "housing", "housing-probit", "housing-cloglog", "housing-loglog", "wine-main", "wine-probit", "weights", "infert", "birthwt", "soup", "three", "numeric")) {
  m <- by_id(id); method <- answers[[id]]$method[[1]]
  args <- m$args; args$method <- NULL; args$link <- q(clm_link[[method]])
  call <- call_for("clm", list(formula = m$formula, data = m$data, args = args))
  null <- eval(call, globalenv()); name <- paste("nominal_test", id)
  terms <- attr(terms(null), "term.labels"); more <- call; more$formula <- str2lang(sub("~.*", "~ 1", m$formula)); more$nominal <- str2lang(paste("~", paste(terms, collapse = " + ")))
  free <- suppressWarnings(tryCatch(eval(more, globalenv()), error = function(e) NULL))
  tests <- suppressWarnings(nominal_test(null)); scales <- suppressWarnings(scale_test(null))
  all_terms <- if (is.null(free)) NULL else { s <- 2 * as.numeric(logLik(free) - logLik(null)); k <- free$edf - null$edf; list(loglik = one(as.numeric(logLik(free))), statistic = one(s), df = one(k), p = one(pchisq(s, k, lower.tail = FALSE)), convergence = one(free$convergence$code)) }
  answers[[id]]$parallel <- list(loglik = one(as.numeric(logLik(null))), by_term = frame(tests), overall = all_terms, scale = frame(scales))
  texts[[name]] <- c(both(text(print(tests)), text(print(tests))), list(models = id))   # Newton's: at the maximum
  texts[[paste("scale_test", id)]] <- c(both(text(print(scales)), text(print(scales))), list(models = id))
  cat(id, "clm against polr:", as.numeric(logLik(null)) - answers[[id]]$exact$loglik[[1]], "\n")
}
degenerate <- list()
for (m in list(model("iris", "iris", "Species ~ Petal.Length + Petal.Width"), model("mtcars", "mtcars", "factor(cyl) ~ disp"))) {
  fit <- fitted_by("polr", m, Hess = TRUE)
  degenerate[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), package = if (is.null(fit$value)) NULL else numbers_of(fit$value), warnings = fit$warnings, error = if (is.null(fit$error)) NULL else one(fit$error),
                             text = if (is.null(fit$value)) NULL else one(text(print(summary(fit$value)))))
}
errors <- sentences(c("polr(x ~ u, scores)", "polr(h ~ x, scores)", "polr(as.character(y) ~ x, scores)", "polr(y ~ nosuch, scores)", "polr(y ~ x, scores, method = \"log\")", "polr(y ~ x, scores, subset = x > 100)", "polr(y ~ x, scores, subset = y != \"always\")",
  "polr(y ~ x + I(2 * x), scores)", "polr(y ~ 0 + x, scores)", "polr(y ~ 0 + g, scores)", "polr(y ~ x, scores, weights = -w)", "polr(y ~ x + g, scores, contrasts = list(g = \"contr.sum\"))", "polr(y ~ xm, scores, na.action = na.fail)", "polr(y ~ x, scores, start = 1:3)",
  "polr(Sat ~ Infl + Type + Cont, housing, weights = Freq, method = \"cauchit\")", "predict(polr(y ~ g, scores, subset = g != \"mid\"), scores)", "predict(polr(y ~ x, scores), scores[\"u\"])", "predict(polr(y ~ x, scores), type = \"link\")", "anova(polr(y ~ x, scores))",
  "vcov(polr(y ~ far, scores, Hess = TRUE))", "residuals(polr(y ~ x, scores))", "sandwich(polr(yl ~ x, scores, method = \"loglog\"))"), c("scores", "housing"))
write_models("polr", c("MASS", "ordinal", "car", "lmtest"), answers, degenerate, errors)
write_texts("polr", texts)
cat(length(answers), "models,", length(texts), "texts,", sum(vapply(texts, function(t) t$same[[1]], NA)), "the same\n")
