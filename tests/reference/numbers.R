# R's number formatting on many magnitudes. Run with R 4.6 in this folder; writes numbers.json beside itself.
options(width = 80, digits = 7, scipen = 0, OutDec = ".", show.signif.stars = TRUE)
set.seed(20240607, kind = "Mersenne-Twister", normal.kind = "Inversion", sample.kind = "Rejection")

quoted <- function(s) {
  s <- gsub("\\", "\\\\", s, fixed = TRUE)
  s <- gsub("\"", "\\\"", s, fixed = TRUE)
  s <- gsub("\n", "\\n", s, fixed = TRUE)
  s <- gsub("\t", "\\t", s, fixed = TRUE)
  paste0("\"", s, "\"")
}
exact <- function(x) ifelse(is.nan(x), "NaN", ifelse(is.na(x), "NA", sprintf("%.17g", x)))
json <- function(x) {
  if (is.null(x)) return("null")
  if (!length(x)) return("[]")
  if (is.list(x))
    return(paste0("{", paste0(quoted(names(x)), ": ", vapply(x, json, ""), collapse = ", "), "}"))
  if (is.logical(x) && length(x) == 1 && !is.na(x)) return(if (x) "true" else "false")
  if (is.integer(x) && length(x) == 1) return(as.character(x))
  if (is.numeric(x)) x <- exact(x)
  paste0("[", paste0(quoted(as.character(x)), collapse = ", "), "]")
}
cases <- character()
keep <- function(what, ...) cases[length(cases) + 1L] <<- json(list(what = what, ...))
shown <- function(expression) capture.output(expression)

# No powers of ten beyond 1e100, nor beyond 1e30 for signif: there R's last digits differ between platforms.
fixed <- list(
  0, 1, -1, 0.1, 1 / 3, 2 / 3, 100, 1e5, 123456, 1234567, 12345678, 1e15, 1e-4, 1e-5, 0.00012345,
  .Machine$double.xmax, .Machine$double.eps, pi, -pi, pi * 1e6, 9.9999995, 99999.95, 0.99999995, 999999.5, 0.15, 0.25,
  0.35, 2.675, 1e22, 123456789012, c(1, NA), c(NA, NaN, Inf, -Inf), NaN, NA_real_, Inf, c(1.5, NA, -2.25, Inf),
  c(1e-10, 1), c(1e10, 1), c(1e5, 1e-5), c(0.00001, 123456), c(1e100, 1e-100), c(1, 10, 100), c(-1, 1),
  c(1.10, 2.20, 3.30), c(0, 1e-20), c(1234.5678, 0.00012345678), c(3, -0.5, 1e3), -1e-30, c(2.5, 3.5, -0.5),
  c(0.1 + 0.2, 0.3), 1 - 1e-9, 1 + 1e-7, 100 * (1 + 1e-7), c(1e-15, 1e-16), c(99999, 100000), c(1e5, 1e5 + 0.1),
  -0.0, c(-1e5, 3), 314159.26535, c(1e99, 1), c(1e-99, 1), 1e-99, 1e99, 1e-100, 3e4, 123450000)
random <- function() {
  n <- sample(1:6, 1)
  x <- switch(sample(1:6, 1),
    rnorm(n) * 10^runif(1, -12, 12),
    rnorm(n) * 10^runif(n, -6, 6),
    round(rnorm(n), sample(0:4, 1)) * 10^sample(-8:8, 1),
    sample(-1000:1000, n, TRUE) * 10^sample(-3:6, 1),
    exp(rnorm(n, 0, 20)),
    (sample(0:2000, n, TRUE) + 0.5) / 10^sample(0:5, 1))
  if (runif(1) < 0.2) x[sample(n, 1)] <- sample(c(NA, NaN, Inf, -Inf, 0), 1)
  x
}
vectors <- c(fixed, replicate(90, random(), simplify = FALSE))

moderate <- function(x) all(abs(log10(abs(x[is.finite(x) & x != 0]))) < 30)
for (x in vectors) {
  d <- sample(1:15, 1)
  keep("format", x = x, digits = 7L, nsmall = 0L, out = format(x))
  keep("format", x = x, digits = d, nsmall = sample(0:4, 1) -> k, out = format(x, digits = d, nsmall = k))
}
for (x in vectors[c(TRUE, FALSE)]) {
  d <- sample(-3:8, 1)
  keep("round", x = x, digits = d, out = round(x, d))
  d <- sample(1:8, 1)
  if (moderate(x)) keep("signif", x = x, digits = d, out = signif(x, d))
  d <- sample(2:8, 1)
  keep("zapsmall", x = x, digits = d, out = zapsmall(x, d))
  f <- sample(c("f", "e", "g"), 1)
  d <- sample(0:8, 1)
  w <- sample(c(1L, 12L), 1)
  flag <- sample(c("", "-", "0", "+", " ", "#"), 1)
  keep("formatC", x = x, digits = d, format = f, width = w, flag = flag,
       out = formatC(x, digits = d, format = f, width = w, flag = flag))
}
ties <- c(0.15, 0.25, 0.35, 0.45, 1.005, 2.675, 1.015, 5.015, 0.285, 1234.5675, 2.5, -2.5, 0.5, 1e-3 * 5, 33.335)
for (d in 0:4) keep("round", x = ties, digits = d, out = round(ties, d))
for (d in 1:6) keep("signif", x = ties, digits = d, out = signif(ties, d))

p_values <- c(list(0, 1, 0.05, 1e-16, 2e-16, 1e-300, NA_real_, c(0, 1), c(0.5, 1e-20), c(0.12345, NA, 1e-17), NaN,
                   c(0.001, 0.0001, 0.1), c(1e-3, 9.99e-4), c(0.999999, 0.5), c(1e-5, 1e-17), c(0.049999, 0.050001)),
              replicate(50, 10^-abs(rnorm(sample(1:7, 1), 0, 6)), simplify = FALSE),
              replicate(10, c(runif(3), 10^-runif(2, 2, 30)), simplify = FALSE))
for (p in p_values) {
  d <- sample(1:7, 1)
  e <- sample(c(.Machine$double.eps, 1e-4, 0.001), 1)
  keep("format.pval", x = p, digits = 3L, eps = .Machine$double.eps, out = format.pval(p, digits = 3))
  keep("format.pval", x = p, digits = d, eps = e, out = format.pval(p, digits = d, eps = e))
}

sheet <- function(n, k, spread, names) {
  m <- matrix(rnorm(n * k) * 10^runif(n * k, -spread, spread), n, k)
  if (runif(1) < 0.25) m[sample(n * k, 1)] <- NA
  if (runif(1) < 0.15) m[sample(n * k, 1)] <- 0
  if (runif(1) < 0.1) m[sample(n * k, 1)] <- NaN
  if (runif(1) < 0.1) m[sample(n * k, 1)] <- Inf
  dimnames(m) <- list(paste0(sample(c("x", "a:b", "(Intercept)", "I(z^2)", "Größe "), n, TRUE), seq_len(n)), names)
  m
}
for (i in 1:60) {
  n <- sample(1:7, 1)
  est <- rnorm(n) * 10^runif(n, -4, 3) * 10^sample(c(0, 0, 0, -9, 6), 1)
  se <- abs(est) / abs(rnorm(n, 0, 3))
  if (runif(1) < 0.1) { est[1] <- 0; se[n] <- 0 }
  z <- est / se
  m <- cbind(Estimate = est, "Std. Error" = se, "z value" = z, "Pr(>|z|)" = 2 * pnorm(-abs(z)))
  if (runif(1) < 0.2) m[sample(n, 1), ] <- NA
  if (runif(1) < 0.1) m[sample(n, 1), 2:4] <- NaN
  rownames(m) <- paste0("x", seq_len(n))
  d <- sample(c(3L, 4L, 4L, 5L, 7L), 1)
  stars <- runif(1) < 0.9
  keep("coefmat", x = c(m), columns = colnames(m), rows = rownames(m), digits = d, stars = stars,
       text = shown(printCoefmat(m, digits = d, signif.stars = stars)))
}
for (i in 1:30) {   # estimates only, or with a statistic and no p-value
  m <- sheet(sample(1:5, 1), 3, sample(0:4, 1), c("Estimate", "Std. Error", "t value"))
  keep("coefmat", x = c(m), columns = colnames(m), rows = rownames(m), digits = 4L, stars = TRUE,
       text = shown(printCoefmat(m, digits = 4)))
}
for (i in 1:40) {
  n <- sample(2:6, 1)
  m <- cbind(Df = c(NA, sample(1:9, n - 1, TRUE)), Deviance = abs(rnorm(n)) * 10^runif(n, -3, 4),
             "Resid. Df" = sample(1:500, n), "Resid. Dev" = abs(rnorm(n)) * 10^runif(n, -1, 5))
  m[1, 2] <- NA
  m <- switch(sample(1:5, 1),
    m,
    cbind(m, "Pr(>Chi)" = c(NA, 10^-abs(rnorm(n - 1, 0, 4)))),
    cbind(m, F = c(NA, abs(rnorm(n - 1, 0, 9))), "Pr(>F)" = c(NA, 10^-abs(rnorm(n - 1, 0, 4)))),
    cbind(m, Cp = abs(rnorm(n)) * 10^runif(1, 0, 4)),
    cbind(m, Rao = c(NA, abs(rnorm(n - 1)) * 10^runif(n - 1, -2, 3)), "Pr(>Chi)" = c(NA, runif(n - 1))))
  if (runif(1) < 0.15) m[n, ncol(m)] <- NaN
  if (runif(1) < 0.15) m[n, 2] <- 1e-14
  rows <- c("NULL", paste0("term", seq_len(n - 1)))
  x <- structure(as.data.frame(m, optional = TRUE), row.names = rows, heading = c("Heading\n", "of two lines"),
                 class = c("anova", "data.frame"))
  keep("anova", x = c(m), columns = colnames(m), rows = rows, text = shown(print(x)))
}
for (i in 1:60) {
  m <- sheet(sample(1:5, 1), k <- sample(1:14, 1), sample(0:6, 1), paste0(sample(c("v", "long name "), 1), seq_len(k)))
  keep("matrix", x = c(m), columns = colnames(m), rows = rownames(m), text = shown(print(m)))
}
for (k in 36:44) {   # the edge of the line
  m <- matrix(0, 1, 10, dimnames = list("a", c(strrep("y", k), rep("xxx", 9))))
  keep("matrix", x = c(m), columns = colnames(m), rows = rownames(m), text = shown(print(m)))
}
for (x in vectors[seq(1, length(vectors), 3)]) {
  names(x) <- paste0(sample(c("x", "(Intercept)", "a\nb", "日本", "back\\slash"), length(x), TRUE), seq_along(x))
  keep("vector", x = unname(x), names = names(x), text = shown(print(x)))
}
for (n in c(5, 9, 17, 40)) for (w in c(3, 8, 15)) {
  x <- setNames(round(rnorm(n), 3), paste0(strrep("n", w), seq_len(n)))
  keep("vector", x = unname(x), names = names(x), text = shown(print(x)))
}
for (i in 1:12) {
  n <- sample(1:6, 1)
  d <- data.frame(fit = rnorm(n) * 10^runif(1, -3, 5), "se_fit" = abs(rnorm(n)), wide = runif(n) * 1e-7)
  if (runif(1) < 0.4) d[sample(n, 1), 2] <- NA
  keep("data.frame", x = unlist(d, use.names = FALSE), columns = names(d), rows = as.character(seq_len(n)),
       text = shown(print(d)))
}
out <- file("numbers.json", "w", encoding = "UTF-8")
writeLines(c("{\"version\": ", quoted(R.version.string), ", \"cases\": ["), out, sep = "")
writeLines(paste0(cases, c(rep(",", length(cases) - 1), "")), out, useBytes = TRUE)
writeLines("]}", out)
close(out)
cat(length(cases), "cases\n")
