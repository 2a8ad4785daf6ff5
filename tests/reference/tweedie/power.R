# The power of a Tweedie family by maximum likelihood: R 4.2.2 with statmod and jsonlite -> power.json. The density is Dunn & Smyth's (2005) series,
# summed over far more terms than it needs; the profile over the power takes the dispersion of maximum likelihood at each.
# usage (in this directory): Rscript power.R
suppressMessages({library(statmod); library(jsonlite)})
log_density <- function(y, mu, phi, p) {
  a <- (2 - p) / (1 - p)
  vapply(seq_along(y), function(i) {
    kernel <- (y[i] * mu[i]^(1 - p) / (1 - p) - mu[i]^(2 - p) / (2 - p)) / phi
    if (y[i] == 0) return(-mu[i]^(2 - p) / (2 - p) / phi)
    middle <- y[i]^(2 - p) / (phi * (2 - p)); j <- seq_len(ceiling(middle + 40 * sqrt(middle) + 200))
    terms <- -j * a * log(y[i]) + a * j * log(p - 1) - j * (1 - a) * log(phi) - j * log(2 - p) - lgamma(j + 1) - lgamma(-j * a)
    top <- max(terms); kernel - log(y[i]) + top + log(sum(exp(terms - top)))
  }, 0)
}
draw <- function(mu, p, phi) { lambda <- mu^(2 - p) / (phi * (2 - p)); n <- rpois(length(mu), lambda); ifelse(n > 0, rgamma(length(mu), pmax(n, 1) * (2 - p) / (p - 1)) * phi * (p - 1) * mu^(p - 1), 0) }
profiled <- function(d, formula, link, weights, offset) {
  w <- if (is.null(weights)) rep(1, nrow(d)) else d[[weights]]; o <- if (is.null(offset)) rep(0, nrow(d)) else d[[offset]]
  d$.w <- w; d$.o <- o
  fit_at <- function(p) glm(as.formula(formula), family = tweedie(var.power = p, link.power = link), data = d, weights = .w, offset = .o, control = list(epsilon = 1e-14, maxit = 200))
  height <- function(p) {
    fit <- fit_at(p); mu <- fitted(fit); y <- fit$y; wt <- fit$prior.weights
    best <- optimize(function(u) sum(wt * log_density(y, mu, exp(u), p)), log(deviance(fit) / sum(wt)) + c(-3, 3), maximum = TRUE, tol = 1e-9)
    c(best$objective, exp(best$maximum))
  }
  grid <- seq(1.1, 1.9, 0.1); k <- which.max(vapply(grid, function(p) height(p)[1], 0))
  top <- optimize(function(p) height(p)[1], grid[k] + c(-0.1, 0.1), maximum = TRUE, tol = 1e-9); p <- top$maximum
  below <- function(q) height(q)[1] - top$objective + qchisq(0.95, 1) / 2
  end <- function(bound) if (below(bound) > 0) bound else uniroot(below, sort(c(p, bound)), tol = 1e-9)$root
  fit <- glm(as.formula(formula), family = tweedie(var.power = p, link.power = link), data = d, weights = .w, offset = .o); s <- summary(fit)
  list(power = p, lower = end(1.01), upper = end(1.99), loglik = top$objective, phi = height(p)[2], coef = unname(coef(fit)), se = unname(s$coefficients[, 2]), dispersion = s$dispersion, deviance = deviance(fit), null = fit$null.deviance)
}
set.seed(2025); n <- 150
d <- data.frame(x = round(rnorm(n), 3), z = round(runif(n), 3), f = factor(sample(c("a", "b", "c"), n, TRUE)), w = sample(1:4, n, TRUE), e = round(runif(n, 0.2, 2), 3))
mu <- exp(0.5 + 0.4 * d$x + 0.5 * (d$f == "b"))
d$y1 <- signif(draw(mu, 1.5, 1), 8); d$y2 <- signif(draw(mu, 1.25, 0.8), 8); d$y3 <- signif(draw(mu, 1.8, 1.2), 8)
d$y4 <- signif(draw(mu * d$e, 1.6, 0.5), 8); d$y5 <- signif(draw(10 * mu, 1.4, 0.05), 8); d$y6 <- signif(draw(mu, 1.35, 0.3), 8); d$le <- log(d$e)
d$y7 <- d$y1; d$y7[c(3, 70)] <- NA
cases <- list(plain = list(formula = "y1 ~ x + f"), low = list(formula = "y2 ~ x"), high = list(formula = "y3 ~ x + z"), offset = list(formula = "y4 ~ x + f", offset = "le"), no_zeros = list(formula = "y5 ~ x + f"),
  weights = list(formula = "y6 ~ x * f", weights = "w"), constant = list(formula = "y1 ~ 1"), identity = list(formula = "y6 ~ z", link = 1), missing = list(formula = "y7 ~ x"))
answers <- lapply(cases, function(c) c(c, profiled(d, c$formula, if (is.null(c$link)) 0 else c$link, c$weights, c$offset)))
writeLines(toJSON(list(version = R.version.string, statmod = as.character(packageVersion("statmod")), data = d, cases = answers), digits = NA, auto_unbox = TRUE, na = "null", dataframe = "columns"), "power.json")
cat(vapply(answers, function(a) sprintf("%.5f", a$power), ""), "\n")
