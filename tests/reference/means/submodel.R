# R's emmeans of sub-models: texts as printed and the numbers behind them.
# Rscript submodel.R writes submodel.json beside it.
suppressMessages({library(emmeans); library(jsonlite)})
options(width = 80, contrasts = c("contr.treatment", "contr.poly"))
warp <- warpbreaks[-(1:5), ]
mt <- transform(mtcars, cyl = factor(cyl), gear = factor(gear), am = factor(am))
data <- list(warp = warp, mt = mt)
m <- list(
  lm = lm(breaks ~ wool * tension, warp),
  pois = glm(breaks ~ wool * tension, poisson, warp, control = glm.control(epsilon = 1e-14, maxit = 50)),
  more = lm(mpg ~ cyl * am + gear + wt, mt)
)
quiet <- function(x) suppressMessages(suppressWarnings(x))
cases <- alist(
  tension = emmeans(m$lm, ~ tension, submodel = ~ tension),
  minimal = emmeans(m$lm, ~ tension, submodel = "minimal"),
  type2 = emmeans(m$lm, ~ tension, submodel = "type2"),
  type2_pairs = pairs(emmeans(m$lm, ~ tension, submodel = "type2")),
  additive = emmeans(m$lm, ~ wool | tension, submodel = ~ wool + tension),
  additive_pairs = pairs(emmeans(m$lm, ~ wool | tension, submodel = ~ wool + tension)),
  pois = emmeans(m$pois, ~ tension, submodel = ~ tension, type = "response"),
  pois_additive = pairs(emmeans(m$pois, ~ tension, submodel = ~ wool + tension)),
  more = emmeans(m$more, ~ cyl, submodel = ~ cyl + wt),
  more_minimal = emmeans(m$more, ~ cyl * am, submodel = "minimal"),
  more_type2 = pairs(emmeans(m$more, ~ cyl, submodel = "type2"))
)
answer <- function(expression) {
  x <- quiet(eval(expression))
  frame <- as.data.frame(quiet(summary(x)))
  frame[] <- lapply(frame, function(column) if (is.factor(column)) as.character(column) else column)
  list(text = paste(c(quiet(capture.output(print(x))), ""), collapse = "\n"), frame = as.list(frame))
}
out <- list(r = R.version.string, emmeans = as.character(packageVersion("emmeans")),
  data = lapply(data, function(d) lapply(d, function(x) {
    if (is.factor(x)) list(values = as.character(x), levels = levels(x)) else list(values = x)
  })), cases = lapply(cases, answer))
writeLines(toJSON(out, digits = I(17), na = "string", auto_unbox = TRUE), "submodel.json")
