# R's emmeans on other scales than the link's, with nuisance factors and weights: texts as printed and the numbers.
# Rscript regrid.R writes regrid.json.gz beside it.
suppressMessages({
  library(emmeans)
  library(jsonlite)
})
options(width = 80, contrasts = c("contr.treatment", "contr.poly"))

mt <- transform(mtcars, cyl = factor(cyl), gear = factor(gear), vs = factor(vs), am = factor(am), w = rep(1:4, 8))
holes <- subset(warpbreaks, !(wool == "A" & tension == "H"))
claims <- transform(MASS::Insurance, Age = factor(Age, ordered = FALSE), Group = factor(Group, ordered = FALSE))
data <- list(warpbreaks = warpbreaks, mt = mt, holes = holes, claims = claims, infert = infert)

m <- list(
  pois = glm(breaks ~ wool * tension, poisson, warpbreaks),
  log = lm(log(breaks) ~ wool * tension, warpbreaks),
  sqrt = lm(sqrt(breaks + 1) ~ wool + tension, warpbreaks),
  lin = lm(breaks ~ wool + tension, warpbreaks),
  gamma = glm(breaks ~ wool + tension, Gamma, warpbreaks),
  logit = glm(am ~ cyl + wt, binomial, mtcars |> transform(cyl = factor(cyl))),
  probit = glm(case ~ education + spontaneous, binomial("probit"), infert),
  cloglog = glm(case ~ factor(induced) + spontaneous, binomial("cloglog"), infert),
  holes = glm(breaks ~ wool * tension, poisson, holes),
  offset = glm(Claims ~ District + Group + Age + offset(log(Holders)), poisson, claims),
  many = lm(mpg ~ cyl + gear + vs + am * wt, mt),
  manyw = lm(mpg ~ cyl * am + gear + vs + wt, mt),
  rare = glm(carb ~ cyl + gear + vs + wt, poisson, mt)
)
quiet <- function(x) suppressMessages(suppressWarnings(x))
cases <- alist(
  logit_response = regrid(emmeans(m$logit, ~ cyl)),
  logit_differences = pairs(regrid(emmeans(m$logit, ~ cyl))),
  logit_log = pairs(regrid(emmeans(m$logit, ~ cyl), "log")),
  logit_risk_ratios = pairs(regrid(emmeans(m$logit, ~ cyl), "log"), type = "response"),
  logit_risk_ratio_limits = confint(pairs(regrid(emmeans(m$logit, ~ cyl), "log"), type = "response")),
  logit_in_grid = emmeans(m$logit, ~ cyl, regrid = "response"),
  logit_log_in_grid = emmeans(m$logit, ~ cyl, regrid = "log", type = "response"),
  logit_pass = regrid(emmeans(m$logit, ~ cyl), "pass"),
  logit_none = regrid(emmeans(m$logit, ~ cyl), "none"),
  logit_probit = regrid(emmeans(m$logit, ~ cyl), "probit"),
  logit_control = contrast(regrid(emmeans(m$logit, ~ cyl)), "trt.vs.ctrl"),
  probit_differences = pairs(regrid(emmeans(m$probit, ~ education))),
  probit_odds = pairs(regrid(emmeans(m$probit, ~ education), "logit"), type = "response"),
  probit_cauchit = regrid(emmeans(m$probit, ~ education), "cauchit"),
  cloglog_ratios = pairs(regrid(emmeans(m$cloglog, ~ induced), "log"), type = "response"),
  pois_in_grid = emmeans(m$pois, ~ tension, regrid = "response"),
  pois_bias_in_grid = emmeans(m$pois, ~ tension, regrid = "response", bias.adjust = TRUE, sigma = 0.5),
  pois_bias = regrid(emmeans(m$pois, ~ tension | wool), bias.adjust = TRUE, sigma = 0.5),
  pois_of_ratios = regrid(pairs(emmeans(m$pois, ~ tension | wool))),
  pois_differences = pairs(regrid(emmeans(m$pois, ~ tension | wool))),
  pois_cells = emmeans(m$pois, ~ tension, regrid = "response", weights = "cells"),
  pois_overall = emmeans(m$pois, ~ 1, regrid = "response"),
  pois_effects = contrast(regrid(emmeans(m$pois, ~ wool * tension)), "eff"),
  pois_inverse = regrid(emmeans(m$pois, ~ wool), "inverse"),
  log_response = regrid(emmeans(m$log, ~ tension)),
  log_sqrt = regrid(emmeans(m$log, ~ tension), "sqrt"),
  log_in_grid = emmeans(m$log, ~ tension, regrid = "response"),
  log_bias = regrid(emmeans(m$log, ~ tension), bias.adjust = TRUE),
  log_log2 = pairs(regrid(emmeans(m$log, ~ tension), "log2"), type = "response"),
  log_joint = joint_tests(regrid(ref_grid(m$log))),
  sqrt_differences = pairs(regrid(emmeans(m$sqrt, ~ tension))),
  sqrt_log10 = pairs(regrid(emmeans(m$sqrt, ~ tension), "log10"), type = "response"),
  lin_log = pairs(regrid(emmeans(m$lin, ~ tension), "log"), type = "response"),
  lin_log_in_grid = emmeans(m$lin, ~ tension, regrid = "log"),
  gamma_differences = pairs(regrid(emmeans(m$gamma, ~ tension))),
  gamma_in_grid = emmeans(m$gamma, ~ tension, regrid = "response"),
  holes_cells = regrid(emmeans(m$holes, ~ wool * tension)),
  holes_differences = pairs(regrid(emmeans(m$holes, ~ wool | tension))),
  offset_differences = pairs(regrid(emmeans(m$offset, ~ Age, offset = log(100)))),
  nuisance = emmeans(m$many, ~ cyl, nuisance = c("gear", "vs")),
  nuisance_by = emmeans(m$many, ~ cyl | am, nuisance = c("gear", "vs"), wt.nuis = "proportional"),
  nuisance_but = emmeans(m$many, ~ cyl, non.nuisance = "cyl"),
  nuisance_pairs = pairs(emmeans(m$many, ~ cyl, nuisance = "vs")),
  nuisance_weights = emmeans(m$many, ~ cyl, nuisance = c("gear", "vs"), weights = "proportional"),
  nuisance_at = emmeans(m$many, ~ cyl, nuisance = c("gear", "vs"), at = list(wt = 3)),
  nuisance_interacts = emmeans(m$manyw, ~ am, nuisance = c("cyl", "gear", "vs")),
  nuisance_response = emmeans(m$rare, ~ cyl, nuisance = c("gear", "vs"), type = "response"),
  nuisance_regrid = emmeans(m$rare, ~ cyl, nuisance = c("gear", "vs"), regrid = "response"),
  outer = emmeans(m$many, ~ cyl, weights = "outer"),
  cells = emmeans(m$many, ~ cyl, weights = "cells"),
  flat = emmeans(m$many, ~ cyl, weights = "flat"),
  numbers = emmeans(m$many, ~ cyl + am + vs, weights = c(1, 2, 3)),
  at_levels = emmeans(m$many, ~ cyl | gear, at = list(gear = c("3", "5"), wt = 2:3))
)

answer <- function(expression) {
  x <- quiet(eval(expression))
  text <- quiet(capture.output(print(x)))
  frame <- as.data.frame(quiet(if (inherits(x, "emmGrid")) summary(x) else x))
  frame[] <- lapply(frame, function(column) if (is.factor(column)) as.character(column) else column)
  list(text = paste(c(text, ""), collapse = "\n"), frame = as.list(frame))
}
out <- list(
  r = R.version.string,
  emmeans = as.character(packageVersion("emmeans")),
  data = lapply(data, function(d) lapply(d, function(x) {
    if (is.factor(x)) list(values = as.character(x), levels = levels(x), ordered = is.ordered(x)) else list(values = x)
  })),
  cases = lapply(cases, answer)
)
writeLines(toJSON(out, digits = I(17), na = "string", auto_unbox = TRUE), gzfile("regrid.json.gz"))
