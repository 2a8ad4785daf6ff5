# What R's families and links give on grids: families_4.2.json.gz (with MASS and statmod) and families_4.6.json.gz.
# Run in this directory: Rscript families.R; the file's name comes from R's version. Numbers are strings of 17 digits.

number <- function(x) ifelse(is.na(x) & !is.nan(x), "\"NaN\"", paste0("\"", sprintf("%.17g", as.numeric(x)), "\""))
text <- function(s) paste0("\"", gsub("\n", "\\\\n", gsub("\"", "\\\\\"", gsub("\\\\", "\\\\\\\\", s))), "\"")
json <- function(x) {
  if (is.list(x)) {
    if (is.null(names(x))) return(paste0("[", paste(vapply(x, json, ""), collapse = ",\n"), "]"))
    return(paste0("{", paste0(text(names(x)), ": ", vapply(x, json, ""), collapse = ",\n"), "}"))
  }
  if (is.character(x)) return(text(x))
  if (is.logical(x)) x <- as.numeric(x)
  paste0("[", paste(number(x), collapse = ", "), "]")
}
quietly <- function(expr) suppressWarnings(expr)
elementwise <- function(f, x) vapply(x, function(one) isTRUE(all(f(one))), NA)

# --- links ------------------------------------------------------------------------------------------------------
reals <- c(-1e300, -1e16, -1e8, -1e3, -710, -300, -40, -36.5, -30.0000001, -30, -29.9, -20, -8.2, -8.1, -5, -2, -1,
           -0.3, -1e-5, -1e-12, 0, 1e-12, 1e-5, 0.25, 0.9, 1, 1.5, 3, 3.7, 8.1, 8.2, 20, 29.9, 30, 30.0000001, 36.5, 40,
           300, 700, 710, 1e3, 1e8, 1e16, 1e300)
unit <- c(1e-300, 1e-100, 1e-20, 1e-15, 1e-8, 1e-3, 0.1, 0.2499, 0.25, 0.4, 0.499999, 0.5, 0.6, 0.75, 0.7501, 0.9,
          0.999, 1 - 1e-8, 1 - 1e-15)
positive <- c(1e-300, 1e-100, 1e-16, 1e-8, 1e-3, 0.1, 0.5, 1, 1.7, 10, 1e3, 1e8, 1e16, 1e100, 1e300)

one_link <- function(link, mu) list(
  name = link$name, eta = reals, mu = mu, linkfun = quietly(link$linkfun(mu)), linkinv = quietly(link$linkinv(reals)),
  mu_eta = quietly(link$mu.eta(reals)), valid_eta = elementwise(link$valideta, reals))
links <- list()
for (name in c("logit", "probit", "cauchit", "cloglog")) links[[name]] <- one_link(make.link(name), unit)
for (name in c("identity", "log", "sqrt", "inverse", "1/mu^2")) links[[name]] <- one_link(make.link(name), positive)
for (lambda in c(-1, 0, 0.3, 1/3, 0.5, 1, 2, 3.14159)) {
  links[[paste0("power(", sprintf("%.17g", lambda), ")")]] <- one_link(power(lambda), positive)
}

# --- families ---------------------------------------------------------------------------------------------------
start <- function(f, y, weights, trials = NULL) {
  where <- list2env(list(y = y, weights = weights, nobs = length(y), family = f, etastart = NULL, start = NULL,
                         mustart = NULL), parent = globalenv())
  if (!is.null(trials)) where$y <- cbind(y * trials, trials - y * trials)
  quietly(eval(f$initialize, where))
  where$mustart
}
one_family <- function(f, y, mu, start_y = y, cases = list()) {
  grid <- expand.grid(y = y, mu = mu)
  weights <- rep_len(c(1, 2, 0.5, 7), length(start_y))
  list(family = f$family, link = f$link, printed = paste(capture.output(print(f)), collapse = "\n"),
       mu = mu, variance = quietly(f$variance(mu)), mu_tried = reals, valid_mu = elementwise(f$validmu, reals),
       y = grid$y, y_mu = grid$mu, unit_deviance = quietly(f$dev.resids(grid$y, grid$mu, rep(1, nrow(grid)))),
       start_y = start_y, start_weights = weights, start_mu = start(f, start_y, weights),
       aic = lapply(cases, function(case) with(case, {
         dev <- quietly(sum(f$dev.resids(y, mu, w)))
         list(y = y, mu = mu, weights = w, trials = if (is.null(case$n)) numeric() else n, deviance = dev,
              aic = quietly(f$aic(y, if (is.null(case$n)) rep(1, length(y)) else n, mu, w, dev)))
       })))
}
aic_cases <- function(y, mu) {
  n <- length(y)
  list(list(y = y, mu = mu, w = rep(1, n)), list(y = y, mu = mu, w = rep_len(c(1, 2, 0.5, 3.25, 1e-3), n)),
       list(y = y, mu = rev(mu), w = rep_len(c(4, 1), n)))
}
real_y <- c(-1e8, -3.5, -1, -1e-6, 0, 1e-6, 0.5, 1, 2.25, 1e8)
count_y <- c(0, 1, 2, 3, 7, 15, 16, 17, 100, 12345, 1e6, 1e9)
count_mu <- c(1e-12, 1e-3, 0.3, 1, 2.5, 7, 15.5, 30, 101, 12000, 1.01e6, 1e9 + 1e5, 1e12)
positive_y <- c(1e-12, 1e-3, 0.1, 0.5, 1, 1.0001, 3, 10, 1e3, 1e8)
positive_mu <- c(1e-10, 1e-3, 0.11, 0.4, 1, 1.5, 3.0001, 12, 1e3, 1.1e8)
binary <- c(0, 1); proportions <- c(0, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1)
counts <- aic_cases(c(0, 1, 2, 5, 14, 15, 16, 40, 1000, 1e6, 1e9),
                    c(0.01, 0.7, 3, 4.4, 20, 15, 9, 41, 1100, 1.001e6, 1.00001e9))
strictly <- aic_cases(c(1e-3, 0.2, 0.9, 1, 1.7, 3, 10, 250), c(2e-3, 0.15, 1.1, 1.3, 1.2, 2.5, 14, 200))
size <- c(1, 2, 5, 16, 17, 40, 1000, 1e6, 1e9, 3); share <- c(1, 0.5, 0.2, 0.25, 1, 0, 0.3, 0.5, 0.123456789, 1/3)
guess <- c(0.9, 0.4, 0.3, 0.2, 0.7, 0.1, 0.31, 0.5005, 0.1234, 0.5)
binomials <- list(
  list(y = rep_len(binary, 12), mu = seq(0.01, 0.97, length.out = 12), w = rep(1, 12)),
  list(y = rep_len(binary, 12), mu = c(1e-12, 1 - 1e-12, 1e-5, rep(0.5, 9)), w = rep_len(c(1, 2, 3, 0), 12)),
  list(y = share, mu = guess, w = size), list(y = share, mu = guess, w = size, n = size),
  list(y = share, mu = guess, w = size * 2.5, n = size),
  list(y = c(0.5, 1, 0.3, 0.2), mu = c(0.5, 0.9, 0.3, 0.6), w = c(2.6, 0.7, 0.4, 0.6)),
  list(y = c(0, 0.5, 1, 0), mu = c(0.5, 0.9, 0.3, 0.6), w = c(0, 2, 3, 0), n = c(0, 1, 3, 0)))

families <- list(
  gaussian = one_family(gaussian(), real_y, real_y, cases = aic_cases(real_y, real_y + seq(-1, 1.25, by = 0.25))),
  gaussian_zero_weight = one_family(gaussian(), 1, 1, cases = list(list(y = 1:3, mu = c(1, 1, 2), w = c(1, 0, 2)))),
  binomial = one_family(binomial(), proportions, unit, cases = binomials),
  quasibinomial = one_family(quasibinomial(), proportions, unit, cases = binomials[1]),
  poisson = one_family(poisson(), count_y, count_mu, cases = counts),
  quasipoisson = one_family(quasipoisson(), c(count_y, 0.25), count_mu, cases = counts[1]),
  Gamma = one_family(Gamma(), positive_y, positive_mu, cases = strictly),
  inverse.gaussian = one_family(inverse.gaussian(), positive_y, positive_mu, cases = strictly),
  "quasi constant" = one_family(quasi(), real_y, real_y, cases = strictly[1]),
  "quasi mu(1-mu)" = one_family(quasi("logit", "mu(1-mu)"), proportions, unit),
  "quasi mu" = one_family(quasi("log", "mu"), c(count_y, 0.25), count_mu),
  "quasi mu^2" = one_family(quasi(power(1/3), "mu^2"), c(0, positive_y), positive_mu),
  "quasi mu^3" = one_family(quasi("1/mu^2", "mu^3"), positive_y, positive_mu))
if (requireNamespace("MASS", quietly = TRUE)) for (theta in c(1e-3, 0.7, 2, 2.123456789, 50, 2e5)) {
  families[[paste0("negative.binomial ", sprintf("%.17g", theta))]] <-
    one_family(MASS::negative.binomial(theta), count_y, count_mu, cases = counts)
}
if (requireNamespace("statmod", quietly = TRUE)) for (p in c(-0.5, 0, 0.5, 1, 1.2, 1.5, 1.9, 2, 2.5, 3)) {
  for (q in c(1 - p, 0)) {
    f <- statmod::tweedie(p, q)
    entry <- one_family(f, c(if (p < 2) 0, positive_y), positive_mu, cases = strictly[1])
    entry$power <- c(p, q)
    eta <- c(1e-6, 0.01, 0.3, 1, 1.4, 5, 60)
    entry$eta <- eta; entry$linkinv <- f$linkinv(eta); entry$mu_eta <- f$mu.eta(eta); entry$linkfun <- f$linkfun(eta)
    families[[sprintf("tweedie %g %g", p, q)]] <- entry
  }
}

# --- sentences --------------------------------------------------------------------------------------------------
said <- function(expr) tryCatch({ force(expr); "" }, error = conditionMessage, warning = conditionMessage)
fit <- function(y, family, ...) said(glm(y ~ 1, family = family, ...))
messages <- list(
  poisson_negative = fit(c(1, -1, 2), poisson()), poisson_fraction = fit(c(1, 1.5, 2), poisson()),
  quasipoisson_negative = fit(c(1, -1, 2), quasipoisson()), gamma_zero = fit(c(1, 0, 2), Gamma()),
  inverse_gaussian_zero = fit(c(1, 0, 2), inverse.gaussian()), binomial_outside = fit(c(1, 2, 0), binomial()),
  binomial_fraction = fit(c(1, 0.5, 0), binomial()), binomial_counts = fit(cbind(c(1, 1.5), c(2, 2)), binomial()),
  link = said(make.link("lgit")), power = said(power("a")), variance = said(quasi(variance = "mu^4")),
  simulate_quasi = said(simulate(glm(c(1, 2, 3) ~ 1, family = quasi()))),
  simulate_binomial = said(simulate(suppressWarnings(glm(c(1, 0, 1) ~ 1, binomial(), weights = c(1, 1, 0.5))))),
  simulate_poisson = said(simulate(glm(c(1, 2, 3) ~ 1, poisson(), weights = c(1, 2, 1)))))
if (requireNamespace("MASS", quietly = TRUE)) {
  messages$negative_binomial_negative <- fit(c(1, -1, 2), MASS::negative.binomial(2))
}

versions <- list(R = paste(R.version$major, R.version$minor, sep = "."))
for (p in c("MASS", "statmod")) if (requireNamespace(p, quietly = TRUE)) versions[[p]] <- as.character(packageVersion(p))
file <- gzfile(sprintf("families_%s.json.gz", sub("\\.[0-9]+$", "", versions$R)), "wb")
writeLines(json(list(versions = versions, links = links, families = families, messages = messages)), file, useBytes = TRUE)
close(file)
