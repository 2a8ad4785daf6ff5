# Values of the functions that formulas may call: on the data they are fitted to and on new data.
# Writes JSON to standard output: Rscript functions.R > functions_4.2.json (LC_ALL=C.UTF-8), R 4.6 > functions_4.6.json
# Base R only; numbers with 17 significant digits.
suppressPackageStartupMessages(library(splines))
options(warn = -1)

D <- data.frame(
  x = c(1.5, -0.25, 3.75, 2, 8.125, -4.5, 0.1, 6.6, 5.05, -2.2, 7.77, 4.4, 3.3, -1.05, 9.9, 0.6),
  z = c(10, 12.5, 9.75, 14, 20.25, 3.125, 7.5, 18, 16.4, 5.3, 11.1, 13.7, 8.8, 6.45, 2.95, 19.6),
  p = c(0.05, 0.5, 1, 2.5, 0.3, 4.2, 0.9, 7, 1.6, 3.3, 0.01, 5.5, 2.2, 0.75, 6.1, 9),
  m = c(2.5, NA, -1, 0, 3.5, NA, 7, 1, -2.5, 4, 0.5, 1.5, NA, 6, 5, -0.5),
  i = c(4L, 2L, 7L, 2L, 5L, 1L, 9L, 4L, 3L, 8L, 6L, 2L, 5L, 7L, 1L, 3L),
  k = c(100000L, 200000L, 123456L, 100000L, 5L, 300000L, 5L, 7L, 123456L, 7L, 5L, 1000000L, 7L, 5L, 5L, 7L),
  f = factor(c("lo", "mid", "hi", "lo", "mid", "hi", "mid", "lo", "hi", "hi", "lo", "mid", "lo", "hi", "mid", "lo"),
             levels = c("lo", "mid", "hi")),
  g = factor(c("u", "v", "u", "v", "v", "u", "u", "v", "u", "v", "u", "u", "v", "v", "u", NA)),
  o = factor(c("S", "M", "L", "M", "S", "L", "M", "S", "L", "L", "M", "S", "XL", "XL", "M", "S"),
             levels = c("S", "M", "L", "XL"), ordered = TRUE),
  s = c("b", "A", "a", "B", "c d", "c-d", "c_d", "a1", "a10", "a2", "Z", NA, "z", "b", "A", "ab"),
  b = c(TRUE, FALSE, TRUE, NA, FALSE, FALSE, TRUE, TRUE, FALSE, NA, TRUE, FALSE, TRUE, TRUE, FALSE, FALSE),
  stringsAsFactors = FALSE)
N <- data.frame(
  x = c(0, -5, 4.4, 12, 1.5), z = c(9.75, 4, 20.25, 3.125, 12), p = c(1.5, 0.25, 8, 2, 0.02),
  m = c(NA, 1, 3.5, -1, 0), i = c(2L, 9L, 3L, 3L, 1L), k = c(100000L, 5L, 7L, 1000000L, 5L),
  f = factor(c("hi", "lo", "lo", "hi", "mid"), levels = c("lo", "mid", "hi")),
  g = factor(c("v", "u", NA, "v", "v"), levels = c("u", "v")),
  o = factor(c("L", "S", "XL", "M", "S"), levels = c("S", "M", "L", "XL"), ordered = TRUE),
  s = c("Z", NA, "a", "A", "c d"), b = c(FALSE, TRUE, NA, TRUE, FALSE), stringsAsFactors = FALSE)
breaks_of <- function(x, n) {  # the breaks of cut(x, n), as ?cut describes them
  r <- range(x, na.rm = TRUE); b <- seq(r[1], r[2], length.out = n + 1)
  b[c(1, n + 1)] <- c(r[1] - diff(r) / 1000, r[2] + diff(r) / 1000); b
}

# No state: what R gives on each data set.
plain <- c(
  "x + 1", "x - z", "-x", "+x", "x * z", "x / z", "z / 0", "x^2", "x^-1", "p^0.5", "(-8)^(1/3) + x", "2^i", "m^0",
  "x %% 3", "x %% -3", "-x %/% 2", "x %/% -2.5", "i %% 3L", "i %/% 2L", "i * 2L", "i / 2L", "i + 0.5", "x %% 0", "x %/% 0",
  "x %% Inf", "b + 1", "b * x", "m + x", "-(x + z) * 2", "I(x^2)", "identity(x)", "offset(log(p))", "(x)",
  "log(p)", "log(p, 2)", "log(p, base = 10)", "log(p, 3)", "log(base = 2, p)", "log2(p)", "log10(p)", "log1p(p)", "exp(x)",
  "expm1(x / 1e9)", "sqrt(p)", "abs(x)", "abs(i - 5L)", "sin(x)", "cos(x)", "tan(x)", "asin(x / 20)", "acos(x / 20)",
  "atan(x)", "sinh(x)", "cosh(x)", "tanh(x)", "asinh(x)", "acosh(p + 1)", "atanh(x / 20)", "sinpi(x)", "cospi(x)", "tanpi(x / 7)",
  "atan2(x, z)", "gamma(p)", "gamma(x)", "lgamma(p)", "lgamma(x)", "digamma(p)", "digamma(x)", "trigamma(p)", "trigamma(x)",
  "beta(p, z)", "lbeta(p, z)", "choose(i, 2)", "choose(x, 3)", "choose(z, 4)", "choose(-i, 3)", "choose(60L, i)", "factorial(i)",
  "factorial(p)", "lfactorial(p)", "sign(x)", "round(x)", "round(x, 1)", "round(z, 2)", "round(x * 100, -2)", "round(x + 0.5)",
  "round(p / 7, 5)", "round(k, -4)", "signif(p * 1234.5678, 3)", "signif(x)", "signif(k, 2)", "floor(x)", "ceiling(x)", "trunc(x)",
  "pmin(x, z)", "pmax(x, 0)", "pmin(m, 1)", "pmax(m, 1, na.rm = TRUE)", "pmin(x, z, p)", "pmax(i, 3L)",
  "x > 2", "x >= 1.5", "x < z", "x == 1.5", "x != 1.5", "m > 1", "f == \"lo\"", "f != \"hi\"", "\"lo\" == f", "f == \"none\"",
  "f == as.character(f)", "g == \"u\"", "o > \"M\"", "o <= \"L\"", "\"M\" < o", "o == \"S\"", "s == \"a\"", "s < \"b\"", "s >= \"c\"",
  "i == \"2\"", "k == \"1e+05\"", "b == TRUE", "b > FALSE", "x > 2 & z < 10", "x > 2 | b", "b & m > 0", "b | m > 0", "!b", "!(x > 0)",
  "xor(b, x > 0)", "xor(x > 0, z > 10)", "m > 0 & TRUE", "m > 0 & FALSE", "m > 0 | TRUE", "NA & b", "i & TRUE", "!i",
  "x %in% c(1.5, 2)", "f %in% c(\"lo\", \"hi\")", "s %in% c(\"a\", NA)", "i %in% 1:3", "g %in% \"u\"", "m %in% NA", "is.element(i, 2:4)",
  "is.na(m)", "is.na(s)", "is.na(g)", "is.na(x)", "is.finite(log(p - 1))", "is.infinite(1 / (i - 2))", "is.nan(0 / (i - 2))",
  "ifelse(x > 2, 1, 0)", "ifelse(x > 2, x, -z)", "ifelse(m > 1, \"big\", \"small\")", "ifelse(b, 1L, 2L)", "ifelse(f == \"lo\", x, m)",
  "ifelse(is.na(m), 0, m)", "ifelse(x > 0, TRUE, b)", "ifelse(x > 5, \"a\", ifelse(x > 0, \"b\", \"c\"))",
  "cut(x, c(-10, 0, 5, 20))", "cut(x, c(-5, 0, 1.5, 20), right = FALSE)", "cut(x, c(1.5, 4.4, 20), include.lowest = TRUE)",
  "cut(x, c(0, 1.5, 4.4), right = FALSE, include.lowest = TRUE)", "cut(x, c(0.12345678, 2, 9.87654321), dig.lab = 5)",
  "cut(x, c(0, 1, 20), labels = FALSE)", "cut(x, c(-10, 0, 20), labels = c(\"neg\", \"pos\"))", "cut(z, c(20, 0, 10))",
  "cut(z, c(0, 10, 30), ordered_result = TRUE)", "cut(x, seq(-10, 20, by = 5))", "cut(x, c(-Inf, 0, Inf))", "cut(z, c(1e-10, 1e5, 123456.789))",
  "cut(x, c(1, 1.0000001, 2))", "cut(p, 10^(-3:1))", "cut(m, c(-3, 0, 9))", "cut(k, c(0, 1e5, 2e6))", "cut(x, c(-10, 0, 20), lab = c(\"n\", \"p\"))",
  "cut(i, c(0, 3, 6, 9), labels = c(\"a\", \"b\", \"a\"))",
  "findInterval(x, c(0, 1.5, 4.4))", "findInterval(x, c(0, 1.5, 4.4), rightmost.closed = TRUE)", "findInterval(x, c(0, 1.5, 4.4), left.open = TRUE)",
  "findInterval(x, c(0, 1.5, 4.4), all.inside = TRUE)", "findInterval(m, c(0, 1))",
  "factor(i, levels = c(2, 1, 3))", "factor(i, levels = 1:9, labels = letters[1:9])", "factor(f, levels = c(\"hi\", \"lo\", \"mid\"))",
  "factor(f, levels = rev(levels(f)))", "factor(i, levels = 1:9, labels = \"L\")", "factor(f, levels = c(\"lo\", \"mid\", \"hi\"), labels = c(\"a\", \"b\", \"a\"))",
  "factor(s, levels = c(\"A\", \"a\"))", "factor(f, levels = c(\"lo\", \"hi\"), ordered = TRUE)", "ordered(f, levels = c(\"hi\", \"mid\", \"lo\"))",
  "factor(b, levels = c(TRUE, FALSE))", "as.factor(f)", "as.factor(g)", "relevel(f, ref = \"mid\")", "relevel(f, \"hi\")", "relevel(f, ref = 2)",
  "relevel(f, ref = levels(f)[3])", "interaction(f, g)", "interaction(f, g, sep = \":\")", "interaction(f, g, lex.order = TRUE)", "interaction(f, o, g)",
  "factor(ifelse(x > 0, \"pos\", \"neg\"), levels = c(\"pos\", \"neg\"))", "ordered(o)", "factor(o, levels = c(\"S\", \"M\", \"L\", \"XL\"))",
  "as.numeric(f)", "as.numeric(g)", "as.integer(o)", "as.numeric(b)", "as.integer(x)", "as.integer(m)", "as.numeric(as.character(i))", "as.double(i)",
  "as.character(x)", "as.character(k)", "as.character(k + 0.5)", "as.character(k * 1)", "as.character(f)", "as.character(b)", "as.character(p / 3)",
  "as.logical(i - 2)", "as.logical(b)", "as.logical(as.character(b))", "as.vector(f)", "unclass(f)", "unclass(x)", "as.numeric(\"0x1A\") + x",
  "C(f)", "C(o)", "C(f, contr.sum)", "C(f, sum)", "C(f, treatment)", "C(f, contr.treatment)", "C(f, \"contr.helmert\")", "C(f, helmert, 1)", "C(f, poly)",
  "C(o, contr.poly, 2)", "C(f, contr.treatment, base = 2)", "C(f, contr.treatment(3, base = 3))", "C(f, c(1, 0, -1))", "C(f, cbind(a = c(1, 0, -1)))",
  "C(f, cbind(c(1, 0, -1), c(1, -2, 1)))", "C(f, matrix(c(1, 0, -1, 1, -2, 1), 3))", "C(f, matrix(c(1, 0, -1, 1, -2, 1), 3), 1)", "C(o, contr.poly(4, scores = c(1, 2, 4, 8)))",
  "C(f, SAS)", "C(f, contr.SAS)", "C(o, c(1, 1, -1, -1))", "C(o, contr.sum, 2)",
  "nchar(s)", "nchar(\"abc\") + x", "substr(s, 1, 1)", "substr(f, 2, 3)", "substring(s, 2)", "substring(s, 1, i)", "toupper(s)", "tolower(s)", "paste(f, g)",
  "paste0(f, i)", "paste(f, i, sep = \"_\")", "paste(\"a\", i)", "startsWith(s, \"a\")", "endsWith(s, \"d\")", "grepl(\"^a\", s)", "grepl(\"a1\", s, fixed = TRUE)",
  "grepl(\"lo|hi\", f)", "trimws(paste(\" \", s))", "toupper(f)",
  "c(1, 2)[1] + x", "x + pi", "x * T", "(1:3)[2] + x", "seq(0, 1, length.out = 5)[2] + x", "seq(2, 11, 3)[3] + x", "seq(5)[4] + x", "seq_len(3)[3] * x",
  "rep(c(1, 2), 2)[3] + x", "rep(1:2, each = 2)[3] + x", "rep_len(c(3, 4), 3)[3] + x", "rev(c(1, 2))[1] + x", "sort(c(3, 1, 2))[1] + x", "order(c(3, 1, 2))[1] + x",
  "letters[i]", "seq_along(x)", "rev(x)", "cumsum(x)", "cumsum(i)", "cumprod(p)", "cummax(x)", "cummin(x)", "cumsum(m)", "rank(x)", "rank(i)", "rank(m)", "order(x)",
  "order(f, -x)", "sort(x)", "sort(s)", "diff(x)", "diff(x, lag = 2)", "diff(x, differences = 2)", "sum(1:3) + x", "max(1, 2) * x", "quantile(c(1, 2, 9), 0.5) + x",
  "x[x > 0]", "x[-1]", "letters[1:3]", "LETTERS[5]", "c(TRUE, NA)", "c(1L, 2L, NA)", "c(f, g)", "10:7", "seq(1, 2, 0.25)", "seq(3, 1)", "seq(10, 1, by = -3)", "c(\"a\", 1.5, TRUE)",
  "cbind(x, z)", "cbind(x, z + 1, 2)", "cbind(a = x, z)", "cbind(x, m)", "cbind(b, x)", "cbind(poly(i, 1, raw = TRUE), x)",
  "poly(x, 3, raw = TRUE)", "poly(m, 2, raw = TRUE)", "poly(x, z, degree = 2, raw = TRUE)", "poly(cbind(x, z), 2, raw = TRUE)", "poly(x, degree = 2, raw = T)",
  "contr.treatment(3)", "contr.treatment(c(\"a\", \"b\", \"c\"), base = 2)", "contr.sum(4)", "contr.helmert(5)", "contr.SAS(3)", "contr.poly(3)", "contr.poly(7)",
  "contr.poly(4, scores = c(0, 1, 5, 10))", "contr.poly(12)", "contr.treatment(3, contrasts = FALSE)", "contr.sum(levels(f))",
  "matrix(1:6, 2)", "matrix(1:6, ncol = 2, byrow = TRUE)", "nlevels(f) + x", "length(c(1, 2)) + x", "ns(x, knots = c(0, 4), Boundary.knots = c(-5, 10))",
  "bs(x, knots = c(0, 4), Boundary.knots = c(-5, 13))", "bs(x, knots = c(-6, 4), Boundary.knots = c(-5, 13))", "ns(z, knots = c(5, 12, 15), Boundary.knots = c(4, 19), intercept = TRUE)",
  "as.character(c(0.1 + 0.2, 1e5, 123456, 1e15, 1e-4, 0.00012, 1/3, 100000.1, 123456789012, 1e22, 1234567.1234567891, 3e-5, 99999, 120000, 1e100 / 3, -1e5, -0.5, 2/3 * 1e-10))",
  "as.character(c(100000L, 123456L))", "factor(c(0.3, 0.1 + 0.2, 1e5, 99999, 1e-10))", "as.character(c(TRUE, NA))", "c(\"a\", NA)[2]",
  "round(c(0.15, 0.25, 0.35, 2.5, -2.5, 2.675, 1.005, 0.285, 1e300, 5.015, 1234567.891), 1)", "round(c(0.15, 2.675, 1.005, 5.015, 0.285, -1.005, 1e15 / 3, 1e-20), 2)",
  "round(c(1234.5, -1250, 1350, 149.9999999, 5e307), -2)", "round(c(0.5, 1.5, -0.5, NA, Inf))", "round(123.456, c(-1, 0, 1, 2))", "signif(c(123456.789, -0.00123456, 2.5, 0, NA, Inf, 1e300, 0.15), 2)",
  "c(5 %% -3, -5 %% 3, 5.5 %% -2, -5 %/% 3, 5 %/% 0, -5 %/% 0, 5 %% 0, 5 %% Inf, -5 %% Inf, -5 %/% Inf, 0 %/% 0, 1 %% 0.1, 1 %/% 0.1, 1 %% 0.2, -1 %% 0.2, -1 %/% 0.2)",
  "c(0^0, NA^0, 1^NA, Inf^0, (-8)^(1/3), -2^2, 2^-1, (-1)^Inf)", "2^3^2", "-1:3", "c(NA & FALSE, NA | TRUE, NA & TRUE, xor(NA, TRUE), !NA, any(NA, TRUE), all(NA, FALSE), all(TRUE, NA))",
  "c(is.na(NA), is.na(NaN), NA %in% NA, NA == NA, TRUE == 1, \"1\" == 1, \"TRUE\" == TRUE, \"a\" < \"B\")",
  "sort(c(\"a\", \"A\", \"b\", \"B\", \"ab\", \"Ab\", \"aB\", \"AB\", \"a b\", \"a-b\", \"a_b\", \"a1\", \"a10\", \"a2\", \"Z\", \"1\", \"10\", \"2\", \"\", \"a.b\", \"ab c\", \"<5\", \">=5\", \"(0,1]\", \"[1,2]\", \"50%\", \"$5\", \"#\", \"~\", \"+1\", \"-1\", \"a/b\", \"a&b\", \"a*\", \"_x\", \"'q'\", \"{\", \"|\", \"@\", \"!\", \"?\", \";\", \":\", \"^\", \"=\", \" a\"))",
  "sort(c(\"\u00e9\", \"e\", \"f\", \"\u00c9\", \"E\", \"ss\", \"\u00df\", \"ae\", \"\u00e6\", \"o\", \"\u00f8\", \"\u00f6\", \"oz\", \"z\", \"\u00e4\", \"\u00c4\", \"a\", \"\u00f1\", \"n\", \"o1\", \"\u0144\", \"\u03b1\", \"\u0431\", \"\u20ac\", \"\u00b0\"))",
  "seq(0, 1, length.out = 7)", "seq(0, by = 0.3, length.out = 4)", "seq(to = 9, by = 2, length.out = 3)", "seq_len(4)", "rep(c(\"a\", \"b\"), times = c(2, 1))", "rev(1:3)", "choose(50, 25)", "choose(5.5, 0:4)",
  "base::log(p)", "stats::poly(x, 2, raw = TRUE)", "base::scale(x, center = 3, scale = 2)", "scale(x, center = FALSE, scale = FALSE)", "scale(cbind(x, z), c(1, 2), c(3, 4))")

# R's predvars replay the fitted state.
safe <- c(
  "poly(x, 2)", "poly(x, 1)", "poly(x, 3)", "poly(z, 5)", "poly(i, 4)", "poly(x, degree = 2)", "stats::poly(x, 2)",
  "scale(x)", "scale(x, scale = FALSE)", "scale(x, center = FALSE)", "scale(m)", "scale(cbind(x, z))",
  "ns(x, 3)", "ns(x, df = 1)", "ns(x, df = 4, intercept = TRUE)", "ns(x, knots = c(0, 4))", "splines::ns(z, 3)", "ns(x)", "ns(z, knots = c(5, 15))",
  "bs(x, df = 5)", "bs(x)", "bs(x, degree = 1)", "bs(x, df = 4, degree = 2)", "bs(x, knots = c(0, 4))", "splines::bs(z, df = 6, intercept = TRUE)",
  "bs(x, degree = 1, knots = 3)", "bs(p, df = 7)", "ns(p, df = 5)", "ns(m, df = 3)", "bs(m, df = 4)")

# R recomputes these on new data (or loses the state in nesting); frozen: the same with D's numbers.
frozen <- rbind(
  c("x - mean(x)", "x - mean(D$x)"),
  c("(x - mean(x)) / sd(x)", "(x - mean(D$x)) / sd(D$x)"),
  c("I((z - min(z)) / (max(z) - min(z)))", "(z - min(D$z)) / (max(D$z) - min(D$z))"),
  c("x > median(x)", "x > median(D$x)"),
  c("x / var(x)", "x / var(D$x)"), c("x + sum(i)", "x + sum(D$i)"), c("p / prod(p)", "p / prod(D$p)"), c("x * length(x)", "x * length(D$x)"),
  c("m - mean(m, na.rm = TRUE)", "m - mean(D$m, na.rm = TRUE)"), c("x / mad(x)", "x / mad(D$x)"), c("x / IQR(x)", "x / IQR(D$x)"),
  c("x - mean(x, trim = 0.1)", "x - mean(D$x, trim = 0.1)"), c("x - range(x)[1]", "x - range(D$x)[1]"), c("x * var(x, z)", "x * var(D$x, D$z)"),
  c("pmin(x, quantile(x, 0.9))", "pmin(x, quantile(D$x, 0.9))"),
  c("quantile(z, seq(0, 1, 0.05), type = 1)", "quantile(D$z, seq(0, 1, 0.05), type = 1)"),
  c("quantile(z, seq(0, 1, 0.05), type = 2)", "quantile(D$z, seq(0, 1, 0.05), type = 2)"),
  c("quantile(z, seq(0, 1, 0.05), type = 3)", "quantile(D$z, seq(0, 1, 0.05), type = 3)"),
  c("quantile(z, seq(0, 1, 0.05), type = 4)", "quantile(D$z, seq(0, 1, 0.05), type = 4)"),
  c("quantile(z, seq(0, 1, 0.05), type = 5)", "quantile(D$z, seq(0, 1, 0.05), type = 5)"),
  c("quantile(z, seq(0, 1, 0.05), type = 6)", "quantile(D$z, seq(0, 1, 0.05), type = 6)"),
  c("quantile(z, seq(0, 1, 0.05), type = 7)", "quantile(D$z, seq(0, 1, 0.05), type = 7)"),
  c("quantile(z, seq(0, 1, 0.05), type = 8)", "quantile(D$z, seq(0, 1, 0.05), type = 8)"),
  c("quantile(z, seq(0, 1, 0.05), type = 9)", "quantile(D$z, seq(0, 1, 0.05), type = 9)"),
  c("x - x[1]", "x - D$x[1]"), c("poly(x, 10)", "predict(poly(D$x, 10), x)"), c("poly(1 / (x + 20), 6)", "predict(poly(1 / (D$x + 20), 6), 1 / (x + 20))"),
  c("x + quantile(z, 0.33, type = 1)", "x + quantile(D$z, 0.33, type = 1)"), c("x + quantile(z, 0.33, type = 2)", "x + quantile(D$z, 0.33, type = 2)"),
  c("x + quantile(z, 0.33, type = 3)", "x + quantile(D$z, 0.33, type = 3)"), c("x + quantile(z, 0.33, type = 4)", "x + quantile(D$z, 0.33, type = 4)"),
  c("x + quantile(z, 0.33, type = 5)", "x + quantile(D$z, 0.33, type = 5)"), c("x + quantile(z, 0.33, type = 6)", "x + quantile(D$z, 0.33, type = 6)"),
  c("x + quantile(z, 0.33, type = 8)", "x + quantile(D$z, 0.33, type = 8)"), c("x + quantile(z, 0.33, type = 9)", "x + quantile(D$z, 0.33, type = 9)"),
  c("x + quantile(m, 0.5, na.rm = TRUE)", "x + quantile(D$m, 0.5, na.rm = TRUE)"),
  c("cut(z, quantile(z, c(0, 0.5, 1)), include.lowest = TRUE)", "cut(z, quantile(D$z, c(0, 0.5, 1)), include.lowest = TRUE)"),
  c("cut(z, quantile(z), include.lowest = TRUE)", "cut(z, quantile(D$z), include.lowest = TRUE)"),
  c("cut(x, 3)", "cut(x, breaks_of(D$x, 3), labels = levels(cut(D$x, 3)))"),
  c("cut(p, 4, dig.lab = 2)", "cut(p, breaks_of(D$p, 4), labels = levels(cut(D$p, 4, dig.lab = 2)))"),
  c("cut(z, breaks = 3, labels = c(\"a\", \"b\", \"c\"))", "cut(z, breaks_of(D$z, 3), labels = c(\"a\", \"b\", \"c\"))"),
  c("cut(x, 3, labels = FALSE)", "cut(x, breaks_of(D$x, 3), labels = FALSE)"),
  c("cut(m, 2, right = FALSE)", "cut(m, breaks_of(D$m, 2), labels = levels(cut(D$m, 2, right = FALSE)), right = FALSE)"),
  c("factor(i)", "factor(i, levels = levels(factor(D$i)))"), c("factor(k)", "factor(k, levels = levels(factor(D$k)))"),
  c("factor(k * 1)", "factor(k * 1, levels = levels(factor(D$k * 1)))"), c("factor(m)", "factor(m, levels = levels(factor(D$m)))"),
  c("factor(s)", "factor(s, levels = levels(factor(D$s)))"), c("as.factor(s)", "factor(s, levels = levels(factor(D$s)))"),
  c("factor(b)", "factor(b, levels = levels(factor(D$b)))"), c("factor(f)", "factor(f, levels = levels(factor(D$f)))"),
  c("factor(o)", "factor(o, levels = levels(factor(D$o)))"), c("ordered(i)", "ordered(i, levels = levels(factor(D$i)))"),
  c("factor(i, labels = \"L\")", "factor(i, levels = sort(unique(D$i)), labels = \"L\")"),
  c("factor(s, exclude = c(\"A\", NA))", "factor(s, levels = levels(factor(D$s, exclude = c(\"A\", NA))))"),
  c("as.integer(factor(s))", "as.integer(factor(s, levels = levels(factor(D$s))))"),
  c("poly(x, 2)[, 1]", "predict(poly(D$x, 2), x)[, 1]"), c("scale(x)[, 1]", "(x - mean(D$x)) / sd(D$x)"), c("polym(x, z, degree = 2)", "predict(poly(D$x, D$z, degree = 2), cbind(x, z))"),
  c("polym(x, degree = 2)", "predict(poly(D$x, 2), x)"), c("polym(x, z, degree = 2, raw = TRUE)", "polym(x, z, degree = 2, raw = TRUE)"), c("ns(x, 3)[, 2]", "predict(ns(D$x, 3), x)[, 2]"),
  c("x / length(unique(i))", "x / length(unique(D$i))"), c("factor(s, levels = unique(s))", "factor(s, levels = unique(D$s))"), c("factor(i, levels = unique(i))", "factor(i, levels = unique(D$i))"),
  c("as.integer(factor(s)[, drop = TRUE])", "as.integer(factor(s, levels = levels(factor(D$s))))"),
  c("droplevels(f)", "factor(f, levels = levels(droplevels(D$f)))"), c("factor(x > 2)", "factor(x > 2, levels = c(FALSE, TRUE))"),
  c("interaction(f, g, drop = TRUE)", "factor(interaction(f, g), levels = levels(interaction(D$f, D$g, drop = TRUE)))"),
  c("interaction(f, b)", "interaction(f, b)"), c("relevel(factor(i), ref = \"3\")", "relevel(factor(i, levels = levels(factor(D$i))), ref = \"3\")"),
  c("I(poly(x, 2))", "predict(poly(D$x, 2), x)"), c("log(poly(x, 1) + 2)", "log(predict(poly(D$x, 1), x) + 2)"),
  c("poly(x, 2) * z", "predict(poly(D$x, 2), x) * z"), c("poly(x, z, degree = 2)", "predict(poly(D$x, D$z, degree = 2), cbind(x, z))"),
  c("poly(cbind(x, z), 2)", "predict(poly(D$x, D$z, degree = 2), cbind(x, z))"), c("poly(x, z, i, degree = 3)", "predict(poly(D$x, D$z, D$i, degree = 3), cbind(x, z, i))"),
  c("poly(x + 1e6, 2)", "predict(poly(D$x + 1e6, 2), x + 1e6)"), c("poly(x * 1e8, 3)", "predict(poly(D$x * 1e8, 3), x * 1e8)"),
  c("poly(x / 1e8, 3)", "predict(poly(D$x / 1e8, 3), x / 1e8)"), c("poly(log(p), 2)", "predict(poly(log(D$p), 2), log(p))"),
  c("log(scale(p) + 5)", "log((p - mean(D$p)) / sd(D$p) + 5)"), c("scale(x, TRUE, 2)", "(x - mean(D$x)) / 2"), c("base::scale(x)", "(x - mean(D$x)) / sd(D$x)"), c("scale(log(p))", "(log(p) - mean(log(D$p))) / sd(log(D$p))"),
  c("I(ns(x, 3)^2)", "unclass(predict(ns(D$x, 3), x))^2"), c("ns(log(p), 2)", "predict(ns(log(D$p), 2), log(p))"), c("bs(scale(x), df = 4)", "predict(bs((D$x - mean(D$x)) / sd(D$x), df = 4), (x - mean(D$x)) / sd(D$x))"),
  c("ns(x, knots = quantile(x, c(0.25, 0.75)))", "predict(ns(D$x, knots = quantile(D$x, c(0.25, 0.75))), x)"),
  c("poly(x - mean(x), 2)", "predict(poly(D$x - mean(D$x), 2), x - mean(D$x))"), c("any(x > 9) + x", "any(D$x > 9) + x"), c("all(p > 0) * x", "all(D$p > 0) * x"))

# R >= 4.3 moves quantile knots off the boundary: R 4.6 only.
shoved <- c("ns(pmax(x, 0), df = 4)", "bs(pmax(x, 0), df = 6)", "bs(pmin(pmax(x, 0), 5), df = 8)", "ns(pmin(pmax(x, 0), 5), df = 6)")

# Distributions, empty arguments, columns of matrices: no state.
distributions <- c(
  "pnorm(x)", "qnorm(p / 10)", "dnorm(x)", "plogis(x)", "qlogis(p / 10)", "dlogis(x)", "pnorm(m)", "pnorm(i)", "pnorm(x, 1, 2)", "pnorm(x, mean = z, sd = p)",
  "pnorm(x * 10, lower.tail = FALSE, log.p = TRUE)", "pnorm(x, lower = FALSE)", "dnorm(x, 1, p, log = TRUE)", "qnorm(-p * 100, log.p = TRUE)", "qnorm(p / 10, 2, 3, FALSE)",
  "pnorm(x, sd = x)", "qnorm(x)", "pnorm(c(-Inf, Inf, NA, 40, -40))", "pnorm(c(-Inf, Inf, 40, -40), log.p = TRUE)", "qnorm(c(0, 1, 0.5, 1e-300, NA, 1.5))",
  "plogis(x * 100, log.p = TRUE)", "plogis(x, 1, 2, FALSE)", "qlogis(-p * 10, log.p = TRUE)", "qlogis(p / 10, 1, 2, lower.tail = FALSE)", "dlogis(x * 100, 2, 3, TRUE)", "qlogis(c(0, 1, 0.5, 1e-300))",
  "pt(x, 5)", "pt(x, i, lower.tail = FALSE)", "pt(x * 100, 2.5, log.p = TRUE)", "dt(x, 3)", "dt(x, p, log = TRUE)", "qt(p / 10, 4)", "qt(p / 10, i, lower.tail = FALSE)", "qt(c(0.5, 0.4999999, 1e-20, 1e-100, 0, 1, 0.25), 7)", "qt(-p, 3, log.p = TRUE)", "pt(c(0, -Inf, Inf, 1e-10), 3)",
  "pchisq(p, 3)", "pchisq(p * 50, i, lower.tail = FALSE)", "dchisq(p, 2.5)", "dchisq(c(-1, 0, 1), 2)", "qchisq(p / 10, 4)", "qchisq(p / 10, 0.3, lower.tail = FALSE)", "qchisq(-p, i, log.p = TRUE)", "pchisq(z, 40, 0, FALSE, TRUE)",
  "pf(p, 3, 7)", "pf(p, i, 4, lower.tail = FALSE)", "df(p, 3, 7)", "df(p, 2, 5, log = TRUE)", "qf(p / 10, 3, 7)", "qf(p / 10, 1, 2.5, lower.tail = FALSE)", "pf(p * 1000, 2, 9, log.p = TRUE, lower.tail = FALSE)",
  "pgamma(p, 2)", "pgamma(p, 2, 3)", "pgamma(p, shape = 0.4, scale = z)", "dgamma(p, 2.5, 0.7)", "dgamma(c(0, -1, 2), 1, 2)", "qgamma(p / 10, 3, scale = 2)", "qgamma(p / 10, 0.05)", "pgamma(x, 2, lower.tail = FALSE, log.p = TRUE)", "dgamma(p, 30, log = TRUE)",
  "pbeta(p / 10, 2, 3)", "pbeta(p / 10, 0.3, i, lower.tail = FALSE)", "dbeta(p / 10, 2, 0.5)", "dbeta(p / 10, 2, 0.5, log = TRUE)", "qbeta(p / 10, 2, 3)", "qbeta(p / 10, 0.3, 4, lower.tail = FALSE)", "pbeta(x, 2, 3)", "qbeta(-p, 2, 3, log.p = TRUE)",
  "pbinom(i, 9, 0.3)", "pbinom(i, 9, p / 10, lower.tail = FALSE)", "dbinom(i, 9, 0.3)", "dbinom(i, 9, 0.3, TRUE)", "qbinom(p / 10, 9, 0.3)", "qbinom(p / 10, 100, 0.7, FALSE)", "pbinom(x, 5, 0.5)", "dbinom(i, i, 1)", "pbinom(i, 9, 0.3, TRUE, TRUE)", "qbinom(c(0, 1, 0.5), 4, 0.5)",
  "ppois(i, 2.5)", "ppois(i, p, lower.tail = FALSE)", "dpois(i, p)", "dpois(i, p, log = TRUE)", "qpois(p / 10, 3)", "qpois(p / 10, 1e4)", "ppois(x, 2)", "ppois(i, 30, log.p = TRUE)", "qpois(c(0, 1, 0.5), 4)", "dpois(c(0, 1, -1), 0)", "qpois(ppois(i, 3), 3)",
  "pnbinom(i, 3, 0.4)", "pnbinom(i, size = p, mu = z)", "dnbinom(i, 2.5, 0.3)", "dnbinom(i, size = 2.5, mu = 4, log = TRUE)", "qnbinom(p / 10, 3, 0.4)", "qnbinom(p / 10, size = 0.5, mu = 20, lower.tail = FALSE)", "dnbinom(c(0, 1), 0.5, 1)",
  "pgeom(i, 0.3)", "pgeom(i, 0.3, FALSE, TRUE)", "dgeom(i, 0.3)", "qgeom(p / 10, 0.2)",
  "pexp(p)", "pexp(p, 3, lower.tail = FALSE)", "pexp(p * 1000, log.p = TRUE, lower.tail = FALSE)", "dexp(x, 2)", "qexp(p / 10, 2)", "qexp(-p, log.p = TRUE)", "dexp(p, z, TRUE)",
  "punif(p, 0, 9)", "punif(x, -5, 5, FALSE)", "dunif(x, -2, 3)", "qunif(p / 10, -1, z)", "punif(p / 10, log.p = TRUE)",
  "plnorm(p)", "plnorm(p, 1, 2, FALSE)", "plnorm(p / 1e9, log.p = TRUE)", "dlnorm(p, 0.5, 2)", "qlnorm(p / 10, 1, 2)", "plnorm(x)", "dlnorm(c(0, -1, 1))", "qlnorm(-p * 100, log.p = TRUE)",
  "pweibull(p, 2)", "pweibull(p, 0.5, 3, FALSE)", "pweibull(p * 99, 2, log.p = TRUE, lower.tail = FALSE)", "dweibull(p, 1.5, 2)", "dweibull(c(0, -1, 1), 1, 2)", "qweibull(p / 10, 1.5, 2)", "qweibull(p / 10, 1.5, 2, FALSE)",
  "pcauchy(x)", "pcauchy(x * 1e9, 1, 2, FALSE)", "pcauchy(-x * 1e9, log.p = TRUE)", "dcauchy(x, 1, 2)", "qcauchy(p / 10)", "qcauchy(p / 10, 1, 2, FALSE)", "qcauchy(c(0.5, 1e-20, 0, 1))",
  "stats::pnorm(x)", "pnorm(q = x)", "dnorm(x, log = T)", "pnorm(cbind(x, z))", "I(pnorm(x)^2)",
  "C(f, , 1)", "C(f, contr.sum, )", "C(f, , )", "log(p, )", "round(p, )", "cut(x, c(-10, 0, 20), , TRUE)", "factor(f)[, drop = TRUE]", "f[, drop = TRUE]", "f[drop = TRUE]",
  "cbind(x, z)[, 1]", "cbind(x, z)[, 2] * 2", "cbind(x, z)[, \"z\"]", "cbind(x, z, p)[, -1]", "cbind(x, z, p)[, c(3, 1)]", "cbind(x, z)[, 2, drop = FALSE]", "cbind(x, z)[, ]", "poly(x, 2, raw = TRUE)[, 2]",
  "as.integer(addNA(f))", "as.integer(addNA(g))", "as.integer(addNA(f, TRUE))", "is.na(addNA(g))",
  "x + length(unique(c(1, 2, 1)))", "unique(c(2, 1, 2, NA, NA))", "unique(c(\"b\", \"a\", \"b\", NA))", "factor(f, levels = unique(c(\"mid\", \"lo\", \"mid\", \"hi\")))")

# R's sentences.
wrong <- c(
  "poly(m, 2)", "poly(i, 9)", "poly(x, 0)", "cut(x, 1)", "cut(x, c(1, 1, 2))", "cut(s, 3)", "log(s)", "log(f)", "sqrt(s)", "s + 1", "!s", "s & TRUE", "log(x, k = 3)", "log(x, 2, 3)", "log()",
  "abs(f)", "round(f)", "max(f)", "median(f)", "quantile(m)", "quantile(x, 2)", "relevel(f, ref = \"none\")", "relevel(o, ref = \"S\")", "factor(i, levels = c(1, 2), labels = c(\"a\", \"b\", \"c\"))",
  "factor(i, levels = c(1, 1))", "contr.treatment(1)", "contr.treatment(3, base = 4)", "contr.poly(3, scores = c(1, 1, 2))", "contr.poly(3, scores = 1:2)", "C(f, matrix(1:2, 2))", "C(f, c(1, 1, 1))", "nchar(f)",
  "nosuch(x)", "f == g", "scale(s)", "scale(cbind(x, z), scale = 2)", "1:NA", "seq(1, 10, by = -1)", "bs(x, degree = 0)", "findInterval(x, c(2, 1))", "diff(x, lag = 0)", "mean()", "cut(x)",
  "pt(x)", "pnorm(s)", "pnorm(f)", "dgamma(p, 1, rate = 1, scale = 2)", "c(1, )", "f[, 1]", "x[, 1]", "pnorm(x, 0, 1, TRUE, FALSE, 3)")

number <- function(v) { t <- sprintf("%.17g", v); t[is.na(v)] <- "null"; t[is.infinite(v) & v > 0] <- "1e999"; t[is.infinite(v) & v < 0] <- "-1e999"; t }
quoted <- function(v) { v <- enc2utf8(as.character(v)); t <- paste0("\"", gsub("\"", "\\\\\"", gsub("\\", "\\\\", v, fixed = TRUE)), "\""); t[is.na(v)] <- "null"; t }
list_of <- function(v) paste0("[", paste(v, collapse = ", "), "]")
record <- function(...) { a <- list(...); paste0("{", paste0("\"", names(a), "\": ", unlist(a), collapse = ", "), "}") }
matrix_record <- function(v) {
  n <- colnames(v); if (is.null(n)) n <- rep("", ncol(v))
  record(kind = "\"matrix\"", rows = nrow(v), names = list_of(quoted(n)), values = list_of(number(as.vector(t(unclass(v))))))
}
value <- function(v) {
  if (is.factor(v)) {
    con <- attr(v, "contrasts")
    con <- if (is.null(con)) "null" else if (is.character(con)) quoted(unname(con)[1]) else matrix_record(con)
    return(record(kind = "\"factor\"", codes = list_of(ifelse(is.na(v), -1, as.integer(v) - 1)), levels = list_of(quoted(levels(v))),
                  ordered = tolower(is.ordered(v)), contrasts = con))
  }
  if (is.matrix(v)) return(matrix_record(v))
  if (is.character(v)) return(record(kind = "\"text\"", values = list_of(quoted(v))))
  if (is.logical(v)) return(record(kind = "\"logical\"", values = list_of(ifelse(is.na(v), "null", tolower(v)))))
  record(kind = "\"numeric\"", values = list_of(number(as.vector(unclass(v)))))
}
case <- function(group, e, fit, new) record(group = quoted(group), expression = quoted(e), fit = fit, new = new)
within_data <- function(e, data) value(eval(str2lang(e), data, globalenv()))
replayed <- function(e) {
  mf <- model.frame(as.formula(paste("~", e)), D, na.action = na.pass)
  value(model.frame(terms(mf), N, na.action = na.pass)[[1]])
}
sentence <- function(e) tryCatch({ eval(str2lang(e), D, globalenv()); NA }, error = conditionMessage)

is46 <- getRversion() >= "4.3"
out <- c(
  vapply(distributions, function(e) case("distribution", e, within_data(e, D), within_data(e, N)), ""),
  vapply(plain, function(e) case("plain", e, within_data(e, D), within_data(e, N)), ""),
  vapply(safe, function(e) case("safe", e, within_data(e, D), replayed(e)), ""),
  apply(frozen, 1, function(r) case("frozen", r[1], within_data(r[1], D), within_data(r[2], N))),
  if (is46) vapply(shoved, function(e) case("shoved", e, within_data(e, D), replayed(e)), ""))
column <- function(v) value(v)
data_record <- function(data) paste0("{", paste0(quoted(names(data)), ": ", vapply(data, column, ""), collapse = ",\n "), "}")
integers <- list_of(quoted(names(D)[vapply(D, is.integer, NA)]))
cat("{\"version\": ", quoted(R.version.string), ", \"collation\": ", quoted(Sys.getlocale("LC_COLLATE")), ",\n\"integers\": ", integers,
    ",\n\"fit\": ", data_record(D), ",\n\"new\": ", data_record(N), ",\n\"cases\": [\n", paste(out, collapse = ",\n"), "\n],\n\"errors\": [\n",
    paste(vapply(wrong, function(e) record(expression = quoted(e), message = quoted(sentence(e))), ""), collapse = ",\n"), "\n]}\n", sep = "")
