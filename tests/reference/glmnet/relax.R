# Relaxed fits by R's glmnet, and its cross-validation over gamma. Run in this directory: Rscript relax.R
# thresh = 1e-14 and tight Newton steps, so that the coefficients are those of the minimum.
suppressPackageStartupMessages({library(glmnet); library(jsonlite)})
invisible(glmnet.control(epsnr = 1e-13, mxitnr = 1000))
d <- read.csv("data.csv", stringsAsFactors = TRUE)
numeric <- "~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8"
both <- paste(numeric, "+ f")
problems <- list(
  gaussian = list(rhs = numeric, y = "y", family = "gaussian"),
  weights = list(rhs = both, y = "y", family = "gaussian", weights = "w", alpha = 0.7),
  binomial = list(rhs = both, y = "b", family = "binomial", alpha = 0.5),
  poisson = list(rhs = numeric, y = "k", family = "poisson", offset = "off"),
  limits = list(rhs = numeric, y = "y", family = "gaussian", lower = -0.2, upper = 0.4))
out <- list()
for (name in names(problems)) {
  p <- problems[[name]]; X <- model.matrix(as.formula(p$rhs), d)[, -1]
  args <- list(x = X, y = d[[p$y]], family = p$family, relax = TRUE, thresh = 1e-14, maxit = 1e8)
  if (!is.null(p$weights)) args$weights <- d[[p$weights]]
  if (!is.null(p$offset)) args$offset <- d[[p$offset]]
  if (!is.null(p$alpha)) args$alpha <- p$alpha
  if (!is.null(p$lower)) args <- c(args, list(lower.limits = p$lower, upper.limits = p$upper))
  fit <- do.call(glmnet, args)
  lines <- capture.output(print(fit))
  s <- c(fit$lambda[4], mean(fit$lambda[9:10]), min(fit$lambda))
  cv <- list()
  measures <- if (p$family == "binomial") c("deviance", "auc") else if (name == "limits") character() else c("deviance", "mae")
  for (m in measures) {
    one <- suppressWarnings(do.call(cv.glmnet, c(args, list(foldid = d$fold, type.measure = m, gamma = c(0, 0.25, 1)))))
    r <- one$relaxed; shown <- capture.output(print(one))
    cv[[m]] <- list(gamma = r$gamma, cvm = lapply(r$statlist, `[[`, "cvm"), cvsd = lapply(r$statlist, `[[`, "cvsd"),
      best = c(r$lambda.min, r$gamma.min), near = c(r$lambda.1se, r$gamma.1se), plain = c(one$lambda.min, one$lambda.1se),
      coef = as.numeric(coef(one)), coef_min = as.numeric(coef(one, s = "lambda.min")),
      print = paste(shown[grep("Gamma", shown):length(shown)], collapse = "\n"))
  }
  out[[name]] <- c(p, list(lambda = fit$lambda, dev_ratio = fit$relaxed$dev.ratio, s = s, gamma = c(0.3, 0.8),
    relaxed = as.matrix(fit$relaxed$beta), a0 = as.numeric(fit$relaxed$a0),
    coef = lapply(c(0.3, 0.8), function(g) as.matrix(coef(fit, s = s, gamma = g))),
    print = paste(lines[tail(grep("Lambda", lines), 1):length(lines)], collapse = "\n"), cv = cv))
  cat(name, length(fit$lambda), "\n")
}
write(toJSON(list(versions = list(R = R.version.string, glmnet = as.character(packageVersion("glmnet"))), problems = out),
  digits = NA, auto_unbox = TRUE), "relax.json")
system("gzip -9 -f -n relax.json")
