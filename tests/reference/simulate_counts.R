d <- data.frame(s = c(3, 1, 4, 0, 5), f = c(2, 4, 1, 3, 0), x = 1:5, n = c(5, 5, 5, 3, 5))
shape <- function(f) {
  z <- simulate(f, nsim = 2, seed = 1)
  list(names = names(z), columns = lapply(z, colnames), sums = rowSums(z[[1]]))
}
out <- list(R = R.version.string,
            named = shape(glm(cbind(s, f) ~ x, binomial, d)),
            unnamed = shape(glm(cbind(s, n - s) ~ x, binomial, d)),
            weighted = shape(glm(cbind(s, f) ~ x, binomial, d, weights = c(1, 2, 1, 3, 1))))
jsonlite::write_json(out, commandArgs(TRUE)[1], auto_unbox = FALSE, pretty = TRUE)
