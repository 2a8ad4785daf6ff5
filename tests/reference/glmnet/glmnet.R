# What R's glmnet says of paths of penalised fits. Run in this directory: Rscript glmnet.R
# thresh = 1e-14, so that the coefficients are those of the minimum.
suppressPackageStartupMessages({library(glmnet); library(jsonlite); library(MASS)})

invisible(glmnet.control(epsnr = 1e-13, mxitnr = 1000))
set.seed(20)
n <- 200
X <- matrix(rnorm(n * 8), n) %*% (diag(8) + 0.3)
X[, 2] <- 50 + 10 * X[, 2]
X[, 3] <- 0.01 * X[, 3]
d <- as.data.frame(round(X, 6)); names(d) <- paste0("x", 1:8)
d$f <- sample(c("a", "b", "c", "d"), n, TRUE); d$g <- sample(paste0("g", 1:12), n, TRUE)
effect <- c(a = 0, b = 1, c = -0.5, d = 0.2)
eta <- d$x1 - 0.1 * (d$x2 - 50) + 40 * d$x3 + effect[d$f]
d$y <- round(3 + eta + rnorm(n), 5)
d$b <- rbinom(n, 1, plogis(eta / 2)); d$k <- rpois(n, exp(0.3 + eta / 5))
d$pos <- round(rgamma(n, shape = 4, scale = exp(0.5 + eta / 6) / 4), 5)
d$w <- round(runif(n, 0.2, 3), 3); d$off <- round(rnorm(n) / 2, 4); d$trials <- sample(1:9, n, TRUE)
d$hits <- rbinom(n, d$trials, plogis(eta / 3)); d$miss <- d$trials - d$hits
d$fold <- sample(rep(1:5, length.out = n))
write.csv(d, "data.csv", row.names = FALSE)
p50 <- as.data.frame(round(matrix(rnorm(40 * 60), 40), 5)); names(p50) <- paste0("z", 1:60)
p50$y <- round(2 * p50$z1 - p50$z2 + rnorm(40), 5); p50$b <- rbinom(40, 1, plogis(p50$z1 * 2))
write.csv(p50, "wide.csv", row.names = FALSE)

numeric <- "x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8"
both <- paste(numeric, "+ f + g")
families <- list(gaussian = "gaussian", binomial = "binomial", poisson = "poisson", Gamma = Gamma("log"),
  probit = binomial("probit"), quasipoisson = quasipoisson())
problems <- list()
add <- function(name, rhs, family, y, ..., data = "data") problems[[name]] <<-
  list(name = name, rhs = rhs, family = family, y = y, data = data, args = list(...))
for (alpha in c(0, 0.5, 1)) {
  add(paste0("gaussian", alpha), numeric, "gaussian", "y", alpha = alpha)
  add(paste0("binomial", alpha), numeric, "binomial", "b", alpha = alpha)
  add(paste0("poisson", alpha), numeric, "poisson", "k", alpha = alpha)
  add(paste0("factors_gaussian", alpha), both, "gaussian", "y", alpha = alpha)
  add(paste0("factors_binomial", alpha), both, "binomial", "b", alpha = alpha)
}
add("weights_gaussian", both, "gaussian", "y", alpha = 0.5, weights = "w")
add("weights_binomial", both, "binomial", "b", weights = "w")
add("weights_poisson", both, "poisson", "k", weights = "w")
add("offset_gaussian", numeric, "gaussian", "y", offset = "off")
add("offset_binomial", numeric, "binomial", "b", offset = "off")
add("offset_poisson", both, "poisson", "k", offset = "off", alpha = 0.3)
add("factor_gaussian", both, "gaussian", "y", penalty = list(x1 = 0, f = 0.5, g = 2))
add("factor_binomial", both, "binomial", "b", penalty = list(x1 = 0, x4 = 3))
add("factor_poisson", numeric, "poisson", "k", penalty = list(x2 = 0, x3 = 0))
add("left_out", numeric, "gaussian", "y", penalty = list(x1 = Inf, x2 = 0.3))
add("limits_gaussian", numeric, "gaussian", "y", lower = list(x2 = 0), upper = list(x1 = 0.4, x3 = 20))
add("limits_binomial", numeric, "binomial", "b", alpha = 0.5, lower = 0)
add("limits_poisson", numeric, "poisson", "k", upper = 0.05, lower = -0.05)
add("raw_gaussian", numeric, "gaussian", "y", standardize = FALSE)
add("raw_binomial", numeric, "binomial", "b", standardize = FALSE, alpha = 0.7)
add("origin_gaussian", numeric, "gaussian", "y", intercept = FALSE, alpha = 0.5)
add("origin_binomial", numeric, "binomial", "b", intercept = FALSE)
add("given_gaussian", both, "gaussian", "y", lambda = c(1, 0.3, 0.05, 0.001), alpha = 0.9)
add("given_binomial", numeric, "binomial", "b", lambda = c(0.2, 0.01, 0))
add("given_ridge", both, "poisson", "k", lambda = c(5, 0.5, 0.01), alpha = 0)
add("short", both, "poisson", "k", nlambda = 20, lambda.min.ratio = 0.01)
add("counts", numeric, "binomial", "cbind(hits, miss)", alpha = 0.8)
add("Gamma", numeric, "Gamma", "pos", alpha = 0.5)
add("Gamma_weights", both, "Gamma", "pos", weights = "w")
add("probit", numeric, "probit", "b")
add("quasipoisson", numeric, "quasipoisson", "k", offset = "off", alpha = 0.2)
add("wide_gaussian", ".", "gaussian", "y", data = "wide")
add("wide_binomial", ".", "binomial", "b", data = "wide", alpha = 0.5)

values <- function(given, X, assign, labels, usual) {
  out <- rep(usual, ncol(X))
  if (is.null(given)) return(out)
  if (!is.list(given)) return(rep(given, ncol(X)))
  for (name in names(given)) out[if (name %in% labels) assign == match(name, labels) else colnames(X) == name] <- given[[name]]
  out
}
fitted_path <- function(p) {
  data <- read.csv(paste0(p$data, ".csv"), stringsAsFactors = TRUE)
  if (p$data == "wide") data <- data[, c(grep("^z", names(data), value = TRUE), p$y)]
  formula <- as.formula(paste(p$y, "~", p$rhs))
  frame <- model.frame(formula, data); X <- model.matrix(formula, frame)
  assign <- attr(X, "assign")[-1]; labels <- attr(terms(frame), "term.labels"); X <- X[, -1]
  a <- p$args
  y <- model.response(frame)
  if (is.matrix(y)) y <- y[, 2:1]
  take <- function(name) if (is.null(a[[name]])) NULL else data[[a[[name]]]]
  args <- list(x = X, y = y, family = families[[p$family]], weights = take("weights"), offset = take("offset"),
    thresh = 1e-14, maxit = 1e8, penalty.factor = values(a$penalty, X, assign, labels, 1),
    lower.limits = values(a$lower, X, assign, labels, -Inf), upper.limits = values(a$upper, X, assign, labels, Inf))
  for (name in c("alpha", "lambda", "nlambda", "lambda.min.ratio", "standardize", "intercept"))
    if (!is.null(a[[name]])) args[[name]] <- a[[name]]
  args <- args[!sapply(args, is.null)]
  fit <- suppressWarnings(do.call(glmnet, args))
  list(fit = fit, X = X, args = args)
}
text <- function(x) { lines <- capture.output(print(x)); paste(lines[tail(grep("Lambda", lines), 1):length(lines)], collapse = "\n") }
out <- list()
for (p in problems) {
  made <- fitted_path(p); fit <- made$fit
  which <- unique(round(seq(1, length(fit$lambda), length.out = 12)))
  s <- c(1.1 * max(fit$lambda), mean(fit$lambda[1:2]), if (length(fit$lambda) > 12) mean(fit$lambda[11:12]))
  newoffset <- if (is.null(made$args$offset)) NULL else made$args$offset
  out[[p$name]] <- c(p, list(lambda = fit$lambda, dev_ratio = fit$dev.ratio, df = fit$df, nulldev = fit$nulldev,
    which = which, coefficients = as.matrix(coef(fit))[, which, drop = FALSE], names = rownames(coef(fit)), print = text(fit),
    s = s, coef_s = as.matrix(coef(fit, s = s)),
    response = unname(as.matrix(predict(fit, made$X, s = s, type = "response", newoffset = newoffset)))[1:5, , drop = FALSE]))
  cat(p$name, length(fit$lambda), "\n")
}
cv <- list()
data <- read.csv("data.csv", stringsAsFactors = TRUE)
for (name in c("gaussian1", "gaussian0", "weights_gaussian", "factors_binomial0.5", "weights_binomial", "offset_poisson",
               "factors_gaussian1", "poisson1", "counts", "Gamma")) {
  p <- problems[[name]]; made <- fitted_path(p)
  measures <- if (p$family == "binomial") c("deviance", "mse", "mae", "class", "auc") else c("deviance", "mse", "mae")
  for (m in measures) {
    if (name == "counts" && m == "auc") next
    fit <- suppressWarnings(do.call(cv.glmnet, c(made$args, list(foldid = data$fold, type.measure = m))))
    cv[[paste(name, m)]] <- list(problem = name, measure = m, lambda = fit$lambda, cvm = fit$cvm, cvsd = fit$cvsd, nzero = unname(fit$nzero),
      lambda_min = fit$lambda.min, lambda_1se = fit$lambda.1se, name = unname(fit$name), print = text(fit))
  }
  cat(name, "cv\n")
}
write(toJSON(list(versions = list(R = R.version.string, glmnet = as.character(packageVersion("glmnet"))),
  paths = out, cv = cv), digits = NA, auto_unbox = TRUE, null = "null"), "glmnet.json")
system("gzip -9 -f -n glmnet.json")
