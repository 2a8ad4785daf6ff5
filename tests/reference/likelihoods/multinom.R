# nnet's multinom at the exact maximum of its likelihood -> multinom.json.gz, multinom_texts.json
# usage (in ../models): LC_ALL=C.UTF-8 Rscript ../likelihoods/multinom.R      R 4.2.2, nnet, car, numDeriv, lmtest
source("../likelihoods/likelihoods.R")
suppressMessages({ library(nnet); library(car) })
models <- list(
  model("constants", "Womenlf", "partic ~ 1"),
  model("Womenlf", "Womenlf", "partic ~ hincome + children"),
  model("Womenlf-region", "Womenlf", "partic ~ hincome + children + region"),
  model("Womenlf-interaction", "Womenlf", "partic ~ hincome * children"),
  model("numeric", "choices", "mode ~ x"),
  model("factors", "choices", "mode ~ x + age + g + h"),
  model("interaction", "choices", "mode ~ x * g + h"),
  model("poly", "choices", "mode ~ poly(age, 2) + x"),
  model("spline", "choices", "mode ~ splines::ns(age, 3) + x"),
  model("log", "choices", "mode ~ log(age) + I(x^2)"),
  model("weights", "choices", "mode ~ x + g", weights = "w"),
  model("weights-fractional", "choices", "mode ~ x + g + age", weights = "v"),
  model("missing", "choices", "mode ~ xm + h"),
  model("exclude", "choices", "mode ~ xm + h", na.action = "na.exclude"),
  model("subset", "choices", "mode ~ x + age", subset = 'age > 30 & g != "r"'),
  model("subset-level", "choices", "mode ~ x + h", subset = 'mode != "walk"'),
  model("contrasts", "choices", "mode ~ x + g + h", contrasts = 'list(g = "contr.sum", h = "contr.helmert")'),
  model("no-intercept", "choices", "mode ~ 0 + g + x"),
  model("no-intercept-numeric", "choices", "mode ~ x + I(age / 10) - 1"),
  model("scaled", "choices", "mode ~ far + g"),
  model("scaled-small", "choices", "mode ~ near + age + h"),
  model("counts", "choices", "cbind(nbus, ncar, ntrain, nwalk) ~ x + age"),
  model("counts-factors", "choices", "cbind(nbus, ncar, ntrain, nwalk) ~ x * h + g"),
  model("counts-weights", "choices", "cbind(nbus, ncar, ntrain, nwalk) ~ x + h", weights = "v"),
  model("counts-constants", "choices", "cbind(nbus, ncar, ntrain, nwalk) ~ 1"),
  model("counts-two", "choices", "cbind(nbus, ncar) ~ x + age", subset = "nbus + ncar > 0"),
  model("offset", "choices", "mode ~ x + offset(cbind(o1, o2, o3, o4))"),
  model("offset-counts", "choices", "cbind(nbus, ncar, ntrain, nwalk) ~ x + h + offset(cbind(o1, o2, o3, o4))"),
  model("two", "choices", "yes ~ x + g"),
  model("two-constant", "choices", "yes ~ 1"),
  model("two-weights", "choices", "yes ~ x * h", weights = "w"),
  model("two-offset", "choices", "yes ~ x + offset(o2)"),
  model("two-missing", "choices", "yes ~ xm + age"),
  model("relevel", "choices", 'relevel(mode, ref = "train") ~ x + h'),
  model("ordered", "wine", "rating ~ temp + contact", subset = 'rating != "1" & rating != "5"'),
  model("housing", "housing", "Sat ~ Infl + Type + Cont", weights = "Freq"),
  model("housing-interaction", "housing", "Sat ~ Infl * Type * Cont", weights = "Freq"),
  model("HairEyeColor", "HairEyeColor", "Eye ~ Hair + Sex", weights = "Freq"),
  model("esoph", "esoph", "tobgp ~ agegp + alcgp", weights = "ncontrols"),
  model("fgl", "fgl", "type ~ RI + Al", subset = 'type %in% c("WinF", "WinNF", "Veh")'),
  model("birthwt", "birthwt", "factor(race) ~ age + lwt + smoke"),
  model("mtcars", "mtcars", "factor(gear) ~ qsec", subset = "gear < 5"),
  model("BEPS", "BEPS", "vote ~ age + gender + economic.cond.national + Blair + Hague + Kennedy + Europe * political.knowledge"),
  model("infert", "infert", "education ~ age + parity + induced"))

likelihood <- function(fit, d) {         # parameters: by class, the first has none
  mf <- model.frame(fit); X <- model.matrix(fit$terms, mf, fit$contrasts); y <- model.response(mf); w <- model.weights(mf); n <- nrow(X)
  Y <- if (is.matrix(y)) y else { y <- factor(as.factor(y)); outer(as.integer(y), seq_along(levels(y)), "==") + 0 }
  if (is.null(w)) w <- rep(1, n)
  o <- model.offset(mf); K <- ncol(Y); p <- ncol(X)
  O <- if (length(o) <= 1) matrix(0, n, K) else if (is.matrix(o)) o else cbind(0, o)
  N <- rowSums(Y)
  log_p <- function(par) { e <- cbind(0, X %*% matrix(par, p)) + O; m <- apply(e, 1, max); e - (m + log(rowSums(exp(e - m)))) }
  rows <- function(par) w * rowSums(Y * log_p(par))
  scores <- function(par) { R <- w * (Y - N * exp(log_p(par)))[, -1, drop = FALSE]; do.call(cbind, lapply(seq_len(K - 1), function(k) R[, k] * X)) }
  list(rows = rows, scores = scores, unit = rep(units(X), K - 1), probs = function(par) exp(log_p(par)), X = X, Y = Y, N = N, w = w, p = p, K = K, matrix = is.matrix(y))
}
exact_object <- function(fit, mx, l) {
  W <- if (!l$matrix && l$K == 2) fit$wts else matrix(fit$wts, nrow = l$K, byrow = TRUE)
  if (is.matrix(W)) { W[-1, 1 + seq_len(l$p)] <- t(matrix(mx$par, l$p)); fit$wts <- as.vector(t(W)) } else fit$wts[1 + seq_len(l$p)] <- mx$par
  P <- l$probs(mx$par)
  fit$fitted.values[] <- if (!l$matrix && l$K == 2) P[, 2] else P
  fit$value <- -mx$loglik; fit$deviance <- 2 * fit$value; fit$AIC <- fit$deviance + 2 * fit$edf
  H <- solve(mx$vcov, tol = 0); fit$Hessian <- (H + t(H)) / 2
  fit
}
summary_exact <- function(fit, mx, ...) {              # vcov() inverts by ginv, which loses badly scaled columns: the exact standard errors
  s <- summary(fit, ...); k <- nrow(mx$vcov)
  se <- unname(sqrt(diag(mx$vcov)))
  if (is.matrix(s$standard.errors)) s$standard.errors[] <- matrix(se, nrow(s$standard.errors), byrow = TRUE) else s$standard.errors[] <- se
  if (!is.null(s$Wald.ratios)) s$Wald.ratios <- s$coefficients / s$standard.errors
  if (!is.null(s$correlation)) s$correlation[] <- mx$vcov / outer(se, se)
  s
}
flat <- function(x) if (is.matrix(x)) as.vector(t(x)) else unname(x)
numbers_of <- function(fit) list(coef = flat(coef(fit)), se = unname(sqrt(pmax(0, diag(vcov(fit))))), deviance = one(fit$deviance), aic = one(fit$AIC))
types_of <- function(fit, ...) { k <- predict(fit, ..., type = "class"); list(probs = unname(predict(fit, ..., type = "probs")), class = as.character(k)) }
tight <- list(reltol = quote(1e-15), abstol = quote(1e-12), maxit = 5000, trace = FALSE)

answers <- texts <- exacts <- packages <- optima <- list()
for (m in models) {
  first <- fitted_by("multinom", m, trace = FALSE, model = TRUE); fit <- first$value
  if (is.null(fit)) { cat(m$id, "refused:", first$error, "\n"); next }
  close <- do.call(fitted_by, c(list("multinom", m, model = TRUE), tight))$value; d <- load_data(m$data)
  l <- likelihood(fit, d)
  start <- flat(coef(close)); names(start) <- rownames(vcov(fit))
  mx <- tryCatch(maximise(start, l$rows, l$scores, l$unit), error = function(e) { cat(m$id, conditionMessage(e), range(start), "\n"); NULL })
  if (is.null(mx)) next
  exact <- exact_object(fit, mx, l); S <- l$scores(mx$par); used <- match(rownames(l$X), rownames(d)) - 1; at <- some(length(used))
  robust <- robust_of(mx$vcov, S, firms(used)); error <- checked(mx, l$rows, l$scores)
  stopifnot(mx$gradient < 1e-10, mx$concave, exact$deviance <= min(fit$deviance, close$deviance) + 2e-9, error < 1e-7)
  if (max(abs(mx$par / l$unit)) > 40) cat(m$id, "large:", max(abs(mx$par / l$unit)), "\n")
  P <- l$probs(mx$par)
  new <- caught(types_of(exact, newdata = new_rows(d)))$value
  if (!is.null(model.offset(model.frame(fit)))) {        # predict.multinom gives nnet no offset column: nonsense
    D <- design_for(fit, new_rows(d)); e <- cbind(0, D$X %*% matrix(mx$par, l$p)) + (if (is.matrix(D$o)) D$o else cbind(0, D$o))
    p <- exp(e) / rowSums(exp(e)); k <- if (length(fit$lev)) fit$lev else fit$lab
    new <- list(probs = if (l$K == 2) unname(p[, 2]) else unname(p), class = k[max.col(p)])
  }
  answers[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), call = one(paste(deparse(fit$call, 500), collapse = "")),
    levels = if (length(fit$lev)) fit$lev else fit$lab, columns = fit$vcoefnames, names = names(mx$par),
    exact = list(coef = unname(mx$par), se = unname(sqrt(diag(mx$vcov))), loglik = one(mx$loglik), deviance = one(exact$deviance), aic = one(exact$AIC), bic = one(BIC(exact)),
                 vcov = if (length(start) <= 12) lower(mx$vcov) else NULL, vcov_sum = one(sum(mx$vcov)),
                 gradient = one(mx$gradient), score_check = one(signif(error, 3))),
    edf = one(fit$edf), nobs = one(attr(logLik(fit), "nobs")), package = c(numbers_of(fit), list(warnings = first$warnings, convergence = one(fit$convergence))),
    rows = list(position = used[at], loglik = unname(l$rows(mx$par))[at], probs = unname(P)[at, , drop = FALSE], class = as.character(predict(exact, type = "class"))[at],
                residual = unname(l$Y / l$N - P)[at, , drop = FALSE]),
    predict = new, robust = list(HC0 = gist(robust$HC0), CL = gist(robust$CL)))
  exacts[[m$id]] <- exact; packages[[m$id]] <- fit; optima[[m$id]] <- mx
  texts[[paste("print", m$id)]] <- both(text(print(exact)), text(print(fit)), text(print(close)))
  texts[[paste("summary", m$id)]] <- both(text(print(summary_exact(exact, mx))), text(print(summary(fit))), text(print(summary(close))))
  answers[[m$id]]$printed <- list(print = texts[[paste("print", m$id)]]$same, summary = texts[[paste("summary", m$id)]]$same)
  cat(sprintf("%-22s gradient %.1e, deviance below nnet's %.2e (close %.0e), text %s %s, score %.0e, %s\n", m$id, mx$gradient, fit$deviance - exact$deviance, close$deviance - exact$deviance,
              texts[[paste("print", m$id)]]$same[[1]], texts[[paste("summary", m$id)]]$same[[1]], error, paste(first$warnings, collapse = "; ")))
}
for (id in c("Womenlf", "housing", "two", "counts")) {
  e <- exacts[[id]]; p <- packages[[id]]
  texts[[paste("summary wald correlation", id)]] <- c(both(text(print(summary_exact(e, optima[[id]], Wald.ratios = TRUE, correlation = TRUE))), text(print(summary(p, Wald.ratios = TRUE, correlation = TRUE)))), list(models = id))
  pair(paste("confint", id), function(f) print(confint(f)), id)
}
pair("coeftest two", function(f) print(coeftest(f)), "two")
pair("anova constants", function(a, b) print(anova(a, b)), "constants", "Womenlf")
pair("anova two", function(a, b) print(anova(a, b)), "Womenlf", "Womenlf-interaction")
pair("lrtest", function(a, b) print(lrtest(a, b)), "Womenlf", "Womenlf-region")
pair("AIC", function(a, b) print(AIC(a, b)), "Womenlf", "Womenlf-region")
pair("logLik housing", function(f) print(logLik(f)), "housing")
trace <- FALSE                           # drop1.multinom hands on the symbol `trace`, and R's function of that name fails
# what refits, with nnet's tolerances and with tight ones (which are then the maximum's digits)
refitting <- function(name, id, f) {
  m <- Filter(function(x) x$id == id, models)[[1]]; assign(m$data, load_data(m$data), globalenv())
  of <- function(more) { fit <- eval(do.call(call_for, c(list("multinom", m), more)), globalenv()); text(f(fit)) }
  texts[[name]] <<- c(both(of(tight), of(list(trace = FALSE))), list(models = id))
}
tables <- function(id, type) {
  m <- Filter(function(x) x$id == id, models)[[1]]; assign(m$data, load_data(m$data), globalenv())
  frame(suppressMessages(Anova(eval(do.call(call_for, c(list("multinom", m, model = TRUE), tight)), globalenv()), type = type)))
}
for (id in c("Womenlf-region", "Womenlf-interaction", "factors", "interaction", "weights", "housing", "counts-factors", "two")) {
  for (type in c("II", "III")) {
    local({ type <- type; refitting(paste("Anova", type, id), id, function(f) print(Anova(f, type = type))) })
    answers[[id]]$Anova[[type]] <- tables(id, type)
  }
}
silent <- function(expr) { capture.output(v <- expr); v }
for (id in c("factors", "Womenlf-region", "housing")) refitting(paste("drop1", id), id, function(f) print(silent(drop1(f))))
for (id in c("factors", "Womenlf-region")) refitting(paste("step", id), id, function(f) { s <- silent(MASS::stepAIC(f, trace = FALSE)); print(s$anova) })
# complete and quasi-complete separation: nnet's answers
degenerate <- list()
for (m in list(model("iris", "iris", "Species ~ Petal.Length + Petal.Width"), model("fgl", "fgl", "type ~ Mg + Ba"))) {
  fit <- fitted_by("multinom", m, trace = FALSE, model = TRUE)
  degenerate[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), package = c(numbers_of(fit$value), list(warnings = fit$warnings)), text = one(text(print(summary(fit$value)))))
}
errors <- sentences(c("multinom(x ~ age, choices, trace = FALSE)", "multinom(mode ~ nosuch, choices, trace = FALSE)", "multinom(mode ~ x, choices, subset = mode == \"car\", trace = FALSE)", "multinom(mode ~ x, choices, subset = x > 100, trace = FALSE)",
  "multinom(mode ~ x, choices, subset = mode != \"walk\", trace = FALSE)", "multinom(cbind(nbus, ncar) ~ x, choices, trace = FALSE)", "multinom(mode ~ x + I(2 * x), choices, trace = FALSE)", "multinom(mode ~ x, choices, weights = -w, trace = FALSE)",
  "multinom(mode ~ xm, choices, na.action = na.fail, trace = FALSE)", "multinom(mode ~ 0, choices, trace = FALSE)", "predict(multinom(mode ~ g, choices, subset = g != \"r\", trace = FALSE), choices)", "predict(multinom(mode ~ x, choices, trace = FALSE), choices[\"age\"])",
  "predict(multinom(mode ~ x, choices, trace = FALSE), type = \"link\")", "anova(multinom(mode ~ x, choices, trace = FALSE))", "coeftest(multinom(mode ~ x, choices, trace = FALSE))", "sandwich(multinom(mode ~ x, choices, trace = FALSE))",
  "predict(multinom(mode ~ x + offset(cbind(o1, o2, o3, o4)), choices, trace = FALSE), choices)", "multinom(yes ~ x + offset(o2), choices, Hess = TRUE, trace = FALSE)", "multinom(mode ~ x + offset(o2), choices, trace = FALSE)",
  "vcov(multinom(mode ~ x + I(2 * x), choices, trace = FALSE))"), "choices")
write_models("multinom", c("nnet", "car", "lmtest"), answers, degenerate, errors)
write_texts("multinom", texts)
cat(length(answers), "models,", length(texts), "texts,", sum(vapply(texts, function(t) t$same[[1]], NA)), "the same\n")
