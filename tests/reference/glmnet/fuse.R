# Fused levels by R's glmnet: a lasso of hand-made steps, 1(level >= k). Run in this directory: Rscript fuse.R
# thresh = 1e-14 and tight Newton steps, so that the coefficients are those of the minimum.
suppressPackageStartupMessages({library(glmnet); library(jsonlite)})
invisible(glmnet.control(epsnr = 1e-13, mxitnr = 1000))
d <- read.csv("data.csv", stringsAsFactors = TRUE)
d$band <- cut(d$x2, c(-Inf, 35, 40, 45, 50, 55, 60, 65, Inf))
steps <- function(f) {
  X <- outer(as.integer(f), seq_len(nlevels(f))[-1], ">=") * 1
  colnames(X) <- paste0(">=", levels(f)[-1]); X
}
named <- function(name) { X <- steps(d[[name]]); colnames(X) <- paste0(name, colnames(X)); X }
problems <- list(
  gaussian = list(y = "y", family = "gaussian", fused = "band", plain = c("x1", "f")),
  both = list(y = "b", family = "binomial", fused = c("band", "g"), plain = "x1", alpha = 0.7),
  raw = list(y = "k", family = "poisson", fused = "g", plain = c("x1", "f"), offset = "off", weights = "w", standardize = FALSE),
  falling = list(y = "y", family = "gaussian", fused = "band", plain = "x1", upper = 0),
  monotone = list(y = "k", family = "poisson", fused = "band", plain = c("x3", "f"), lower = 0),
  factors = list(y = "b", family = "binomial", fused = "g", plain = c("x1", "x4"), penalty = 2.5))
out <- list()
for (name in names(problems)) {
  p <- problems[[name]]
  fused <- lapply(p$fused, named); plain <- lapply(p$plain, function(v) model.matrix(reformulate(v), d)[, -1, drop = FALSE])
  X <- do.call(cbind, c(fused, plain))
  own <- seq_len(ncol(X)) <= sum(sapply(fused, ncol))
  args <- list(x = X, y = d[[p$y]], family = p$family, thresh = 1e-14, maxit = 1e8)
  if (!is.null(p$weights)) args$weights <- d[[p$weights]]
  if (!is.null(p$offset)) args$offset <- d[[p$offset]]
  for (o in c("alpha", "standardize")) if (!is.null(p[[o]])) args[[o]] <- p[[o]]
  if (!is.null(p$lower)) args$lower.limits <- ifelse(own, p$lower, -Inf)
  if (!is.null(p$upper)) args$upper.limits <- ifelse(own, p$upper, Inf)
  if (!is.null(p$penalty)) args$penalty.factor <- ifelse(own, p$penalty, 1)
  fit <- do.call(glmnet, args)
  cv <- suppressWarnings(do.call(cv.glmnet, c(args, list(foldid = d$fold, type.measure = "deviance"))))
  which <- unique(round(seq(1, length(fit$lambda), length.out = 12)))
  out[[name]] <- c(p, list(names = rownames(coef(fit)), lambda = fit$lambda, dev_ratio = fit$dev.ratio, df = fit$df, which = which,
    coefficients = as.matrix(coef(fit))[, which], cvm = cv$cvm, cvsd = cv$cvsd, chosen = c(cv$lambda.min, cv$lambda.1se)))
  cat(name, length(fit$lambda), "\n")
}
write(toJSON(list(versions = list(R = R.version.string, glmnet = as.character(packageVersion("glmnet"))), problems = out),
  digits = NA, auto_unbox = TRUE), "fuse.json")
system("gzip -9 -f -n fuse.json")
