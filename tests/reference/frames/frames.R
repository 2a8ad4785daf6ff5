# Writes frames.json: R's model.frame under subset, weights, offset and na.action, its contrasts= argument, and its
# sentences for what it refuses. Run in this directory: Rscript frames.R
library(jsonlite)
I <- function(x) if (is.null(x)) list() else base::I(x)
n <- 14
d <- data.frame(
  y = c(3.1, 2, NA, 4.5, 1.2, 3.3, 2.8, 4.1, 0.4, 2.2, 3.9, 1.1, 2.6, 3.2), x = c(1, NA, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14) / 4,
  z = c(2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13) / 3, w = c(1, 2, 1, NA, 3, 1, 2, 2, 1, 1, 0, 2, 1, 3),
  e = c(5, 6, 7, 8, NA, 4, 3, 2, 9, 8, 7, 6, 5, 4), n1 = c(1, 2, 3, 4, 5, 4, 3, 2, 1, 0, 2, 3, 4, 5), n2 = c(3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1, 0, 2, 1),
  a = factor(c("u", "v", "w", "u", "v", "w", "u", "v", "w", "u", "v", "w", NA, "u")),
  b = factor(rep(c("p", "q"), 7)), o = factor(rep(c("lo", "mid", "hi", "top"), length.out = 14), levels = c("lo", "mid", "hi", "top"), ordered = TRUE),
  s = rep(c("b", "A", "a", "B"), length.out = 14), l = rep(c(TRUE, FALSE, NA, TRUE, TRUE, FALSE, TRUE), 2), stringsAsFactors = FALSE)
calls <- list(
  plain = quote(model.frame(y ~ x + a, d, drop.unused.levels = TRUE)),
  weights = quote(model.frame(y ~ x, d, weights = w)),
  weights_expression = quote(model.frame(y ~ z, d, weights = w * 2)),
  offset = quote(model.frame(y ~ x, d, offset = log(e))),
  offsets = quote(model.frame(y ~ x + offset(log(e)) + offset(z), d, offset = w)),
  subset = quote(model.frame(y ~ x + a, d, subset = x > 1, drop.unused.levels = TRUE)),
  subset_na = quote(model.frame(y ~ z, d, subset = l)),
  subset_rows = quote(model.frame(y ~ z, d, subset = c(5, 1, 9, 9))),
  subset_negative = quote(model.frame(y ~ z, d, subset = -(1:5))),
  subset_levels = quote(model.frame(y ~ a + s, d, subset = a != "v", drop.unused.levels = TRUE)),
  everything = quote(model.frame(cbind(n1, n2) ~ x * a + offset(e), d, subset = z > 1, weights = w, drop.unused.levels = TRUE)),
  strings = quote(model.frame(y ~ s + l, d)),
  poly_before_subset = quote(model.frame(y ~ poly(z, 2), d, subset = z > 2)),
  scale_before_subset = quote(model.frame(y ~ scale(z), d, subset = z > 2)))
frame <- function(call) {
  mf <- eval(call)
  response <- model.response(mf)
  list(call = paste(deparse(call, 200), collapse = " "), rows = I(rownames(mf)), omitted = I(as.character(names(attr(mf, "na.action")))),
       y = I(as.vector(unname(as.matrix(response)))), weights = model.weights(mf), offset = model.offset(mf),
       columns = I(names(mf)), xlevels = lapply(.getXlevels(attr(mf, "terms"), mf), I), X = I(as.vector(model.matrix(attr(mf, "terms"), mf))))
}
codings <- list(
  sum = list(f = y ~ a * b, contrasts = list(a = "contr.sum")),
  both = list(f = y ~ a * b, contrasts = list(a = "contr.sum", b = "contr.helmert")),
  ordered_treatment = list(f = y ~ o, contrasts = list(o = "contr.treatment")),
  SAS = list(f = y ~ a + b, contrasts = list(a = "contr.SAS")),
  poly = list(f = y ~ a, contrasts = list(a = "contr.poly")),
  string = list(f = y ~ s * x, contrasts = list(s = "contr.sum")),
  logical = list(f = y ~ l, contrasts = list(l = "contr.sum")),
  matrix = list(f = y ~ a * x, contrasts = list(a = matrix(c(1, 0, -1, 1, -2, 1), 3))),
  named_matrix = list(f = y ~ a, contrasts = list(a = matrix(c(1, 0, -1, 1, -2, 1), 3, dimnames = list(NULL, c(".lin", ".quad"))))),
  few_columns = list(f = y ~ a, contrasts = list(a = matrix(c(-1, 0, 1), 3))),
  expression = list(f = y ~ factor(n1 > 2) + a, contrasts = list("factor(n1 > 2)" = "contr.sum")),
  over_C = list(f = y ~ C(a, contr.helmert), contrasts = list("C(a, contr.helmert)" = "contr.sum")),
  full_dummies = list(f = y ~ 0 + a + b, contrasts = list(a = "contr.sum", b = "contr.sum")))
coding <- function(one) {
  mf <- model.frame(one$f, d)
  X <- model.matrix(attr(mf, "terms"), mf, contrasts.arg = one$contrasts)
  list(formula = deparse(one$f), names = I(colnames(X)), assign = I(attr(X, "assign")), values = I(as.vector(X)))
}
exclude <- model.frame(y ~ x + a, d, na.action = na.exclude)
padded <- naresid(attr(exclude, "na.action"), seq_len(nrow(exclude)))
refused <- list(
  weights_length = quote(model.frame(y ~ x, d, weights = 1:3)),
  one_level = quote(model.matrix(y ~ a, droplevels(subset(d, a == "u")))),
  fail = quote(model.frame(y ~ x, d, na.action = na.fail)),
  not_factor = quote(model.matrix(y ~ x, d, contrasts.arg = list(x = "contr.sum"))),
  type = quote(predict(lm(y ~ x, d), data.frame(x = "u"))),
  level = quote(predict(lm(y ~ a, d), data.frame(a = c("u", "t")))),
  unknown = quote(model.frame(y ~ nothing, d)),
  length = quote(model.frame(y ~ rep(1, 3), d)))
absent <- tryCatch(model.matrix(y ~ x, d, contrasts.arg = list(nothing = "contr.sum")), warning = conditionMessage)
out <- list(R = R.version.string, data = lapply(d, function(v) I(if (is.factor(v)) as.character(v) else v)),
            frames = lapply(calls, frame), codings = lapply(codings, coding),
            padded = list(names = I(names(padded)), values = I(unname(padded))),
            refused = lapply(refused, function(call) tryCatch(eval(call), error = conditionMessage)), absent = absent)
writeLines(toJSON(out, digits = NA, na = "null", auto_unbox = TRUE, null = "null", pretty = 1), "frames.json")
str(out$refused); print(absent); str(out$padded)
