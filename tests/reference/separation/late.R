# A level of one row beside very many: R's iterations end while that row still strides to its infinite end.
#   Rscript late.R    writes late.json beside it
library(jsonlite)
data <- data.frame(g = c("a", "a", "b", "b", "c", "c", "d"), y = c(0, 1, 0, 1, 0, 1, 1),
                   count = c(1, 3, 2, 5, 1, 4, 0), x = c(0, 2, 1, 0, 2, 1, 1),
                   w = c(199870, 201130, 101880, 99120, 49445, 150555, 1))
fits <- list()
for (formula in c("y ~ g", "y ~ g + x")) for (link in c("logit", "probit", "log")) {
  chosen <- if (link == "log") poisson() else binomial(link)
  response <- if (link == "log") sub("y", "count", formula) else formula
  fit <- glm(as.formula(response), chosen, data, weights = w)
  fits[[length(fits) + 1]] <- list(formula = response, family = chosen$family, link = link, iter = fit$iter,
                                   coefficients = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))),
                                   deviance = deviance(fit))
}
write_json(list(version = R.version.string, data = data, fits = fits), "late.json", digits = NA, auto_unbox = TRUE,
           dataframe = "columns")
