# Writes data/<name>.csv and data/schema.json: what the models of this folder need beside ../models/data, in the same form.
# usage (in this directory): Rscript data.R        R 4.2.2 with MASS, pscl, ordinal, carData
get_data <- function(name, package) { e <- new.env(); data(list = name, package = package, envir = e); as.data.frame(get(name, envir = e)) }
frames <- list(bioChemists = get_data("bioChemists", "pscl"), wine = get_data("wine", "ordinal"), fgl = get_data("fgl", "MASS"))
frames$soup <- get_data("soup", "ordinal")[seq(1, 1847, 3), c("SURENESS", "PROD", "DAY", "SOUPTYPE", "SOUPFREQ", "GENDER", "AGEGROUP")]
rownames(frames$soup) <- NULL
frames$BEPS <- get_data("BEPS", "carData")[seq(1, 1525, 3), ]
rownames(frames$BEPS) <- NULL

set.seed(20221031)                       # counts with extra zeros
n <- 300
zeros <- data.frame(x = round(rnorm(n), 3), z = round(runif(n, -1, 2), 3), g = factor(sample(c("a", "b", "c"), n, TRUE, c(0.5, 0.3, 0.2))),
                    h = factor(sample(c("no", "yes"), n, TRUE)), time = round(runif(n, 0.5, 4), 2), w = sample(0:4, n, TRUE, c(1, 8, 5, 3, 3)),
                    v = round(runif(n, 0.2, 2.2), 3))
mu <- with(zeros, exp(0.4 + 0.5 * x + c(0, 0.4, -0.3)[g] + 0.3 * log(time)))
open <- runif(n) > with(zeros, plogis(-1 + 0.8 * z + 0.5 * (h == "yes")))
zeros$zip <- ifelse(open, rpois(n, mu), 0L)
zeros$zinb <- ifelse(open, rnbinom(n, size = 1.7, mu = mu * 2), 0L)
zeros$geo <- ifelse(open, rnbinom(n, size = 1, mu = mu * 1.5), 0L)
positive <- function(draw) { y <- draw(mu); while (any(y == 0)) { again <- y == 0; y[again] <- draw(mu)[again] }; y }
zeros$cut <- ifelse(open, positive(function(m) rpois(length(m), m)), 0L)
zeros$cutnb <- ifelse(open, positive(function(m) rnbinom(length(m), size = 1.3, mu = 2 * m)), 0L)
zeros$xm <- zeros$x; zeros$xm[sample(n, 14)] <- NA
zeros$gm <- zeros$g; zeros$gm[sample(n, 9)] <- NA
zeros$far <- round(5e6 + 1e6 * zeros$x)  # badly scaled
zeros$near <- zeros$z * 1e-5
frames$zeros <- zeros

set.seed(19880304)                       # ordered scores
n <- 260
scores <- data.frame(x = round(rnorm(n), 3), u = round(rexp(n), 3), g = factor(sample(c("low", "mid", "high"), n, TRUE), levels = c("low", "mid", "high")),
                     h = factor(sample(c("f", "m"), n, TRUE)), off = round(rnorm(n, sd = 0.5), 2), w = sample(1:4, n, TRUE), v = round(runif(n, 0.3, 2), 3))
eta <- with(scores, 0.9 * x - 0.5 * u + c(0, 0.6, 1.1)[g] + 0.4 * (h == "m") + off)
scores$y <- cut(eta + rlogis(n), c(-Inf, -1.5, -0.3, 0.6, 1.8, Inf), labels = c("never", "seldom", "at times", "often", "always"), ordered_result = TRUE)
scores$y3 <- cut(eta + rnorm(n), c(-Inf, -0.4, 1, Inf), labels = c("A", "B", "C"))
scores$yc <- cut(eta + log(-log(runif(n))), c(-Inf, -1, 0, 1.2, Inf), labels = 1:4, ordered_result = TRUE)
scores$yl <- cut(eta - log(-log(runif(n))), c(-Inf, -0.2, 1, 2.2, Inf), labels = 1:4, ordered_result = TRUE)
scores$xm <- scores$x; scores$xm[sample(n, 11)] <- NA
scores$far <- round(3e7 + 1e7 * scores$x)
scores$near <- scores$u * 1e-6
frames$scores <- scores

set.seed(19700101)                       # choices, one by one and as counts
n <- 280
choices <- data.frame(x = round(rnorm(n), 3), age = sample(18:80, n, TRUE), g = factor(sample(c("p", "q", "r"), n, TRUE)),
                      h = factor(sample(c("n", "s"), n, TRUE)), w = sample(1:5, n, TRUE), v = round(runif(n, 0.2, 3), 3))
eta <- with(choices, cbind(bus = 0, car = -0.5 + 0.7 * x + 0.02 * age, train = 0.3 - 0.6 * x + 0.5 * (g == "q"), walk = 0.4 - 0.015 * age + 0.8 * (h == "s")))
p <- exp(eta) / rowSums(exp(eta))
choices$mode <- factor(apply(p, 1, function(q) sample(colnames(p), 1, prob = q)), levels = colnames(p))
choices$yes <- factor(ifelse(runif(n) < plogis(0.6 * choices$x + 0.3), "yes", "no"))
counts <- t(sapply(seq_len(n), function(i) rmultinom(1, sample(1:12, 1), p[i, ])))
colnames(counts) <- c("nbus", "ncar", "ntrain", "nwalk")
choices <- cbind(choices, counts)
choices$xm <- choices$x; choices$xm[sample(n, 13)] <- NA
choices$o1 <- 0; choices$o2 <- round(rnorm(n, sd = 0.4), 2); choices$o3 <- round(rnorm(n, sd = 0.4), 2); choices$o4 <- round(rnorm(n, sd = 0.4), 2)
choices$far <- round(2e6 + 4e5 * choices$x)
choices$near <- choices$x * 1e-6
frames$choices <- choices

set.seed(19861014)                       # a hurdle whose zeros are a negative binomial's
n <- 900
hurdles <- data.frame(x = round(rnorm(n), 2), u = round(runif(n, -2, 2), 2), g = factor(sample(c("a", "b"), n, TRUE)), v = round(runif(n, 0.5, 1.5), 2))
over <- rnbinom(n, size = 2, mu = with(hurdles, exp(0.8 + 1.2 * x + 0.9 * u))) > 0
hurdles$y <- ifelse(over, 1L + rnbinom(n, size = 1.5, mu = with(hurdles, exp(0.5 + 0.4 * x + 0.3 * (g == "b")))), 0L)
frames$hurdles <- hurdles

kind <- function(x) {
  if (is.ordered(x)) "ordered" else if (is.factor(x)) "factor" else if (is.integer(x)) "integer" else if (is.numeric(x)) "numeric" else stop("kind")
}
number <- function(x) {                  # the shortest text that reads back as the same double
  out <- character(length(x))
  for (i in seq_along(x)) for (d in 1:17) { s <- formatC(x[i], digits = d, format = "g", width = -1); if (is.na(x[i]) || as.numeric(s) == x[i]) { out[i] <- s; break } }
  out[is.na(x)] <- "NA"
  out
}
json_string <- function(x) paste0('"', gsub('(["\\\\])', "\\\\\\1", x), '"')
entries <- character()
for (name in sort(names(frames), method = "radix")) {
  d <- frames[[name]]
  text <- as.data.frame(lapply(d, function(x) if (kind(x) == "numeric") number(as.vector(x)) else ifelse(is.na(x), "NA", as.character(x))), optional = TRUE)
  names(text) <- names(d)
  write.csv(text, file.path("data", paste0(name, ".csv")), row.names = FALSE, quote = which(vapply(text, function(s) any(grepl('[",]', s)), NA)))
  columns <- vapply(names(d), function(v) {
    levels <- if (is.factor(d[[v]])) paste0(', "levels": [', paste(json_string(levels(d[[v]])), collapse = ", "), "]") else ""
    paste0('{"name": ', json_string(v), ', "kind": "', kind(d[[v]]), '"', levels, "}")
  }, "")
  entries <- c(entries, paste0(json_string(name), ": {\"rows\": ", nrow(d), ", \"named_rows\": false, \"columns\": [\n  ", paste(columns, collapse = ",\n  "), "]}"))
}
writeLines(c("{", paste(entries, collapse = ",\n"), "}"), "data/schema.json")
