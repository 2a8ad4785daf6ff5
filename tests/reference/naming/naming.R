# Columns called by numbers, subsets with missing values, AIC of models on different rows. Run in this directory.
library(jsonlite)
d <- data.frame(y = c(2, 3, 6, 7, 8, 9, 10, 12, 15, 4), `0` = c(1, 2, 4, 3, 5, 6, 6, 8, 9, 2),
                `1` = c(3, 1, 2, 5, 2, 4, 1, 3, 2, 6), keep = c(TRUE, NA, TRUE, TRUE, FALSE, TRUE, TRUE, NA, TRUE, TRUE),
                check.names = FALSE)
named <- glm(y ~ ., poisson, d[c("y", "0", "1")])
written <- glm(y ~ `0`, poisson, d, offset = log(`1`))
some <- glm(y ~ `0`, poisson, d, subset = keep)
said <- function(expr) tryCatch(expr, warning = conditionMessage)
out <- list(
  versions = list(R = R.version.string),
  data = as.list(d),
  named = as.list(coef(named)), predicted = unname(predict(named, d[1:3, ])),
  written = as.list(coef(written)),
  some = list(coefficients = as.list(coef(some)), nobs = nobs(some)),
  AIC = said(AIC(written, some)), BIC = said(BIC(written, some)),
  values = as.list(suppressWarnings(AIC(written, some))$AIC)
)
write(toJSON(out, digits = NA, auto_unbox = TRUE, na = "null"), "naming.json")
