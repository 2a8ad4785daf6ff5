# What R makes of hard cases and hostile input: hostile_reference.json (the data with it, so that both sides fit the same numbers).
# usage (in this directory): LC_ALL=C.UTF-8 Rscript hostile.R     R 4.2.2; ids are the rows of the table in test_hostile.py.
options(digits = 22, warn = 1)
source("common.R")
set.seed(20)
n <- 40
d <- data.frame(x = round(rnorm(n), 3), z = round(runif(n, 1, 9), 3), u = round(rnorm(n), 3))
d$f <- factor(rep(c("a", "b", "c", "d"), 10)); d$g <- factor(rep(c("p", "q"), each = 20))
d$y <- round(3 + d$x + 0.5 * d$z + rnorm(n), 3)
d$count <- rpois(n, exp(1 + 0.3 * d$x)); d$bin <- rbinom(n, 1, plogis(d$x))
d$pos <- round(rgamma(n, 3, 3 / exp(0.2 * d$z)), 4) + 0.01
d$p <- round(plogis(0.5 * d$x + 0.4 * d$u), 2); d$trials <- rep(5:9, 8); d$succ <- rbinom(n, d$trials, 0.4)
d$sep <- as.numeric(d$x > 0.1)
d$near <- d$x + 1e-9 * d$u; d$zero <- 0; d$big <- 1e8 * d$z; d$small <- 1e-8 * d$u; d$shifted <- d$x + 1e9
d$year <- rep(1971:2010); d$leverage <- c(1e6, d$x[-1]); d$huge <- rpois(n, 1e9 * exp(0.1 * d$x)); d$const <- 4.25
d$w <- rep(c(0, 1, 2, 1), 10); d$expo <- round(runif(n, 1, 5), 2); d$allzero <- 0
d$zerocell <- ifelse(d$f == "c", 0, d$count + 1)
m <- d; m$x[3] <- NA; m$y[7] <- NA; m$w[11] <- NA; m$expo[20] <- NA; m$f[25] <- NA

number_of <- function(call) {
  r <- caught(eval(call))
  if (!is.null(r$error)) return(list(error = one(r$error), warnings = r$warnings))
  fit <- r$value
  s <- coef(summary(fit))
  list(names = names(coef(fit)), coef = unname(coef(fit)), se = unname(s[, 2]), deviance = one(fit$deviance), null_deviance = one(fit$null.deviance),
       aic = one(fit$aic), loglik = one(as.numeric(logLik(fit))), df_residual = one(fit$df.residual), df_null = one(fit$df.null), rank = one(fit$rank),
       nobs = one(nobs(fit)), iter = one(fit$iter), converged = one(fit$converged), fitted = unname(head(fitted(fit), 6)), n_fitted = one(length(fitted(fit))),
       warnings = r$warnings)
}
cases <- list(
  "1" = quote(glm(sep ~ x, binomial, d)), "1b" = quote(glm(sep ~ x + z, binomial, d)),
  "2" = quote(glm(HG ~ NV + PI + EH, binomial, load_data("endometrial"))), "3" = quote(glm(zerocell ~ f, poisson, d)),
  "4" = quote(glm(y ~ x + I(2 * x) + z, data = d)), "4b" = quote(glm(count ~ x + z + I(x - z), poisson, d)),
  "5" = quote(glm(y ~ x + near, data = d)), "6" = quote(glm(bin ~ x + zero, binomial, d)), "6b" = quote(glm(y ~ zero + x, data = d)),
  "7" = quote(glm(y ~ f * g, data = d[!(d$f == "b" & d$g == "q"), ])), "7b" = quote(glm(count ~ f:g, poisson, d[!(d$f == "b" & d$g == "q"), ])),
  "8" = quote(glm(y ~ f, data = d[d$f != "c", ])), "8b" = quote(glm(y ~ f, data = d[d$f != "a", ])), "8c" = quote(glm(y ~ f * x, data = d, subset = f != "a")),
  "9" = quote(glm(y ~ x + f + offset(log(expo)), data = m, weights = w)), "9b" = quote(glm(count ~ x, poisson, m, weights = w, offset = log(expo), na.action = na.exclude)),
  "10" = quote(glm(y ~ I(1/zero), data = d)), "11" = quote(glm(count ~ x + offset(log(zero)), poisson, d)), "11b" = quote(glm(count ~ x + log(zero), poisson, d)),
  "12" = quote(glm(y ~ x, data = d, weights = w)), "12b" = quote(glm(bin ~ x, binomial, d, weights = w)), "12c" = quote(glm(pos ~ z, Gamma, d, weights = w)),
  "13" = quote(glm(y ~ x, data = d, weights = x)), "14" = quote(glm(y ~ x, data = d, weights = zero)),
  "15" = quote(glm(y - 100 ~ x, poisson, d)), "16" = quote(glm(allzero ~ x, Gamma, d)), "16b" = quote(glm(count - 1 ~ x, Gamma, d)), "17" = quote(glm(count ~ x, binomial, d)),
  "18" = quote(glm(pos ~ x, poisson, d)), "19" = quote(glm(p ~ x, binomial, d)), "19b" = quote(glm(p ~ x, quasibinomial, d)),
  "19c" = quote(glm(succ/trials ~ x, binomial, d, weights = trials)), "19d" = quote(glm(cbind(succ, trials - succ) ~ x, binomial, d)), "19e" = quote(glm(cbind(pos, pos) ~ x, binomial, d)),
  "20" = quote(glm(bin == 1 ~ x, binomial, d)), "20b" = quote(glm(g ~ x, binomial, d)), "21" = quote(glm(as.character(g) ~ x, binomial, d)),
  "22" = quote(glm(f ~ x, binomial, d)), "23" = quote(glm(allzero ~ 1, poisson, d)), "23b" = quote(glm(allzero ~ x, poisson, d)), "24" = quote(glm(const ~ x, data = d)),
  "25" = quote(glm(y ~ x + z + u + f + I(x^2) + I(z^2), data = d[1:6, ])), "25b" = quote(glm(bin ~ x + z + u + f, binomial, d[1:4, ])),
  "26" = quote(glm(y ~ x, data = d[0, ])), "26b" = quote(glm(y ~ x, data = transform(d, x = NA_real_))),
  "27" = quote(glm(y ~ big + small, data = d)), "27b" = quote(glm(bin ~ big + small, binomial, d)), "28" = quote(glm(y ~ shifted, data = d)), "28b" = quote(glm(bin ~ shifted, binomial, d)),
  "29" = quote(glm(y ~ year + I(year^2) + I(year^3), data = d)), "29b" = quote(glm(count ~ year + I(year^2) + I(year^3), poisson, d)),
  "30" = quote(glm(count ~ x + offset(rep(800, 40)), poisson, d)), "31" = quote(glm(huge ~ x, poisson, d)), "32" = quote(glm(y ~ leverage, data = d)), "32b" = quote(glm(bin ~ leverage, binomial, d)),
  "37" = quote(glm(y ~ x + I(2 * x) + z, data = d)),
  "38" = quote(glm(`x 1` ~ x.1 + class + log(I) + T, data = setNames(d[c("y", "x", "u", "z", "expo")], c("x 1", "x.1", "class", "I", "T")))),
  "46" = quote(glm(y ~ x, data = d, weights = 1:3)), "46b" = quote(glm(y ~ x, data = d, offset = 1:3)), "47" = quote(glm(count ~ x, poisson, d, offset = rep(0.5, 40))),
  "48" = quote(glm(y ~ 0, data = d)), "48b" = quote(glm(count ~ 0 + offset(log(expo)), poisson, d)), "49" = quote(glm(y ~ x + f, data = d, subset = f == "a")),
  "50" = quote(glm(y ~ y + x, data = d)), "51" = quote(glm(y ~ x^2, data = d)), "51b" = quote(glm(y ~ (x + z)^2, data = d)), "52" = quote(glm(y ~ xx, data = d)),
  "55" = quote(glm(bin ~ x, binomial, d, maxit = 1)), "55b" = quote(glm(count ~ x, poisson, d, maxit = 2)))
answers <- lapply(cases, number_of)
fit <- glm(y ~ x + f + offset(log(expo)), data = d); new <- data.frame(x = c(0, 1), f = c("a", "z"), expo = 2)
predictions <- list("33" = caught(predict(fit, new)), "34" = caught(predict(fit, new["x"])), "35" = caught(predict(fit, transform(new, f = "a", x = c("a", "b")))),
  "36" = caught(predict(fit, data.frame(x = 0, f = "a"))), "37" = caught(predict(glm(y ~ x + I(2 * x) + z, data = d), data.frame(x = 1, z = 2))))
predictions <- lapply(predictions, function(r) if (is.null(r$error)) list(fit = unname(r$value), warnings = r$warnings) else list(error = one(r$error)))
f1 <- glm(y ~ x, data = m); f2 <- glm(y ~ x + f, data = m)
others <- list("54" = one(caught(anova(f1, f2))$error))
columns <- lapply(d, function(x) if (is.factor(x)) as.character(x) else x)
missing_columns <- lapply(m[c("x", "y", "w", "expo", "f")], function(x) if (is.factor(x)) as.character(x) else x)
writeLines(paste0('{"version": ', json(one(R.version.string)), ',\n"data": ', json(columns), ',\n"with_missing": ', json(missing_columns),
  ',\n"fits": {\n', paste0(json_text(names(answers)), ": ", vapply(answers, json, ""), collapse = ",\n"),
  '},\n"predict": ', json(predictions), ',\n"other": ', json(others), "}"), "hostile_reference.json")
