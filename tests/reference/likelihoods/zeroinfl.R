# pscl's zeroinfl at the exact maximum of its likelihood -> zeroinfl.json.gz, zeroinfl_texts.json
# usage (in ../models): LC_ALL=C.UTF-8 Rscript ../likelihoods/zeroinfl.R      R 4.2.2, pscl, numDeriv, sandwich, lmtest
source("../likelihoods/likelihoods.R")
suppressMessages(library(pscl))
models <- list(
  model("all", "bioChemists", "art ~ ."),
  model("parts", "bioChemists", "art ~ fem + mar + kid5 + phd + ment | ment"),
  model("constant-zero", "bioChemists", "art ~ fem + ment | 1"),
  model("constants", "zeros", "zinb ~ 1", dist = q("negbin")),
  model("long", "bioChemists", "art ~ fem + mar + kid5 + phd + ment + I(ment^2) + fem:mar | fem + mar + kid5 + ment"),
  model("constants-poisson", "zeros", "zip ~ 1 | 1"),
  model("negbin", "bioChemists", "art ~ . | .", dist = q("negbin")),
  model("negbin-parts", "bioChemists", "art ~ fem + kid5 + ment | ment", dist = q("negbin")),
  model("geometric", "zeros", "geo ~ x + g | z", dist = q("geometric")),
  model("probit", "zeros", "zip ~ x + g | z + h", link = q("probit")),
  model("cloglog", "zeros", "zip ~ x + g | z + h", link = q("cloglog")),
  model("cauchit", "zeros", "zip ~ x + g | z + h", link = q("cauchit")),
  model("log", "zeros", "zip ~ x + g | h", link = q("log")),
  model("negbin-probit", "zeros", "zinb ~ x + g | z", dist = q("negbin"), link = q("probit")),
  model("negbin-cloglog", "zeros", "zinb ~ x + g | z", dist = q("negbin"), link = q("cloglog")),
  model("negbin-cauchit", "zeros", "zinb ~ x + g | z", dist = q("negbin"), link = q("cauchit")),
  model("negbin-log", "zeros", "zinb ~ x + g | h", dist = q("negbin"), link = q("log")),
  model("geometric-probit", "zeros", "geo ~ x | z", dist = q("geometric"), link = q("probit")),
  model("geometric-cloglog", "zeros", "geo ~ x | z", dist = q("geometric"), link = q("cloglog")),
  model("geometric-cauchit", "zeros", "geo ~ x + h | z", dist = q("geometric"), link = q("cauchit")),
  model("interaction", "zeros", "zip ~ x * g | z * h"),
  model("poly", "zeros", "zip ~ poly(x, 2) + log(time) | z"),
  model("spline", "zeros", "zip ~ splines::ns(x, 3) + h | z"),
  model("offset-both", "zeros", "zip ~ x + offset(log(time))"),
  model("offset-count", "zeros", "zip ~ x + g + offset(log(time)) | z"),
  model("offset-zero", "zeros", "zip ~ x | z + offset(0.5 * x)"),
  model("offset-parts", "zeros", "zinb ~ x + offset(log(time)) | z + offset(0.3 * time)", dist = q("negbin")),
  model("offset-argument", "zeros", "zip ~ x | z", offset = "log(time)"),
  model("weights", "zeros", "zip ~ x + g | z", weights = "w"),
  model("weights-fractional", "zeros", "zip ~ x + g | z", weights = "v"),
  model("weights-negbin", "zeros", "zinb ~ x + h | z", dist = q("negbin"), weights = "v"),
  model("missing", "zeros", "zip ~ xm + gm | z"),
  model("missing-negbin", "zeros", "zinb ~ xm | z + gm", dist = q("negbin")),
  model("subset", "zeros", "zip ~ x | z", subset = 'h == "yes" | x > 0'),
  model("subset-level", "zeros", "zip ~ x + g | z", subset = 'g != "c"'),
  model("contrasts", "zeros", "zip ~ C(g, sum) + x | C(h, sum)"),
  model("helmert", "zeros", "zinb ~ C(g, helmert) * x | z", dist = q("negbin")),
  model("no-intercept", "zeros", "zip ~ 0 + g + x | 0 + h"),
  model("no-intercept-numeric", "zeros", "zip ~ x + z - 1 | z"),
  model("scaled", "zeros", "zip ~ far + g | near"),
  model("scaled-negbin", "zeros", "zinb ~ far | near + h", dist = q("negbin")),
  model("quine", "quine", "Days ~ Eth + Sex + Age | Eth"),
  model("quine-parts", "quine", "Days ~ Eth + Sex + Age | Lrn", dist = q("negbin")),
  model("quine-negbin", "quine", "Days ~ Eth + Sex + Age | 1", dist = q("negbin")),
  model("epil-negbin", "epil", "y ~ trt + lbase + lage | 1", dist = q("negbin")),
  model("Affairs", "Affairs", "affairs ~ age + yearsmarried + religiousness + occupation + rating"),
  model("Affairs-negbin", "Affairs", "affairs ~ gender + age + rating | yearsmarried + children + rating", dist = q("negbin")),
  model("epil", "epil", "y ~ trt + lbase + lage | lbase"),
  model("exclude", "zeros", "zip ~ xm | z", na.action = "na.exclude"))

likelihood <- function(fit, dist, link) {
  X <- model.matrix(fit, "count"); Z <- model.matrix(fit, "zero"); y <- fit$y; n <- length(y)
  or <- function(a, b) if (is.null(a)) rep(b, n) else as.vector(a)
  w <- or(fit$weights, 1); ox <- or(fit$offset$count, 0); oz <- or(fit$offset$zero, 0); i <- seq_len(ncol(X)); j <- ncol(X) + seq_len(ncol(Z))
  parts <- function(p) {
    eta <- drop(X %*% p[i]) + ox
    list(c = count_rows(dist, y, eta, p["log(theta)"]), c0 = count_rows(dist, 0, eta, p["log(theta)"]), z = link_rows(link, drop(Z %*% p[j]) + oz))
  }
  rows <- function(p) with(parts(p), w * ifelse(y == 0, logadd(z$p, z$q + c0$l), z$q + c$l))
  scores <- function(p) with(parts(p), {
    l <- logadd(z$p, z$q + c0$l); a <- exp(z$p - l); b <- exp(z$q + c0$l - l)
    s <- cbind(w * ifelse(y == 0, b * c0$e, c$e) * X, w * ifelse(y == 0, a * z$dp + b * z$dq, z$dq) * Z)
    if (dist == "negbin") s <- cbind(s, w * ifelse(y == 0, b * c0$t, c$t))
    s
  })
  list(rows = rows, scores = scores, unit = c(units(X), units(Z), if (dist == "negbin") 1), X = X, Z = Z, ox = ox, oz = oz, w = w)
}
exact_object <- function(fit, m, l) {    # pscl's object with the exact numbers
  kx <- ncol(l$X); kz <- ncol(l$Z); k <- kx + kz
  fit$coefficients <- list(count = setNames(m$par[seq_len(kx)], colnames(l$X)), zero = setNames(m$par[kx + seq_len(kz)], colnames(l$Z)))
  fit$vcov[] <- m$vcov[seq_len(k), seq_len(k)]
  if (fit$dist == "negbin") { fit$theta <- exp(m$par[[k + 1]]); fit$SE.logtheta <- sqrt(m$vcov[k + 1, k + 1]) }
  fit$loglik <- m$loglik
  fit$fitted.values <- ((1 - fit$linkinv(l$Z %*% fit$coefficients$zero + l$oz)) * exp(l$X %*% fit$coefficients$count + l$ox))[, 1]
  fit$residuals <- sqrt(l$w) * (fit$y - fit$fitted.values)
  fit
}
numbers_of <- function(fit) list(coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), theta = if (is.null(fit$theta)) NULL else one(fit$theta),
  se_logtheta = if (is.null(fit$SE.logtheta)) NULL else one(fit$SE.logtheta), loglik = one(fit$loglik))
# van den Broek's (1995) score test of zero inflation, of the Poisson part's glm (weights: frequencies)
zero_test <- function(m, fit, l) {
  g <- glm.fit(l$X, fit$y, l$w, family = poisson(), offset = l$ox, control = list(epsilon = 1e-14, maxit = 100)); mu <- g$fitted.values; p0 <- exp(-mu)
  A <- crossprod(l$X, l$w * mu * l$X); b <- crossprod(l$X, l$w * mu)
  s <- sum(l$w * (((fit$y == 0) - p0) / p0))^2 / (sum(l$w * (1 - p0) / p0) - drop(crossprod(b, solve(A, b, tol = 0))))
  list(statistic = one(s), p = one(pchisq(s, 1, lower.tail = FALSE)), coef = unname(g$coefficients))
}

answers <- texts <- exacts <- packages <- list()
for (m in models) {
  first <- fitted_by("zeroinfl", m); fit <- first$value
  tight <- fitted_by("zeroinfl", m, control = quote(zeroinfl.control(reltol = 1e-15, maxit = 1e5)))$value
  if (is.null(fit) || is.null(tight)) { cat(m$id, "refused:", first$error, "\n"); next }
  l <- likelihood(fit, fit$dist, fit$link)
  start <- c(tight$coefficients$count, tight$coefficients$zero, if (fit$dist == "negbin") log(tight$theta))
  names(start) <- c(names(coef(fit)), if (fit$dist == "negbin") "log(theta)")
  mx <- tryCatch(maximise(start, l$rows, l$scores, l$unit), error = function(e) { cat(m$id, conditionMessage(e), "\n"); NULL })
  if (is.null(mx)) next
  # the likelihood may have several maxima: another start must not end higher
  plain <- glm.fit(l$X, fit$y, l$w, family = poisson(), offset = l$ox)$coefficients
  other <- start; other[] <- c(plain + 0.1, rep(0, ncol(l$Z)), if (fit$dist == "negbin") 0)
  if (fit$link == "log") other[length(plain) + 1] <- -1
  other <- tryCatch(maximise(other, l$rows, l$scores, l$unit), error = function(e) NULL)
  if (!is.null(other) && other$loglik > mx$loglik + 1e-6) { cat(m$id, "a higher maximum by", other$loglik - mx$loglik, "\n"); mx <- other }
  exact <- exact_object(fit, mx, l); d <- load_data(m$data)
  used <- match(rownames(l$X), rownames(d)) - 1; at <- some(length(used)); S <- l$scores(mx$par); k <- length(coef(fit))
  robust <- robust_of(mx$vcov, S, firms(used))
  error <- checked(mx, l$rows, l$scores)
  stopifnot(mx$gradient < 1e-10, mx$concave, max(predict(exact, type = "zero")) > 0.01, mx$loglik >= max(fit$loglik, tight$loglik) - 1e-9, error < 1e-7)
  pearson <- unname(residuals(exact, "pearson"))
  answers[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), call = one(paste(deparse(fit$call, 500), collapse = "")),
    dist = one(fit$dist), link = one(fit$link), names = names(coef(fit)), exact = c(numbers_of(exact), list(vcov = lower(mx$vcov), gradient = one(mx$gradient), score_check = one(signif(error, 3)))),
    df = one(attr(logLik(exact), "df")), df_residual = one(fit$df.residual), nobs = one(fit$n), aic = one(AIC(exact)), bic = one(BIC(exact)),
    package = c(numbers_of(fit), list(warnings = first$warnings, iterations = one(tail(na.omit(fit$optim$count), 1)))),
    rows = c(list(position = used[at], y = fit$y[at], loglik = unname(l$rows(mx$par)[at]), pearson = pearson[at], residual = unname(exact$residuals[at])),
             lapply(types_of(exact), function(x) if (is.matrix(x)) x[at, , drop = FALSE] else x[at])),
    pearson_quantiles = unname(quantile(pearson)), predict = caught(types_of(exact, newdata = new_rows(d)))$value,
    robust = list(HC0 = gist(robust$HC0), CL = gist(robust$CL), sandwich = caught(gist(sandwich(exact)))[c("value", "error")]$value, vcovCL = caught(gist(vcovCL(exact, cluster = firms(used))))$value),
    zero_test = if (fit$dist == "poisson") zero_test(m, fit, l))
  exacts[[m$id]] <- exact; packages[[m$id]] <- fit
  texts[[paste("print", m$id)]] <- both(text(print(exact)), text(print(fit)), text(print(tight)))
  texts[[paste("summary", m$id)]] <- both(text(print(summary(exact))), text(print(summary(fit))), text(print(summary(tight))))
  answers[[m$id]]$printed <- list(print = texts[[paste("print", m$id)]]$same, summary = texts[[paste("summary", m$id)]]$same)
  cat(sprintf("%-22s gradient %.1e, above pscl by %.2e, text %s %s, score %.0e, %s\n", m$id, mx$gradient, mx$loglik - fit$loglik, texts[[paste("print", m$id)]]$same[[1]],
              texts[[paste("summary", m$id)]]$same[[1]], error, paste(first$warnings, collapse = "; ")))
}
for (id in c("constant-zero", "negbin", "weights", "no-intercept")) {
  pair(paste("coeftest", id), function(f) print(coeftest(f)), id)
  pair(paste("confint", id), function(f) print(confint(f)), id)
}
pair("coeftest sandwich parts", function(f) print(coeftest(f, vcov. = sandwich)), "parts")
pair("lrtest nested", function(a, b) print(lrtest(a, b)), "constant-zero", "all")
pair("lrtest dist", function(a, b) print(lrtest(a, b)), "all", "negbin")
pair("waldtest nested", function(a, b) print(waldtest(a, b)), "probit", "interaction")
pair("vuong parts", function(a, b) vuong(a, b), "parts", "constant-zero")
pair("vuong dist", function(a, b) vuong(a, b), "all", "negbin")
pair("AIC", function(a, b) print(AIC(a, b)), "all", "negbin")
pair("logLik negbin", function(f) print(logLik(f)), "negbin")
glm_poisson <- glm(art ~ ., data = bioChemists, family = poisson, control = list(epsilon = 1e-14))
pair("vuong glm", function(a) vuong(glm_poisson, a), "all")
answers[["parts"]]$vuong <- list(`constant-zero` = vuong_numbers(exacts$parts, exacts[["constant-zero"]]))
answers[["all"]]$vuong <- list(negbin = vuong_numbers(exacts$all, exacts$negbin))
# the zero part runs to minus infinity: pscl's answers, and the log-likelihood of the count model alone
degenerate <- list()
for (m in list(model("constants", "bioChemists", "art ~ 1", dist = q("negbin")), model("InsectSprays", "InsectSprays", "count ~ spray | 1"),
               model("epil", "epil", "y ~ trt + lbase + lage | 1", dist = q("geometric")))) {
  first <- fitted_by("zeroinfl", m); fit <- first$value; d <- load_data(m$data); count <- as.formula(sub(" *[|].*", "", m$formula))
  alone <- if (fit$dist == "geometric") glm(count, MASS::negative.binomial(1), d, control = list(epsilon = 1e-14)) else if (fit$dist == "negbin") suppressWarnings(MASS::glm.nb(count, d, control = glm.control(epsilon = 1e-14, maxit = 200))) else glm(count, poisson, d, control = list(epsilon = 1e-14))
  degenerate[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), dist = one(fit$dist), link = one(fit$link), names = names(coef(fit)),
    package = c(numbers_of(fit), list(warnings = first$warnings)), limit = if (fit$dist == "geometric") NULL else one(as.numeric(logLik(alone))), limit_coef = unname(coef(alone)),
    text = one(text(print(summary(fit)))))
  cat("degenerate", m$id, fit$coefficients$zero, sqrt(diag(vcov(fit)))[names(coef(fit))[length(coef(fit))]], fit$loglik - logLik(alone), "\n")
}
errors <- sentences(c("zeroinfl(x ~ z, zeros)", "zeroinfl(I(zip - 3) ~ z, zeros)", "zeroinfl(I(zip + 1) ~ z, zeros)", "zeroinfl(I(0 * zip) ~ z, zeros)", "zeroinfl(g ~ z, zeros)", "zeroinfl(zip ~ nosuch, zeros)", "zeroinfl(zip ~ x | nosuch, zeros)",
  "zeroinfl(zip ~ x, zeros, dist = \"gamma\")", "zeroinfl(zip ~ x, zeros, link = \"loglog\")", "zeroinfl(zip ~ x, zeros, weights = -w)", "zeroinfl(zip ~ x, zeros, subset = x > 100)", "zeroinfl(zip ~ x + I(2 * x), zeros)", "zeroinfl(zip ~ x | z + I(2 * z), zeros)",
  "zeroinfl(zip ~ x | z | g, zeros)", "zeroinfl(zip ~ 0 | z, zeros)", "zeroinfl(cbind(zip, zip) ~ z, zeros)", "zeroinfl(zip ~ xm, zeros, na.action = na.fail)", "zeroinfl(zip ~ x, zeros, subset = zip > 0)", "predict(zeroinfl(zip ~ g, zeros, subset = g != \"c\"), zeros)",
  "predict(zeroinfl(zip ~ x, zeros), zeros[\"z\"])", "predict(zeroinfl(zip ~ x, zeros), type = \"link\")", "residuals(zeroinfl(zip ~ x, zeros), \"deviance\")", "anova(zeroinfl(zip ~ x, zeros))", "drop1(zeroinfl(zip ~ x, zeros))", "predict(zeroinfl(zip ~ x | z, zeros), zeros[1:2, ], type = \"prob\", at = 3:5)"), "zeros")
write_models("zeroinfl", c("pscl", "sandwich", "lmtest"), answers, degenerate, errors)
write_texts("zeroinfl", texts)
cat(length(answers), "models,", length(texts), "texts,", sum(vapply(texts, function(t) t$same[[1]], NA)), "the same\n")
