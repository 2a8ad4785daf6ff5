# Rscript broom.R   writes broom.json.gz: tidy, glance and augment of some glms by the package broom
suppressPackageStartupMessages({library(broom); library(jsonlite); library(MASS)})
d <- "models/data/"
cases <- list(
  list(id = "mtcars-logit", data = "mtcars", formula = "am ~ wt", family = "binomial"),
  list(id = "mtcars-gaussian", data = "mtcars", formula = "mpg ~ wt + hp", family = "gaussian"),
  list(id = "mtcars-aliased", data = "mtcars", formula = "mpg ~ wt + I(2 * wt) + hp", family = "gaussian"),
  list(id = "warpbreaks", data = "warpbreaks", formula = "breaks ~ wool * tension", family = "quasipoisson"),
  list(id = "insectsprays", data = "InsectSprays", formula = "count ~ spray", family = "poisson"),
  list(id = "airquality", data = "airquality", formula = "Ozone ~ Temp + Wind", family = "Gamma"))
frame <- function(f) lapply(as.list(as.data.frame(f)), function(v) if (is.factor(v)) as.character(v) else v)
out <- lapply(cases, function(k) {
  data <- get(k$data)
  fit <- suppressWarnings(glm(as.formula(k$formula), data = data, family = k$family))
  c(k, list(tidy = frame(suppressMessages(tidy(fit, conf.int = TRUE))),
    ratios = frame(suppressMessages(tidy(fit, conf.int = TRUE, exponentiate = TRUE))),
    glance = frame(glance(fit)), augment = frame(augment(fit, se_fit = TRUE)),
    pearson = frame(augment(fit, type.predict = "response", type.residuals = "pearson")),
    new = frame(augment(fit, newdata = head(data, 4), se_fit = TRUE, type.predict = "response"))))
})
write(toJSON(list(versions = c(R = R.version.string, broom = as.character(packageVersion("broom"))), cases = out),
  digits = NA, auto_unbox = TRUE, na = "null"), gzfile("broom.json.gz"))
