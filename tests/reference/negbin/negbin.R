# The negative binomial distribution at thetas that four decimals do not hold: pnbinom and qnbinom.
# usage, in the directory above: Rscript negbin/negbin.R     (R 4.2.2, jsonlite)
suppressMessages(library(jsonlite))
theta <- c(4e-5, 4.567e-4, 1 / 3, 2, 123456.78901)
mu <- c(0.5, 3, 40)
y <- c(0, 1, 2, 5, 30)
cells <- expand.grid(mu = mu, theta = theta)
out <- list(
  versions = list(R = R.version.string),
  theta = theta, mu = mu, y = y,
  lower = matrix(qnbinom(0.05, size = cells$theta, mu = cells$mu), length(mu)),
  upper = matrix(qnbinom(0.95, size = cells$theta, mu = cells$mu), length(mu)),
  p = lapply(theta, function(s) outer(mu, y, function(m, k) pnbinom(k, size = s, mu = m)))
)
writeLines(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = TRUE), "negbin/negbin.json")
