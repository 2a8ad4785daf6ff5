# panel.smooth's line for a glm: lowess(x, y, f = 2/3, iter = 0), at every value of x (delta = 0), on few and on many
# distinct values. Run with R in the project's root; writes lowess.json beside itself.
library(jsonlite)
set.seed(3)
xs <- list(
  two = rep(c(0, 1), c(5, 7)),
  three = rep(c(-0.04, 0.16, 0.35), c(9, 4, 6)),
  most_on_one = rep(c(1, 2, 5), c(20, 3, 2)),
  six = rep(c(1, 2, 2.5, 7, 7.1, 9), 5),
  two_clusters = c(1 + (0:14) * 1e-5, 3 + (0:14) * 1e-5),
  many = sort(round(rnorm(40), 3))
)
cases <- lapply(xs, function(x) {
  y <- round(sin(x) + rnorm(length(x)), 3)
  line <- lowess(x, y, f = 2/3, iter = 0, delta = 0)
  once <- !duplicated(line$x)
  list(x = x, y = y, at = line$x[once], line = line$y[once])
})
write(toJSON(list(version = R.version.string, cases = cases), digits = NA, auto_unbox = TRUE, pretty = FALSE),
      "tests/reference/lowess.json")
