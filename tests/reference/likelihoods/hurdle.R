# pscl's hurdle at the exact maximum of its two likelihoods -> hurdle.json.gz, hurdle_texts.json
# usage (in ../models): LC_ALL=C.UTF-8 Rscript ../likelihoods/hurdle.R      R 4.2.2, pscl, numDeriv, sandwich, lmtest
source("../likelihoods/likelihoods.R")
suppressMessages(library(pscl))
nb <- q("negbin"); geo <- q("geometric"); poi <- q("poisson")
models <- list(
  model("all", "bioChemists", "art ~ ."),
  model("parts", "bioChemists", "art ~ fem + mar + kid5 + phd + ment | ment"),
  model("constant-zero", "bioChemists", "art ~ fem + ment | 1"),
  model("constants", "bioChemists", "art ~ 1", dist = nb),
  model("long", "bioChemists", "art ~ fem + mar + kid5 + phd + ment + I(ment^2) + fem:mar | fem + mar + kid5 + ment"),
  model("constants-poisson", "zeros", "cut ~ 1 | 1"),
  model("negbin", "bioChemists", "art ~ . | .", dist = nb),
  model("negbin-parts", "bioChemists", "art ~ fem + kid5 + ment | ment", dist = nb),
  model("geometric", "bioChemists", "art ~ fem + ment | ment", dist = geo),
  model("probit", "zeros", "cut ~ x + g | z + h", link = q("probit")),
  model("cloglog", "zeros", "cut ~ x + g | z + h", link = q("cloglog")),
  model("cauchit", "zeros", "cut ~ x + g | z + h", link = q("cauchit")),
  model("log", "zeros", "cut ~ x | h", link = q("log")),
  model("negbin-probit", "zeros", "cutnb ~ x + g | z", dist = nb, link = q("probit")),
  model("negbin-cloglog", "zeros", "cutnb ~ x + g | z", dist = nb, link = q("cloglog")),
  model("negbin-cauchit", "zeros", "cutnb ~ x + g | z", dist = nb, link = q("cauchit")),
  model("geometric-probit", "zeros", "cutnb ~ x | z", dist = geo, link = q("probit")),
  model("poisson-poisson", "zeros", "cut ~ x + g | z", zero.dist = poi),
  model("poisson-geometric", "zeros", "cut ~ x + g | z + h", zero.dist = geo),
  model("poisson-negbin", "hurdles", "y ~ x + g | x + u", zero.dist = nb),
  model("negbin-poisson", "zeros", "cutnb ~ x + g | z", dist = nb, zero.dist = poi),
  model("negbin-geometric", "zeros", "cutnb ~ x + g | z", dist = nb, zero.dist = geo),
  model("negbin-negbin", "hurdles", "y ~ x + u + g", dist = nb, zero.dist = nb),
  model("geometric-geometric", "bioChemists", "art ~ .", dist = geo, zero.dist = geo),
  model("geometric-poisson", "zeros", "cutnb ~ x | z", dist = geo, zero.dist = poi),
  model("geometric-negbin", "hurdles", "y ~ x | x + u + g", dist = geo, zero.dist = nb),
  model("negbin-negbin-weights", "hurdles", "y ~ x | x + u", dist = nb, zero.dist = nb, weights = "v"),
  model("interaction", "zeros", "cut ~ x * g | z * h"),
  model("poly", "zeros", "cut ~ poly(x, 2) + log(time) | z"),
  model("spline", "zeros", "cut ~ splines::ns(x, 3) + h | z"),
  model("offset-both", "zeros", "cut ~ x + offset(log(time))"),
  model("offset-both-poisson", "zeros", "cut ~ x + offset(log(time))", zero.dist = poi),
  model("offset-count", "zeros", "cut ~ x + g + offset(log(time)) | z"),
  model("offset-zero", "zeros", "cut ~ x | z + offset(0.5 * x)"),
  model("offset-parts", "zeros", "cutnb ~ x + offset(log(time)) | z + offset(0.3 * time)", dist = nb),
  model("offset-argument", "zeros", "cut ~ x | z", offset = "log(time)"),
  model("weights", "zeros", "cut ~ x + g | z", weights = "w"),
  model("weights-fractional", "zeros", "cutnb ~ x + g | z", dist = nb, weights = "v"),
  model("weights-geometric", "zeros", "cutnb ~ x + g | z", dist = geo, zero.dist = geo, weights = "v"),
  model("missing", "zeros", "cut ~ xm + gm | z"),
  model("missing-negbin", "zeros", "cutnb ~ xm | z + gm", dist = nb),
  model("subset", "zeros", "cut ~ x | z", subset = 'h == "yes" | x > 0'),
  model("subset-level", "zeros", "cut ~ x + g | z", subset = 'g != "c"'),
  model("contrasts", "zeros", "cut ~ C(g, sum) + x | C(h, sum)"),
  model("no-intercept", "zeros", "cut ~ 0 + g + x | 0 + h"),
  model("no-intercept-numeric", "zeros", "cut ~ x + z - 1 | z"),
  model("scaled", "zeros", "cut ~ far + g | near"),
  model("scaled-negbin", "zeros", "cutnb ~ far | near + h", dist = nb),
  model("quine", "quine", "Days ~ Eth + Sex + Age | Lrn", dist = nb),
  model("Affairs", "Affairs", "affairs ~ age + yearsmarried + religiousness + occupation + rating"),
  model("Affairs-negbin", "Affairs", "affairs ~ gender + age + rating | yearsmarried + children + rating", dist = nb),
  model("epil", "epil", "y ~ trt + lbase + lage | lbase", dist = nb),
  model("exclude", "zeros", "cut ~ xm | z", na.action = "na.exclude"))

likelihood <- function(fit) {            # of the two parts, each with its own parameters
  X <- model.matrix(fit, "count"); Z <- model.matrix(fit, "zero"); y <- fit$y; n <- length(y)
  or <- function(a, b) if (is.null(a)) rep(b, n) else as.vector(a)
  w <- or(fit$weights, 1); ox <- or(fit$offset$count, 0); oz <- or(fit$offset$zero, 0)
  i <- seq_len(ncol(X)); j <- seq_len(ncol(Z)); up <- y > 0; dist <- fit$dist$count; zero <- fit$dist$zero; theta <- "log(theta)"
  above <- function(c0) list(l = log1mexp(c0$l), e = -c0$e / expm1(-c0$l), t = -c0$t / expm1(-c0$l))   # log(1 - f(0))
  of_count <- function(p) {
    eta <- drop(X %*% p[i]) + ox
    a <- above(count_rows(dist, 0, eta, p[theta])); c <- count_rows(dist, y, eta, p[theta])
    list(l = ifelse(up, c$l - a$l, 0), e = ifelse(up, c$e - a$e, 0), t = ifelse(up, c$t - a$t, 0))
  }
  of_zero <- function(p) {
    eta <- drop(Z %*% p[j]) + oz
    if (zero == "binomial") { r <- link_rows(fit$link, eta); return(list(l = ifelse(up, r$p, r$q), e = ifelse(up, r$dp, r$dq), t = 0 * eta)) }
    c0 <- count_rows(zero, 0, eta, p[theta]); a <- above(c0)
    list(l = ifelse(up, a$l, c0$l), e = ifelse(up, a$e, c0$e), t = ifelse(up, a$t, c0$t))
  }
  part <- function(of, M, dist) list(rows = function(p) w * of(p)$l, unit = c(units(M), if (dist == "negbin") 1),
                                     scores = function(p) { r <- of(p); cbind(w * r$e * M, if (dist == "negbin") w * r$t) })
  list(count = part(of_count, X, dist), zero = part(of_zero, Z, zero), X = X, Z = Z, w = w)
}
start_of <- function(fit, name) c(fit$coefficients[[name]], if (fit$dist[[name]] == "negbin") c("log(theta)" = log(fit$theta[[name]])))
exact_object <- function(fit, mx, l) {
  for (name in c("count", "zero")) {
    k <- length(fit$coefficients[[name]]); p <- mx[[name]]$par; V <- mx[[name]]$vcov
    fit$coefficients[[name]] <- p[seq_len(k)]
    at <- if (name == "count") seq_len(k) else nrow(fit$vcov) - k + seq_len(k)
    fit$vcov[at, at] <- V[seq_len(k), seq_len(k)]
    if (fit$dist[[name]] == "negbin") { fit$theta[name] <- exp(p[[k + 1]]); fit$SE.logtheta[name] <- sqrt(V[k + 1, k + 1]) }
  }
  fit$loglik <- mx$count$loglik + mx$zero$loglik
  fit$fitted.values <- exp(log(predict(fit, type = "zero")) + log(predict(fit, type = "count")))
  fit$residuals <- sqrt(l$w) * (fit$y - fit$fitted.values)
  fit
}
numbers_of <- function(fit) list(coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))), theta = as.list(fit$theta), se_logtheta = as.list(fit$SE.logtheta), loglik = one(fit$loglik))
ones <- function(x) { x <- lapply(x, one); if (length(x)) x else NULL }

answers <- texts <- exacts <- packages <- list()
for (m in models) {
  first <- fitted_by("hurdle", m); fit <- first$value
  tight <- fitted_by("hurdle", m, control = quote(hurdle.control(reltol = 1e-15, maxit = 1e5)))$value
  if (is.null(fit) || is.null(tight)) { cat(m$id, "refused:", first$error, "\n"); next }
  l <- likelihood(fit)
  mx <- tryCatch(lapply(c(count = "count", zero = "zero"), function(name) maximise(start_of(tight, name), l[[name]]$rows, l[[name]]$scores, l[[name]]$unit)),
                 error = function(e) { cat(m$id, conditionMessage(e), "theta", tight$theta, "\n"); NULL })
  if (is.null(mx)) next
  exact <- exact_object(fit, mx, l); d <- load_data(m$data)
  used <- match(rownames(l$X), rownames(d)) - 1; at <- some(length(used))
  S <- cbind(l$count$scores(mx$count$par), l$zero$scores(mx$zero$par)); kc <- length(mx$count$par); V <- matrix(0, ncol(S), ncol(S))
  V[seq_len(kc), seq_len(kc)] <- mx$count$vcov; V[-seq_len(kc), -seq_len(kc)] <- mx$zero$vcov
  robust <- robust_of(V, S, firms(used))
  size <- max(mx$count$gradient, mx$zero$gradient)
  error <- max(checked(mx$count, l$count$rows, l$count$scores), checked(mx$zero, l$zero$rows, l$zero$scores))
  stopifnot(size < 1e-10, mx$count$concave, mx$zero$concave, exact$loglik >= max(fit$loglik, tight$loglik) - 1e-9, error < 1e-7)
  pearson <- unname(residuals(exact, "pearson"))
  n <- numbers_of(exact); n$theta <- ones(n$theta); n$se_logtheta <- ones(n$se_logtheta)
  o <- numbers_of(fit); o$theta <- ones(o$theta); o$se_logtheta <- ones(o$se_logtheta)
  answers[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), call = one(paste(deparse(fit$call, 500), collapse = "")),
    dist = one(fit$dist$count), zero_dist = one(fit$dist$zero), link = if (is.null(fit$link)) NULL else one(fit$link), names = names(coef(fit)),
    exact = c(n, list(loglik_count = one(mx$count$loglik), loglik_zero = one(mx$zero$loglik), vcov_count = lower(mx$count$vcov), vcov_zero = lower(mx$zero$vcov),
                      gradient = one(size), score_check = one(signif(error, 3)))),
    df = one(attr(logLik(exact), "df")), df_residual = one(fit$df.residual), nobs = one(fit$n), aic = one(AIC(exact)), bic = one(BIC(exact)),
    package = c(o, list(warnings = first$warnings, iterations = one(summary(fit)$iterations))),
    rows = c(list(position = used[at], y = fit$y[at], loglik = unname(l$count$rows(mx$count$par) + l$zero$rows(mx$zero$par))[at], pearson = pearson[at], residual = unname(exact$residuals[at])),
             lapply(types_of(exact), function(x) if (is.matrix(x)) x[at, , drop = FALSE] else x[at])),
    pearson_quantiles = unname(quantile(pearson)), predict = caught(types_of(exact, newdata = new_rows(d)))$value,
    robust = list(HC0 = gist(robust$HC0), CL = gist(robust$CL), sandwich = caught(gist(sandwich(exact)))$value, vcovCL = caught(gist(vcovCL(exact, cluster = firms(used))))$value),
    hurdletest = caught({ h <- hurdletest(exact); list(statistic = one(h$Chisq[2]), df = one(h$Df[2]), p = one(h[["Pr(>Chisq)"]][2])) })$value)
  exacts[[m$id]] <- exact; packages[[m$id]] <- fit
  texts[[paste("print", m$id)]] <- both(text(print(exact)), text(print(fit)), text(print(tight)))
  texts[[paste("summary", m$id)]] <- both(text(print(summary(exact))), text(print(summary(fit))), text(print(summary(tight))))
  answers[[m$id]]$printed <- list(print = texts[[paste("print", m$id)]]$same, summary = texts[[paste("summary", m$id)]]$same)
  cat(sprintf("%-22s gradient %.1e, above pscl by %.2e, text %s %s, score %.0e, %s\n", m$id, size, exact$loglik - fit$loglik, texts[[paste("print", m$id)]]$same[[1]],
              texts[[paste("summary", m$id)]]$same[[1]], error, paste(first$warnings, collapse = "; ")))
}
for (id in c("constant-zero", "negbin", "weights", "no-intercept", "negbin-negbin")) {
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
pair("logLik negbin-negbin", function(f) print(logLik(f)), "negbin-negbin")
for (id in c("geometric-geometric", "offset-both-poisson", "negbin-negbin")) pair(paste("hurdletest", id), function(f) print(hurdletest(f)), id)
answers[["parts"]]$vuong <- list(`constant-zero` = vuong_numbers(exacts$parts, exacts[["constant-zero"]]))
answers[["all"]]$vuong <- list(negbin = vuong_numbers(exacts$all, exacts$negbin))
# theta runs to infinity
degenerate <- list()
for (m in list(model("theta", "zeros", "cut ~ x + g | z", dist = nb), model("theta-zero", "bioChemists", "art ~ fem + ment | ment", zero.dist = nb))) {
  first <- fitted_by("hurdle", m); fit <- first$value; o <- numbers_of(fit)
  o$theta <- ones(o$theta); o$se_logtheta <- ones(o$se_logtheta)
  degenerate[[m$id]] <- list(data = one(m$data), formula = one(m$formula), args = args_of(m), names = names(coef(fit)), package = c(o, list(warnings = first$warnings)), text = one(text(print(summary(fit)))))
  cat("degenerate", m$id, fit$theta, fit$SE.logtheta, fit$loglik, "\n")
}
errors <- sentences(c("hurdle(x ~ z, zeros)", "hurdle(I(cut - 3) ~ z, zeros)", "hurdle(I(cut + 1) ~ z, zeros)", "hurdle(I(0 * cut) ~ z, zeros)", "hurdle(g ~ z, zeros)", "hurdle(cut ~ nosuch, zeros)", "hurdle(cut ~ x | nosuch, zeros)",
  "hurdle(cut ~ x, zeros, dist = \"gamma\")", "hurdle(cut ~ x, zeros, link = \"loglog\")", "hurdle(cut ~ x, zeros, weights = -w)", "hurdle(cut ~ x, zeros, subset = x > 100)", "hurdle(cut ~ x + I(2 * x), zeros)", "hurdle(cut ~ x | z + I(2 * z), zeros)",
  "hurdle(cut ~ x | z | g, zeros)", "hurdle(cut ~ 0 | z, zeros)", "hurdle(cbind(cut, cut) ~ z, zeros)", "hurdle(cut ~ xm, zeros, na.action = na.fail)", "hurdle(cut ~ x, zeros, subset = cut > 0)", "predict(hurdle(cut ~ g, zeros, subset = g != \"c\"), zeros)",
  "predict(hurdle(cut ~ x, zeros), zeros[\"z\"])", "predict(hurdle(cut ~ x, zeros), type = \"link\")", "residuals(hurdle(cut ~ x, zeros), \"deviance\")", "anova(hurdle(cut ~ x, zeros))", "drop1(hurdle(cut ~ x, zeros))", "predict(hurdle(cut ~ x | z, zeros), zeros[1:2, ], type = \"prob\", at = 3:5)", "hurdle(cut ~ x, zeros, zero.dist = \"gamma\")", "hurdle(cut ~ x, zeros, zero.dist = \"poisson\", link = \"probit\")"), "zeros")
write_models("hurdle", c("pscl", "sandwich", "lmtest"), answers, degenerate, errors)
write_texts("hurdle", texts)
cat(length(answers), "models,", length(texts), "texts,", sum(vapply(texts, function(t) t$same[[1]], NA)), "the same\n")
