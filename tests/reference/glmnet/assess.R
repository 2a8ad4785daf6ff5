# What R's assess.glmnet says of paths, on new rows and with weights. Run in this directory: Rscript assess.R
suppressPackageStartupMessages({library(glmnet); library(jsonlite)})
invisible(glmnet.control(epsnr = 1e-13, mxitnr = 1000))
d <- read.csv("data.csv", stringsAsFactors = TRUE)
X <- as.matrix(d[, paste0("x", 1:8)]); train <- 1:150; new <- 151:200
out <- list()
for (p in list(list("gaussian", "y"), list("binomial", "b"), list("poisson", "k"))) {
  fit <- glmnet(X[train, ], d[[p[[2]]]][train], family = p[[1]], thresh = 1e-14, maxit = 1e8)
  s <- fit$lambda[c(1, 8, 20)]
  out[[p[[1]]]] <- list(y = p[[2]], s = s,
    new = lapply(assess.glmnet(fit, newx = X[new, ], newy = d[[p[[2]]]][new], s = s), as.numeric),
    weighted = lapply(assess.glmnet(fit, newx = X[new, ], newy = d[[p[[2]]]][new], weights = d$w[new], s = s), as.numeric))
}
write(toJSON(list(versions = list(R = R.version.string, glmnet = as.character(packageVersion("glmnet"))), problems = out),
  digits = NA, auto_unbox = TRUE), "assess.json")
system("gzip -9 -f -n assess.json")
