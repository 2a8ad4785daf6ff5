# The traps in the definitions, one number or more for each (R 4.2.2, sandwich, MASS).
#   Rscript traps.R    writes traps.json beside it
suppressMessages({library(sandwich); library(MASS); library(jsonlite)})
b <- esoph; b$n <- b$ncases + b$ncontrols; b$p <- b$ncases / b$n
by_cbind <- glm(cbind(ncases, ncontrols) ~ agegp, binomial, b)
by_share <- glm(p ~ agegp, binomial, b, weights = n)
claims <- glm(Claims ~ Group + offset(log(Holders)), poisson, Insurance)
new <- data.frame(Group = c("<1l", ">2l"), Holders = c(10, 1000))
started <- glm(Claims ~ Group + offset(log(Holders)), poisson, Insurance, start = c(-2, 0, 0, 0))
cars <- glm(am ~ wt, binomial, mtcars)
linear <- glm(mpg ~ wt + hp, gaussian, mtcars)
gam <- glm(Volume ~ Girth + Height, Gamma("log"), trees)
inv <- glm(Volume ~ Girth + Height, inverse.gaussian("log"), trees)
qp <- glm(count ~ spray, quasipoisson, InsectSprays)
zero <- mtcars; zero$w <- rep(c(1, 1, 0, 2), 8)
weighted <- glm(hp ~ wt, Gamma("log"), zero, weights = w)
aliased <- glm(mpg ~ wt + I(2 * wt) + hp, gaussian, mtcars)
answers <- list(
  R = R.version.string, sandwich = as.character(packageVersion("sandwich")),
  aic_cbind = AIC(by_cbind), aic_share = AIC(by_share),
  offset_predict = unname(predict(claims, new, type = "response")),
  null_offset = claims$null.deviance, null_started = started$null.deviance,
  null_plain = glm(Claims ~ Group, poisson, Insurance)$null.deviance,
  hc = lapply(c(HC0 = "HC0", HC1 = "HC1", HC2 = "HC2", HC3 = "HC3", HC4 = "HC4"), function(k) unname(sqrt(diag(vcovHC(cars, type = k))))),
  t_names = colnames(coef(summary(gam))), z_names = colnames(coef(summary(cars))),
  t_p = unname(coef(summary(gam))[, 4]), z_p = unname(coef(summary(cars))[, 4]),
  aic_gaussian = AIC(linear), aic_gamma = AIC(gam), aic_inverse = AIC(inv), aic_quasi = AIC(qp),
  df_gaussian = attr(logLik(linear), "df"), df_gamma = attr(logLik(gam), "df"),
  zero_df = c(weighted$df.residual, weighted$df.null, nobs(weighted), length(fitted(weighted))),
  rstandard = unname(rstandard(gam)),
  cluster = unname(sqrt(diag(vcovCL(cars, cluster = mtcars$cyl)))),
  cluster_hc1 = unname(sqrt(diag(vcovCL(cars, cluster = mtcars$cyl, type = "HC1")))),
  unscaled = unname(summary(aliased)$cov.unscaled), unscaled_dim = dim(vcov(aliased)),
  unscaled_names = rownames(summary(aliased)$cov.unscaled),
  pearson = summary(gam)$dispersion, deviance_n = deviance(gam) / nobs(gam), loglik = as.numeric(logLik(gam))
)
writeLines(toJSON(answers, auto_unbox = TRUE, digits = NA, na = "null"), "traps.json")
