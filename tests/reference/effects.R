# Marginal effects from first principles: predictions of counterfactual rows as functions of the coefficients, their
# derivatives by numDeriv's Richardson extrapolation, standard errors by the delta method. No package of effects is used,
# but emmeans where the two agree.
# Rscript effects.R > effects.json
suppressMessages({library(numDeriv); library(sandwich); library(MASS); library(splines); library(jsonlite)})

birthwt <- MASS::birthwt
birthwt$race <- factor(birthwt$race, labels = c("white", "black", "other"))
birthwt$smoke <- birthwt$smoke == 1
birthwt$clinic <- paste0("c", (seq_len(nrow(birthwt)) * 7) %% 23)
birthwt$w <- 1 + (seq_len(nrow(birthwt)) %% 5) / 2
insurance <- as.data.frame(lapply(MASS::Insurance, function(x) if (is.ordered(x)) factor(x, ordered = FALSE) else x))
cars <- mtcars
cars$gear <- factor(cars$gear)
quine <- MASS::quine
data <- list(birthwt = birthwt, insurance = insurance, cars = cars, quine = quine)

design <- function(fit, d) {
  tt <- delete.response(terms(fit))
  mf <- model.frame(tt, d, xlev = fit$xlevels, na.action = na.pass)
  X <- model.matrix(tt, mf, contrasts.arg = fit$contrasts)
  X <- X[, !is.na(coef(fit)), drop = FALSE] # aliased columns have no coefficient
  off <- model.offset(mf)
  extra <- if (is.null(fit$call$offset)) 0 else eval(fit$call$offset, d)
  list(X = X, off = (if (is.null(off)) 0 else off) + extra)
}
link <- function(fit) if (inherits(fit, "glm")) fit$family else gaussian()
mu <- function(fit, d, type = "response") {
  D <- design(fit, d)
  inv <- if (type == "link") identity else link(fit)$linkinv
  function(b) inv(drop(D$X %*% b) + D$off)
}
compare <- list(
  difference = function(h, l) h - l, ratio = function(h, l) h / l, lnratio = function(h, l) log(h / l),
  lnor = function(h, l) log(h / (1 - h)) - log(l / (1 - l)), lift = function(h, l) h / l - 1)
# groups in the order of the levels of the columns, the first slowest
groups <- function(d, by) if (is.null(by)) factor(rep("all", nrow(d))) else
  interaction(lapply(by, function(x) factor(d[[x]])), drop = TRUE, lex.order = TRUE)
means <- function(v, g, w) as.vector(tapply(seq_along(v), g, function(i) sum(v[i] * w[i]) / sum(w[i])))
# average comparison: of mean predictions
comparison <- function(fit, d, lo, hi, fun = "difference", by = NULL, w = rep(1, nrow(d)), type = "response") {
  l <- mu(fit, lo(d), type); h <- mu(fit, hi(d), type); g <- groups(d, by)
  function(b) compare[[fun]](means(h(b), g, w), means(l(b), g, w))
}
comparison_rows <- function(fit, d, lo, hi, fun = "difference", type = "response") {
  l <- mu(fit, lo(d), type); h <- mu(fit, hi(d), type)
  function(b) compare[[fun]](h(b), l(b))
}
prediction <- function(fit, d, set = identity, by = NULL, w = rep(1, nrow(d)), type = "response") {
  m <- mu(fit, set(d), type); g <- groups(d, by)
  function(b) means(m(b), g, w)
}
rows <- function(fit, d, type = "response") mu(fit, d, type)
slope_rows <- function(fit, d, x, kind = "dydx", type = "response") {
  D <- design(fit, d)
  dX <- sapply(seq_len(ncol(D$X)), function(j) grad(function(v) { d[[x]] <- v; design(fit, d)$X[, j] }, d[[x]],
    method.args = list(r = 6, eps = 1e-3)))
  dX <- matrix(dX, nrow(D$X))
  doff <- if (length(D$off) == 1) 0 else grad(function(v) { d[[x]] <- v; design(fit, d)$off }, d[[x]])
  fam <- if (type == "link") gaussian() else link(fit)
  function(b) {
    eta <- drop(D$X %*% b) + D$off
    s <- fam$mu.eta(eta) * (drop(dX %*% b) + doff)
    y <- fam$linkinv(eta)
    switch(kind, dydx = s, eyex = s * d[[x]] / y, eydx = s / y, dyex = s * d[[x]])
  }
}
slope <- function(fit, d, x, kind = "dydx", by = NULL, w = rep(1, nrow(d)), type = "response") {
  s <- slope_rows(fit, d, x, kind, type); g <- groups(d, by)
  function(b) means(s(b), g, w)
}
both <- function(...) { fs <- list(...); function(b) unlist(lapply(fs, function(f) f(b))) }
linear <- function(f, L) function(b) drop(L %*% f(b))
of <- function(f, h) function(b) h(f(b))

out <- list()
case <- function(name, fit, call, verb, args, f, V = vcov(fit)) {
  b <- coef(fit)
  b <- b[!is.na(b)]
  J <- jacobian(f, b, method.args = list(r = 6, zero.tol = 1e-14))
  out[[length(out) + 1]] <<- list(name = name, fit = call, verb = verb, args = if (length(args)) args else setNames(list(), character()), estimate = I(unname(f(b))),
    std_error = I(unname(sqrt(diag(J %*% V[names(b), names(b)] %*% t(J))))))
}
set <- function(x, v) function(d) { d[[x]] <- if (is.factor(d[[x]])) factor(rep(v, nrow(d)), levels(d[[x]])) else rep(v, nrow(d)); d }
add <- function(x, k) function(d) { d[[x]] <- d[[x]] + k; d }
then <- function(f, g) function(d) g(f(d))
same <- identity
tight <- glm.control(epsilon = 1e-14, maxit = 100)

# logit: factor, logical, numbers, interaction
call <- list(call = "glm", formula = "low ~ race*age + smoke + lwt", family = "binomial", data = "birthwt")
m <- glm(low ~ race*age + smoke + lwt, binomial, birthwt, control = tight); d <- birthwt
race <- both(comparison(m, d, set("race", "white"), set("race", "black")), comparison(m, d, set("race", "white"), set("race", "other")))
case("logit, all comparisons", m, call, "avg_comparisons", list(), both(race, comparison(m, d, same, add("age", 1)),
  comparison(m, d, set("smoke", FALSE), set("smoke", TRUE)), comparison(m, d, same, add("lwt", 1))))
case("logit, all slopes", m, call, "avg_slopes", list(), both(race, slope(m, d, "age"),
  comparison(m, d, set("smoke", FALSE), set("smoke", TRUE)), slope(m, d, "lwt")))
case("logit, slopes on the link", m, call, "avg_slopes", list(variables = I("age"), type = "link"), slope(m, d, "age", type = "link"))
for (k in c("eyex", "eydx", "dyex"))
  case(paste("logit", k), m, call, "avg_slopes", list(variables = "lwt", slope = k), slope(m, d, "lwt", k))
for (k in c("difference", "ratio", "lnratio", "lnor", "lift"))
  case(paste("logit", k), m, call, "avg_comparisons", list(variables = "smoke", comparison = k),
    comparison(m, d, set("smoke", FALSE), set("smoke", TRUE), k))
case("logit, by race", m, call, "avg_comparisons", list(variables = "smoke", by = "race", comparison = "lnratio"),
  comparison(m, d, set("smoke", FALSE), set("smoke", TRUE), "lnratio", "race")) 
case("logit, slopes by race and ht", m, call, "avg_slopes", list(variables = "age", by = c("ht", "race")),
  slope(m, d, "age", by = c("ht", "race")))
case("logit, pairwise", m, call, "avg_comparisons", list(variables = list(race = "pairwise")), both(race,
  comparison(m, d, set("race", "black"), set("race", "other"))))
case("logit, sequential", m, call, "avg_comparisons", list(variables = list(race = "revsequential")),
  both(comparison(m, d, set("race", "black"), set("race", "white")), comparison(m, d, set("race", "other"), set("race", "black"))))
case("logit, sd", m, call, "avg_comparisons", list(variables = list(lwt = "sd")),
  comparison(m, d, add("lwt", -sd(d$lwt) / 2), add("lwt", sd(d$lwt) / 2)))
case("logit, 2sd", m, call, "avg_comparisons", list(variables = list(lwt = "2sd")),
  comparison(m, d, add("lwt", -sd(d$lwt)), add("lwt", sd(d$lwt))))
case("logit, iqr", m, call, "avg_comparisons", list(variables = list(lwt = "iqr")),
  comparison(m, d, set("lwt", unname(quantile(d$lwt, .25))), set("lwt", unname(quantile(d$lwt, .75)))))
case("logit, minmax", m, call, "avg_comparisons", list(variables = list(age = "minmax")),
  comparison(m, d, set("age", min(d$age)), set("age", max(d$age))))
case("logit, from to", m, call, "avg_comparisons", list(variables = list(age = c(20, 30))),
  comparison(m, d, set("age", 20), set("age", 30)))
case("logit, centred", m, call, "avg_comparisons", list(variables = list(age = list(center = 4))),
  comparison(m, d, add("age", -2), add("age", 2)))
case("logit, cross", m, call, "avg_comparisons", list(variables = list(age = 5, smoke = NULL), cross = TRUE),
  comparison(m, d, set("smoke", FALSE), then(add("age", 5), set("smoke", TRUE))))
case("logit, mean prediction", m, call, "avg_predictions", list(), prediction(m, d))
case("logit, predictions by race", m, call, "avg_predictions", list(by = "race"),
  prediction(m, d, by = "race"))
std <- both(prediction(m, d, set("race", "white")), prediction(m, d, set("race", "black")), prediction(m, d, set("race", "other")))
case("logit, standardised", m, call, "avg_predictions", list(variables = "race"), std)
case("logit, standardised, pairwise", m, call, "avg_predictions", list(variables = "race", hypothesis = "pairwise"),
  linear(std, rbind(c(-1, 1, 0), c(-1, 0, 1), c(0, -1, 1))))
case("logit, standardised, sequential", m, call, "avg_predictions", list(variables = "race", hypothesis = "sequential"),
  linear(std, rbind(c(-1, 1, 0), c(0, -1, 1))))
case("logit, equation", m, call, "avg_predictions", list(variables = "race", hypothesis = "b3 / b1 = 1.5"),
  of(std, function(p) p[3] / p[1] - 1.5))
case("logit, matrix", m, call, "avg_predictions", list(variables = "race", hypothesis = c(1, 1, -2)), linear(std, rbind(c(1, 1, -2))))
fours <- comparison(m, d, set("smoke", FALSE), set("smoke", TRUE), by = "ht")
case("logit, difference by names", m, call, "avg_comparisons", list(variables = "smoke", by = "ht", hypothesis = "b2 - b1 = 0"),
  of(fours, function(p) p[2] - p[1]))
g4 <- prediction(m, d, by = c("ht", "smoke"))
case("logit, did", m, call, "avg_predictions", list(by = c("ht", "smoke"), hypothesis = "did"),
  of(g4, function(p) (p[4] - p[3]) - (p[2] - p[1])))
for (k in c("HC0", "HC1", "HC3"))
  case(paste("logit", k), m, call, "avg_slopes", list(variables = "age", vcov = k), slope(m, d, "age"), vcovHC(m, k))
case("logit, clusters", m, call, "avg_comparisons", list(variables = "smoke", vcov = list(cluster = "clinic")),
  comparison(m, d, set("smoke", FALSE), set("smoke", TRUE)), vcovCL(m, d$clinic))
case("logit, weighted", m, call, "avg_comparisons", list(variables = "smoke", wts = "w"),
  comparison(m, d, set("smoke", FALSE), set("smoke", TRUE), w = d$w))
case("logit, predictions of rows", m, call, "predictions", list(type = "response"), rows(m, d))
case("logit, slopes of rows", m, call, "slopes", list(variables = "age"), slope_rows(m, d, "age"))
case("logit, ratios of rows", m, call, "comparisons", list(variables = "smoke", comparison = "ratio"),
  comparison_rows(m, d, set("smoke", FALSE), set("smoke", TRUE), "ratio"))
typical <- data.frame(race = factor("white", levels(d$race)), age = mean(d$age), smoke = FALSE, lwt = mean(d$lwt))
case("logit, at means", m, call, "slopes", list(newdata = "mean", variables = "age"), slope_rows(m, typical, "age"))
balanced <- expand.grid(smoke = c(FALSE, TRUE), age = mean(d$age), lwt = mean(d$lwt), race = factor(levels(d$race), levels(d$race)))
case("logit, balanced", m, call, "predictions", list(newdata = "balanced", type = "response"),
  rows(m, balanced[order(balanced$race), ]))
case("logit, risk difference", m, call, "risk_difference", list(treatment = "smoke"),
  comparison(m, d, set("smoke", FALSE), set("smoke", TRUE)))
case("logit, nnt", m, call, "nnt", list(treatment = "smoke"),
  of(comparison(m, d, set("smoke", FALSE), set("smoke", TRUE)), function(p) 1 / p))

# splines, polynomials, logs, squares
call <- list(call = "glm", formula = "low ~ ns(age, 3) + poly(lwt, 2) + race", family = "binomial", data = "birthwt")
m <- glm(low ~ ns(age, 3) + poly(lwt, 2) + race, binomial, birthwt, control = tight)
case("splines, slopes", m, call, "avg_slopes", list(variables = c("age", "lwt")), both(slope(m, d, "age"), slope(m, d, "lwt")))
case("splines, comparisons", m, call, "avg_comparisons", list(variables = c("age", "lwt")),
  both(comparison(m, d, same, add("age", 1)), comparison(m, d, same, add("lwt", 1))))
case("splines, slopes by race", m, call, "avg_slopes", list(variables = "lwt", by = "race"),
  slope(m, d, "lwt", by = "race"))
call <- list(call = "glm", formula = "mpg ~ log(hp)*gear + I(wt^2) + sqrt(qsec)", family = "Gamma", link = "log", data = "cars")
m <- glm(mpg ~ log(hp)*gear + I(wt^2) + sqrt(qsec), Gamma("log"), cars, control = tight); d <- cars
case("Gamma, transformed", m, call, "avg_slopes", list(variables = c("hp", "wt", "qsec")),
  both(slope(m, d, "hp"), slope(m, d, "wt"), slope(m, d, "qsec")))
case("Gamma, elasticity", m, call, "avg_slopes", list(variables = "hp", slope = "eyex"), slope(m, d, "hp", "eyex"))
case("Gamma, rows", m, call, "slopes", list(variables = "hp"), slope_rows(m, d, "hp"))
case("Gamma, gear", m, call, "avg_comparisons", list(variables = list(gear = "minmax"), comparison = "ratio"),
  comparison(m, d, set("gear", "3"), set("gear", "5"), "ratio"))
call <- list(call = "glm", formula = "mpg ~ hp + wt", family = "inverse.gaussian", data = "cars")
m <- glm(mpg ~ hp + wt, inverse.gaussian, cars, control = tight)
case("inverse gaussian", m, call, "avg_slopes", list(), both(slope(m, d, "hp"), slope(m, d, "wt")))
for (k in c("probit", "cloglog", "cauchit")) {
  call <- list(call = "glm", formula = "low ~ age + smoke + lwt", family = "binomial", link = k, data = "birthwt")
  m <- glm(low ~ age + smoke + lwt, binomial(k), birthwt, control = tight); d <- birthwt
  case(paste("binomial", k), m, call, "avg_slopes", list(), both(slope(m, d, "age"),
    comparison(m, d, set("smoke", FALSE), set("smoke", TRUE)), slope(m, d, "lwt")))
}

# lm, with weights and interactions
call <- list(call = "lm", formula = "mpg ~ wt*hp + gear", data = "cars"); d <- cars
m <- lm(mpg ~ wt*hp + gear, cars)
case("lm", m, call, "avg_slopes", list(variables = c("wt", "hp")), both(slope(m, d, "wt"), slope(m, d, "hp")))
case("lm, HC3", m, call, "avg_comparisons", list(variables = list(hp = 10), vcov = "HC3"), comparison(m, d, same, add("hp", 10)), vcovHC(m, "HC3"))
call <- list(call = "glm", formula = "bwt ~ age*smoke", family = "gaussian", weights = "w", data = "birthwt"); d <- birthwt
m <- glm(bwt ~ age*smoke, gaussian, birthwt, weights = w)
case("prior weights, unweighted mean", m, call, "avg_slopes", list(variables = "age"), slope(m, d, "age"))
case("prior weights, weighted mean", m, call, "avg_slopes", list(variables = "age", wts = TRUE), slope(m, d, "age", w = d$w))

# counts with offsets
call <- list(call = "glm", formula = "Claims ~ District + Group*Age + offset(log(Holders))", family = "poisson", data = "insurance")
d <- insurance
m <- glm(Claims ~ District + Group*Age + offset(log(Holders)), poisson, insurance, control = tight)
case("offset in the formula", m, call, "avg_comparisons", list(variables = "District"),
  both(comparison(m, d, set("District", "1"), set("District", "2")), comparison(m, d, set("District", "1"), set("District", "3")),
       comparison(m, d, set("District", "1"), set("District", "4"))))
case("offset, ratio by group", m, call, "avg_comparisons", list(variables = list(Age = c("<25", ">35")), by = "District", comparison = "lnratio"),
  comparison(m, d, set("Age", "<25"), set("Age", ">35"), "lnratio", "District"))
case("offset, slope by the exposure", m, call, "avg_slopes", list(variables = "Holders"), slope(m, d, "Holders"))
case("offset, predictions", m, call, "avg_predictions", list(by = "District"), prediction(m, d, by = "District"))
call <- list(call = "glm", formula = "Claims ~ District + Group + Age", family = "poisson", offset = "log(Holders)", data = "insurance")
m <- glm(Claims ~ District + Group + Age, poisson, insurance, offset = log(Holders), control = tight)
case("offset argument", m, call, "avg_comparisons", list(variables = "District"),
  both(comparison(m, d, set("District", "1"), set("District", "2")), comparison(m, d, set("District", "1"), set("District", "3")),
       comparison(m, d, set("District", "1"), set("District", "4"))))
case("offset argument, rows", m, call, "predictions", list(type = "response"), rows(m, d))
m <- glm(Claims ~ District + Group + Age, quasipoisson, insurance, offset = log(Holders), control = tight)
call$family <- "quasipoisson"
case("quasi-Poisson", m, call, "avg_predictions", list(by = "Age"), 
  prediction(m, d, by = "Age"))
call <- list(call = "glm_nb", formula = "Days ~ Eth*Sex + Age", data = "quine"); d <- quine
m <- glm.nb(Days ~ Eth*Sex + Age, quine, control = glm.control(epsilon = 1e-14, maxit = 200))
case("negative binomial", m, call, "avg_comparisons", list(variables = c("Eth", "Sex")),
  both(comparison(m, d, set("Eth", "A"), set("Eth", "N")), comparison(m, d, set("Sex", "F"), set("Sex", "M"))))
case("negative binomial, link", m, call, "avg_predictions", list(by = "Eth", type = "link"), prediction(m, d, by = "Eth", type = "link"))

# rows as a sample too: influence of each row on the average, of its own part and through the coefficients
unconditional <- function(name, fit, call, verb, args, unit) {
  b <- coef(fit); n <- nobs(fit)
  e <- matrix(unit(b), n)
  G <- jacobian(function(b) colMeans(matrix(unit(b), n)), b, method.args = list(r = 6, zero.tol = 1e-14))
  t <- sweep(e, 2, colMeans(e)) / n + estfun(fit) %*% (bread(fit) / n) %*% t(G)
  out[[length(out) + 1]] <<- list(name = name, fit = call, verb = verb, args = c(args, unconditional = TRUE),
    estimate = I(colMeans(e)), std_error = I(sqrt(diag(crossprod(t)))))
}
call <- list(call = "glm", formula = "low ~ race*age + smoke + lwt", family = "binomial", data = "birthwt"); d <- birthwt
m <- glm(low ~ race*age + smoke + lwt, binomial, birthwt, control = tight)
unconditional("unconditional slopes", m, call, "avg_slopes", list(variables = c("age", "lwt")),
  both(slope_rows(m, d, "age"), slope_rows(m, d, "lwt")))
unconditional("unconditional differences", m, call, "avg_comparisons", list(variables = "smoke"),
  comparison_rows(m, d, set("smoke", FALSE), set("smoke", TRUE)))

# emmeans: marginal means over a balanced grid, equal weights, are averages of predictions on the link
suppressMessages(library(emmeans))
m <- glm(low ~ race + smoke + lwt, binomial, birthwt, control = tight)
em <- as.data.frame(emmeans(m, "race"))
out[[length(out) + 1]] <- list(name = "emmeans", fit = list(call = "glm", formula = "low ~ race + smoke + lwt", family = "binomial",
  data = "birthwt"), verb = "avg_predictions", args = list(newdata = "balanced", by = "race", type = "link"),
  estimate = I(em$emmean), std_error = I(em$SE))

# every other family and link: an average and a grouped slope and comparison, a ratio, rows, by the model's and robust errors
cars$am <- factor(cars$am); data$cars <- cars
quine$x <- quine$Days / 20 + (seq_len(nrow(quine)) %% 7) / 5
quine$old <- quine$Age %in% c("F2", "F3"); data$quine <- quine
everything <- function(name, m, call, number, logical, by) {
  d <- get(call$data)
  off <- comparison(m, d, set(logical, FALSE), set(logical, TRUE))
  case(paste(name, "slope"), m, call, "avg_slopes", list(variables = number), slope(m, d, number))
  case(paste(name, "slope by"), m, call, "avg_slopes", list(variables = number, by = by), slope(m, d, number, by = by))
  case(paste(name, "elasticity"), m, call, "avg_slopes", list(variables = number, slope = "eyex"), slope(m, d, number, "eyex"))
  case(paste(name, "difference"), m, call, "avg_comparisons", list(variables = logical), off)
  case(paste(name, "ratio by"), m, call, "avg_comparisons", list(variables = logical, comparison = "ratio", by = by),
    comparison(m, d, set(logical, FALSE), set(logical, TRUE), "ratio", by))
  case(paste(name, "predictions by"), m, call, "avg_predictions", list(by = by), prediction(m, d, by = by))
  case(paste(name, "HC1"), m, call, "avg_comparisons", list(variables = logical, vcov = "HC1"), off, vcovHC(m, "HC1"))
}
birth <- list(family = "binomial", data = "birthwt", formula = "low ~ age*smoke + lwt")
for (l in c("logit", "probit", "cloglog", "cauchit")) {
  m <- glm(low ~ age*smoke + lwt, binomial(l), birthwt, control = tight)
  everything(paste("binomial", l), m, c(call = "glm", birth, link = l), "age", "smoke", "race")
}
m <- glm(low ~ smoke + age, binomial("log"), birthwt, control = tight, start = c(-1.2, .3, 0))
everything("binomial log", m, list(call = "glm", formula = "low ~ smoke + age", family = "binomial", link = "log", data = "birthwt"),
  "age", "smoke", "race")
m <- glm(low ~ age*smoke + lwt, quasibinomial, birthwt, weights = w, control = tight)
everything("quasibinomial weights", m, list(call = "glm", formula = "low ~ age*smoke + lwt", family = "quasibinomial",
  data = "birthwt", weights = "w"), "age", "smoke", "race")
positive <- function(name, family, link) {
  m <- glm(bwt ~ lwt*smoke + age, do.call(family, list(link = link)), birthwt, control = tight)
  everything(paste(name, link), m, list(call = "glm", formula = "bwt ~ lwt*smoke + age", family = name, link = link, data = "birthwt"),
    "lwt", "smoke", "race")
}
for (l in c("inverse", "log", "identity")) positive("Gamma", Gamma, l)
for (l in c("inverse", "log", "identity")) positive("gaussian", gaussian, l)
for (l in c("1/mu^2", "inverse", "log")) positive("inverse.gaussian", inverse.gaussian, l)
for (l in c("log", "sqrt")) {
  m <- glm(Days ~ old*x + Sex, poisson(l), quine, control = tight)
  everything(paste("poisson", l), m, list(call = "glm", formula = "Days ~ old*x + Sex", family = "poisson", link = l, data = "quine"),
    "x", "old", "Eth")
}
insurance$young <- insurance$Age == "<25"; data$insurance <- insurance
m <- glm(I(Claims + 10) ~ Holders*young, poisson("identity"), insurance, control = tight, start = c(10, .1, 0, 0))
everything("poisson identity", m, list(call = "glm", formula = "I(Claims + 10) ~ Holders*young", family = "poisson",
  link = "identity", data = "insurance"), "Holders", "young", "Group")
# aliased columns: a copy, a combination, an empty cell; splines beside them. A small epsilon would un-alias them, for glm.fit's
# tolerance hangs on it: the fit begins again where it ended, until nothing moves
again <- function(f) { m <- f(NULL); for (k in 1:3) { b <- coef(m); m <- f(ifelse(is.na(b), 0, b)) }; m }
m <- again(function(b) glm(low ~ race + I(2*age + lwt) + age + lwt + smoke, binomial, birthwt, start = b))
everything("aliased", m, list(call = "glm", formula = "low ~ race + I(2*age + lwt) + age + lwt + smoke", family = "binomial",
  data = "birthwt"), "age", "smoke", "race")
m <- again(function(b) glm(bwt ~ smoke*ns(lwt, 3) + age + I(age - 30), gaussian, birthwt, start = b))
everything("aliased, spline", m, list(call = "glm", formula = "bwt ~ smoke*ns(lwt, 3) + age + I(age - 30)", family = "gaussian",
  data = "birthwt"), "lwt", "smoke", "race")
holes <- subset(birthwt, !(race == "other" & ht == 1)); data$holes <- holes
m <- again(function(b) glm(low ~ race*factor(ht) + smoke + lwt, binomial, holes, start = b))
everything("aliased, an empty cell", m, list(call = "glm", formula = "low ~ race*factor(ht) + smoke + lwt", family = "binomial",
  data = "holes"), "lwt", "smoke", "race")
m <- glm(bwt ~ smoke*poly(lwt, 3) + bs(age, df = 4) + race, Gamma("log"), birthwt, control = tight)
everything("poly and bs", m, list(call = "glm", formula = "bwt ~ smoke*poly(lwt, 3) + bs(age, df = 4) + race", family = "Gamma",
  link = "log", data = "birthwt"), "lwt", "smoke", "race")

cat(toJSON(list(R = R.version.string, numDeriv = as.character(packageVersion("numDeriv")),
  sandwich = as.character(packageVersion("sandwich")), emmeans = as.character(packageVersion("emmeans")),
  data = lapply(data, function(d) list(columns = lapply(d, function(x) if (is.factor(x)) as.character(x) else x),
    levels = Filter(Negate(is.null), lapply(d, levels)))), cases = out), digits = NA, auto_unbox = TRUE, null = "null", dataframe = "columns"))
cat("\n")
