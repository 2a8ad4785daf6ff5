# Minima of the two paths of glmnet.R with more columns than rows, exactly: R's own stopping leaves more of an error there.
# The columns that are not zero and their signs are R's; Newton's method on them ends at rounding, and the conditions of
# a minimum are looked at for all columns. Run in this directory, after glmnet.R: Rscript wide.R
suppressPackageStartupMessages({library(glmnet); library(jsonlite)})
glmnet.control(epsnr = 1e-13, mxitnr = 1000)
data <- read.csv("wide.csv"); Z <- as.matrix(data[, grep("^z", names(data))]); n <- nrow(Z)
out <- list()
for (case in list(list(name = "wide_gaussian", y = data$y, family = "gaussian", alpha = 1),
                  list(name = "wide_binomial", y = data$b, family = "binomial", alpha = 0.5))) {
  y <- case$y; gaussian <- case$family == "gaussian"
  fit <- suppressWarnings(glmnet(Z, y, case$family, alpha = case$alpha, thresh = 1e-14, maxit = 1e8))
  m <- colMeans(Z); s <- sqrt(colMeans(sweep(Z, 2, m)^2)); X <- cbind(1, sweep(sweep(Z, 2, m), 2, s, "/"))
  v <- if (gaussian) sqrt(mean((y - mean(y))^2)) else 1
  which <- unique(round(seq(1, length(fit$lambda), length.out = 12)))
  found <- sapply(which, function(k) {
    lambda <- fit$lambda[k]; ridge <- lambda * (1 - case$alpha) / v; lasso <- lambda * case$alpha
    b <- c(0, fit$beta[, k] * s); b[1] <- fit$a0[k] + sum(fit$beta[, k] * m)
    on <- c(1, 1 + which(fit$beta[, k] != 0)); free <- on[-1]
    for (turn in 1:50) {
      eta <- drop(X %*% b); mu <- if (gaussian) eta else plogis(eta); W <- if (gaussian) rep(1, n) else mu * (1 - mu)
      slope <- drop(crossprod(X, mu - y)) / n + c(0, ridge * b[-1]) + c(0, lasso * sign(b[-1]))
      H <- crossprod(X[, on, drop = FALSE], W * X[, on, drop = FALSE]) / n + diag(c(0, rep(ridge, length(free))), length(on))
      b[on] <- b[on] - solve(H, slope[on])
    }
    mu <- if (gaussian) drop(X %*% b) else plogis(drop(X %*% b))
    slope <- drop(crossprod(X, mu - y)) / n + c(0, ridge * b[-1])
    stopifnot(all(sign(b[free]) == sign(fit$beta[free - 1, k])), max(abs(slope[on] + c(0, lasso * sign(b[free])))) < 1e-13,
      k == 1 || max(abs(slope[-1])) <= lasso * (1 + 1e-9))
    beta <- b[-1] / s
    c(b[1] - sum(beta * m), beta)
  })
  out[[case$name]] <- list(which = which, coefficients = unname(found))
  cat(case$name, "glmnet's largest error in standard deviations:", max(abs(found[-1, ] - as.matrix(fit$beta)[, which]) * s), "\n")
}
write(toJSON(out, digits = NA), "wide.json")
system("gzip -9 -f -n wide.json")
