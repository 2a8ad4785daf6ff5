# Fits whose best valid point R's glm() does not find without starting values, or not at all: the constrained optimum by
# an independent optimiser (constrOptim: logarithmic barrier and BFGS in R 4.2.2), and what glm() says.
#   Rscript starts.R    writes starts.json beside it. crabs.csv: Brockmann (1996), as printed in Agresti (2007).
suppressMessages(library(jsonlite))
crabs <- read.csv("crabs.csv")
crabs <- data.frame(Satellites = crabs$Satellites, Width = crabs$Width - min(crabs$Width),
                    Dark = as.numeric(crabs$Color > 2), GoodSpine = as.numeric(crabs$Spine < 3))
set.seed(20)
noise <- function(n, y) data.frame(y = y, x = round(rnorm(n), 3), z = round(runif(n), 3), f = rep(c("a", "b", "c"), length.out = n))
table4 <- expand.grid(a = c("1", "2", "3"), b = c("1", "2", "3"), c = c("1", "2", "3"), stringsAsFactors = FALSE)
n <- round(exp(rnorm(27, 2, 1.5))) + 1
p <- pmin(1, exp(-2.2 + 0.9 * (table4$a == "2") + 1.7 * (table4$a == "3") + 0.4 * (table4$b == "3") + 0.3 * rnorm(27)))
table4$deaths <- rbinom(27, n, p); table4$alive <- n - table4$deaths
data <- list(
  crabs = crabs,
  rep1 = crabs[sort(sample(173, 173, TRUE)), ], rep2 = crabs[sort(sample(173, 173, TRUE)), ],
  rep3 = crabs[sort(sample(173, 60, TRUE)), ],
  gamma = noise(40, round(rgamma(40, 0.7), 4) + 1e-4), gaussian = noise(40, round(rexp(40), 3) * rbinom(40, 1, 0.8)),
  poisson = noise(30, rpois(30, 0.8)), poisson2 = noise(25, rpois(25, 3) * rbinom(25, 1, 0.5)),
  binary = noise(40, rbinom(40, 1, 0.7)), binary2 = noise(30, rbinom(30, 1, 0.4)), table = table4
)
cases <- list(
  list(id = "crabs", data = "crabs", formula = "Satellites ~ Width + Dark + GoodSpine", family = "poisson", link = "identity"),
  list(id = "crabs-rep1", data = "rep1", formula = "Satellites ~ Width + Dark + GoodSpine", family = "poisson", link = "identity"),
  list(id = "crabs-rep2", data = "rep2", formula = "Satellites ~ Width + Dark + GoodSpine", family = "poisson", link = "identity"),
  list(id = "crabs-rep3", data = "rep3", formula = "Satellites ~ Width + Dark + GoodSpine", family = "poisson", link = "identity"),
  list(id = "crabs-sqrt", data = "rep3", formula = "Satellites ~ Width + Dark + GoodSpine", family = "poisson", link = "sqrt"),
  list(id = "heart-like", data = "table", formula = "cbind(deaths, alive) ~ a + b + c", family = "binomial", link = "log"),
  list(id = "heart-like-interaction", data = "table", formula = "cbind(deaths, alive) ~ a * b + c", family = "binomial", link = "log"),
  list(id = "gamma-inverse", data = "gamma", formula = "y ~ x + z + f", family = "Gamma", link = "inverse"),
  list(id = "gamma-identity", data = "gamma", formula = "y ~ x + z", family = "Gamma", link = "identity"),
  list(id = "inverse-gaussian", data = "gamma", formula = "y ~ x + z", family = "inverse.gaussian", link = "1/mu^2"),
  list(id = "gaussian-log", data = "gaussian", formula = "y ~ x + z", family = "gaussian", link = "log"),
  list(id = "poisson-identity", data = "poisson", formula = "y ~ x + z", family = "poisson", link = "identity"),
  list(id = "poisson-identity-factor", data = "poisson2", formula = "y ~ x * f", family = "poisson", link = "identity"),
  list(id = "poisson-identity-no-intercept", data = "poisson2", formula = "y ~ 0 + x + f", family = "poisson", link = "identity"),
  list(id = "poisson-sqrt", data = "poisson2", formula = "y ~ x + z", family = "poisson", link = "sqrt"),
  list(id = "binomial-log", data = "binary", formula = "y ~ x + z", family = "binomial", link = "log"),
  list(id = "binomial-log-factor", data = "binary", formula = "y ~ x + f", family = "binomial", link = "log"),
  list(id = "binomial-identity", data = "binary", formula = "y ~ x + z", family = "binomial", link = "identity"),
  list(id = "binomial-identity-2", data = "binary2", formula = "y ~ x + f", family = "binomial", link = "identity")
)
ends <- function(family, link) {
  if (family == "binomial") return(if (link == "log") c(-Inf, 0) else c(0, 1))
  if (family == "gaussian") c(-Inf, Inf) else if (link == "log") c(-Inf, Inf) else c(0, Inf)
}
constrained <- function(X, y, w, fam, end) {
  dev <- function(b) {
    eta <- drop(X %*% b); out <- suppressWarnings(sum(fam$dev.resids(y, fam$linkinv(eta), w)))
    if (is.finite(out)) out else 1e10
  }
  grad <- function(b) {
    eta <- drop(X %*% b); mu <- fam$linkinv(eta)
    -2 * drop(crossprod(X, w * (y - mu) * fam$mu.eta(eta) / fam$variance(mu)))
  }
  start <- qr.coef(qr(X), rep(fam$linkfun(weighted.mean(y, w)), nrow(X)))
  if (all(is.infinite(end))) {
    o <- list(par = start)
    for (k in 1:5) o <- optim(o$par, dev, grad, method = "BFGS", control = list(reltol = 1e-16, maxit = 5000))
    return(list(par = o$par, value = o$value, least = Inf))
  }
  ui <- NULL; ci <- NULL
  if (is.finite(end[1])) { ui <- rbind(ui, X); ci <- c(ci, rep(end[1], nrow(X))) }
  if (is.finite(end[2])) { ui <- rbind(ui, -X); ci <- c(ci, rep(-end[2], nrow(X))) }
  b <- start
  for (mu in 10^-(1:9)) {
    o <- tryCatch(constrOptim((1 - mu / 10) * b + mu / 10 * start, dev, grad, ui, ci, mu = mu, outer.iterations = 500,
                              outer.eps = 1e-12, control = list(reltol = 1e-15, maxit = 5000)), error = function(e) NULL)
    if (!is.null(o) && o$value <= dev(b)) b <- o$par
  }
  list(par = b, value = dev(b), least = min(ui %*% b - ci))
}
answers <- list()
for (case in cases) {
  d <- data[[case$data]]
  frame <- model.frame(as.formula(case$formula), d); X <- model.matrix(as.formula(case$formula), d)
  y <- model.response(frame); w <- rep(1, nrow(X))
  if (is.matrix(y)) { w <- rowSums(y); y <- y[, 1] / w }
  fam <- get(case$family)(case$link)
  found <- constrained(X, as.numeric(y), w, fam, ends(case$family, case$link))
  r <- tryCatch(suppressWarnings(glm(as.formula(case$formula), fam, d)), error = function(e) conditionMessage(e))
  says <- if (is.character(r)) r else sprintf("deviance %.7g, converged %s, boundary %s", r$deviance, r$converged, r$boundary)
  answers[[case$id]] <- c(case, list(names = colnames(X), coef = unname(found$par), deviance = found$value, least = found$least, R = says))
  cat(case$id, format(found$value, digits = 9), format(found$least, digits = 2), "| R:", says, "\n")
}
writeLines(toJSON(list(R = R.version.string, data = data, cases = answers), dataframe = "columns", auto_unbox = TRUE,
                  digits = NA, na = "null"), "starts.json")
