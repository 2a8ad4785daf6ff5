# Writes reference.json.gz: R's model.matrix for every formula of handwritten.txt and random.txt, on fitting data
# and on new data as predict() builds it. Run in this directory: Rscript compute.R
# Formulas R refuses are stored with its message; random ones with more than 60 columns are left out for size.
suppressMessages({library(jsonlite); library(splines)})
options(warn = -1)
set.seed(11)
n <- 26
r <- function(v, d = 3) round(v, d)
d <- data.frame(
  y = r(rnorm(n)), x = r(rnorm(n)), z = r(runif(n, 0.5, 3)), w = r(rnorm(n, 2)), k = rep(1:6, length.out = n)[sample(n)],
  u = r(runif(n, 0.02, 0.98)), n1 = rpois(n, 5), n2 = rpois(n, 4), `x 1` = r(rnorm(n, 3)), x.2 = r(rnorm(n)),
  class = r(runif(n, 1, 5)), log = r(runif(n)), I = r(runif(n)), T = r(runif(n)),
  a = factor(sample(c("a1", "a2", "a3"), n, TRUE)), b = factor(rep(c("lo", "hi"), n / 2), levels = c("lo", "hi")),
  f = factor(sample(c("r", "s", "t"), n, TRUE), levels = c("q", "r", "s", "t")),
  o = factor(sample(c("low", "mid", "high", "top"), n, TRUE), levels = c("low", "mid", "high", "top"), ordered = TRUE),
  g = factor(sample(c("1", "2", "10"), n, TRUE), levels = c("1", "2", "10"), ordered = TRUE),
  s = sample(c("b", "A", "a", "B"), n, TRUE), l = sample(c(TRUE, FALSE), n, TRUE),
  check.names = FALSE, stringsAsFactors = FALSE)
d$nn <- d$n1 + d$n2
dna <- d
dna$x[c(2, 9)] <- NA; dna$a[c(4, 9)] <- NA; dna$s[5] <- NA; dna$l[c(7, 8)] <- NA; dna$k[11] <- NA; dna$o[12] <- NA
dna$f[3] <- NA; dna$y[14] <- NA; dna$n2[15] <- NA
m <- 8
nd <- data.frame(
  x = r(seq(min(d$x) + .01, max(d$x) - .01, length.out = m)), z = r(seq(0.9, 2.6, length.out = m)), w = r(rnorm(m, 2)), k = c(1:6, 2L, 3L),
  u = r(runif(m, 0.1, 0.9)), n1 = rpois(m, 5), n2 = rpois(m, 4), `x 1` = r(rnorm(m, 3)), x.2 = r(rnorm(m)),
  class = r(runif(m, 1, 5)), log = r(runif(m)), I = r(runif(m)), T = r(runif(m)),
  a = factor(rep(c("a3", "a1"), m / 2), levels = c("a1", "a2", "a3")), b = factor(rep("hi", m)), f = factor(rep(c("t", "r"), m / 2)),
  o = factor(rep(c("mid", "top", "low", "mid"), 2), levels = c("low", "mid", "high", "top"), ordered = TRUE),
  g = factor(rep(c("10", "1"), m / 2), levels = c("1", "2", "10"), ordered = TRUE),
  s = rep(c("B", "a"), m / 2), l = rep(TRUE, m), nn = rep(9, m), y = r(rnorm(m)), check.names = FALSE, stringsAsFactors = FALSE)
ndna <- nd
ndna$x[2] <- NA; ndna$a[3] <- NA; ndna$k[4] <- NA; ndna$s[5] <- NA; ndna$l[6] <- NA

matrix_of <- function(X) list(names = I(as.character(colnames(X))), assign = I(as.integer(attr(X, "assign"))),
                              dim = dim(X), values = I(as.vector(unclass(X))))
one <- function(text, data, newdata) {
  out <- list(formula = text)
  fit <- tryCatch({
    mf <- model.frame(as.formula(text), data, drop.unused.levels = TRUE)
    X <- model.matrix(attr(mf, "terms"), mf)
    list(mf = mf, X = X)
  }, error = function(e) conditionMessage(e))
  if (is.character(fit)) { out$error <- fit; return(out) }
  out$fit <- matrix_of(fit$X)
  tt <- attr(fit$mf, "terms")
  out$terms <- I(attr(tt, "term.labels"))
  off <- model.offset(fit$mf)
  if (!is.null(off)) out$offset <- I(as.numeric(off))
  new <- tryCatch({
    Terms <- delete.response(tt)
    m <- model.frame(Terms, newdata, na.action = na.pass, xlev = .getXlevels(tt, fit$mf))
    if (!is.null(cl <- attr(Terms, "dataClasses"))) .checkMFClasses(cl, m)
    model.matrix(Terms, m, contrasts.arg = attr(fit$X, "contrasts"))
  }, error = function(e) conditionMessage(e))
  if (is.character(new)) out$new_error <- new else out$new <- matrix_of(new)
  out
}
hand <- readLines("handwritten.txt")
cut_at <- match("@na", hand)
keep <- function(v) v[!grepl("^[#@]", v) & nzchar(v)]
plain <- lapply(keep(hand[seq_len(cut_at)]), one, d, nd)
missing <- lapply(keep(hand[-seq_len(cut_at)]), one, dna, ndna)
random <- lapply(keep(readLines("random.txt")), one, d, nd)
random <- Filter(function(r) is.null(r$fit) || r$fit$dim[2] <= 60, random)
describe <- function(df) lapply(df, function(v) list(
  kind = if (is.ordered(v)) "ordered" else if (is.factor(v)) "factor" else class(v)[1],
  values = I(if (is.factor(v)) as.character(v) else v), levels = if (is.factor(v)) I(levels(v))))
out <- list(R = R.version.string, locale = Sys.getlocale("LC_COLLATE"),
            data = lapply(list(d = d, dna = dna, nd = nd, ndna = ndna), describe),
            plain = plain, missing = missing, random = random)
con <- gzfile("reference.json.gz", "w", compression = 9)
writeLines(toJSON(out, digits = NA, na = "null", auto_unbox = TRUE, null = "null"), con)
close(con)
bad <- function(set) for (r in set) if (!is.null(r$error)) cat("refused:", r$formula, "--", r$error, "\n")
bad(plain); bad(missing)
cat(length(plain), length(missing), length(random), "random refused:", sum(sapply(random, function(r) !is.null(r$error))), "\n")
for (r in c(plain, missing)) if (!is.null(r$new_error)) cat("new refused:", r$formula, "--", r$new_error, "\n")
