# Rscript discrimination.R, in this folder: ROC areas with DeLong's variance (pROC) and calibration (rms::val.prob).
suppressMessages({library(pROC); library(rms); library(jsonlite)})
set.seed(3)
n <- 240
x <- round(rnorm(n), 1); z <- round(rexp(n), 1)
y <- rbinom(n, 1, plogis(-0.6 + 0.9 * x - 0.4 * z))
train <- data.frame(x, z, y)[1:150, ]; test <- data.frame(x, z, y)[151:n, ]
out <- list(version = list(R = R.version.string, pROC = as.character(packageVersion("pROC")), rms = as.character(packageVersion("rms"))),
            train = train, test = test, models = list())
for (f in c("y ~ x", "y ~ x + z", "y ~ z", "y ~ round(x)")) {
  fit <- glm(as.formula(f), binomial, train)
  one <- list(formula = f)
  for (part in c("train", "test")) {
    d <- get(part); p <- predict(fit, d, type = "response")
    r <- roc(d$y, p, quiet = TRUE, direction = "<")
    v <- suppressWarnings(val.prob(p, d$y, pl = FALSE))
    one[[part]] <- list(auc = as.numeric(auc(r)), se = sqrt(var(r)), ci = as.numeric(ci.auc(r)),
      slope = unname(v["Slope"]), intercept = unname(v["Intercept"]), brier = unname(v["Brier"]),
      thresholds = length(r$thresholds),
      at = as.numeric(coords(r, 0.4, input = "threshold", ret = c("sensitivity", "specificity", "ppv", "npv", "accuracy"))))
  }
  out$models[[length(out$models) + 1]] <- one
}
write_json(out, "discrimination.json", digits = 15, auto_unbox = TRUE, dataframe = "columns")
