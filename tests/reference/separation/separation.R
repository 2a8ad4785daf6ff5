# Separation and bias reduction: what R says (R 4.2.2, lpSolve, brglm2), with plain R where there is no package.
#   Rscript separation.R    writes separation.json and firth.json beside it
suppressMessages({library(brglm2); library(lpSolve); library(jsonlite); library(MASS); library(boot)})
read <- get

# --- separation ---------------------------------------------------------------------------------------------
# A direction delta with  X delta = 0 on the rows that hold,  s X delta >= 0 on those that pull (s: to +Inf, -Inf).
# For each coefficient the least and the largest delta_j of the cone (|delta| <= 1) say what is decided: both 0, a
# finite estimate; one of them 0, where it goes; else the data do not say. `konis` are the signs of the programme
# of Konis (2007), which R's detectseparation solves: maximise sum(s X delta).
cone <- function(X, s) {
  pull <- s != 0
  p <- ncol(X)
  A <- rbind((X * s)[pull, , drop = FALSE], X[!pull, , drop = FALSE])
  A <- unique(cbind(A, c(rep(1, sum(pull)), rep(0, sum(!pull)))))
  kind <- ifelse(A[, p + 1] == 1, ">=", "=")
  A <- A[, seq_len(p), drop = FALSE]
  constraints <- rbind(cbind(A, -A), cbind(diag(p), -diag(p)), cbind(diag(p), -diag(p)))
  dirs <- c(kind, rep("<=", p), rep(">=", p))
  rhs <- c(rep(0, nrow(A)), rep(1, p), rep(-1, p))
  best <- function(objective) {
    out <- lp("max", c(objective, -objective), constraints, dirs, rhs)
    stopifnot(out$status == 0)
    delta <- out$solution[seq_len(p)] - out$solution[p + seq_len(p)]
    ifelse(abs(delta) < 1e-7, 0, delta)
  }
  objective <- colSums((X * s)[pull, , drop = FALSE])
  konis <- best(objective)
  span <- sapply(seq_len(p), function(j) {
    e <- as.numeric(seq_len(p) == j)
    c(best(-e)[j], best(e)[j])
  })
  list(konis = sign(konis), low = sign(span[1, ]), high = sign(span[2, ]))
}

pulls <- function(family, link, y) {
  if (family %in% c("binomial", "quasibinomial")) {
    if (link == "log") ifelse(y == 0, -1, 0) else ifelse(y == 0, -1, ifelse(y == 1, 1, 0))
  } else ifelse(y == 0, -1, 0)
}

cases <- list(
  list(id = "endometrial", data = "endometrial", formula = "HG ~ NV + PI + EH", family = "binomial", link = "logit"),
  list(id = "endometrial-cauchit", data = "endometrial", formula = "HG ~ NV + PI + EH", family = "binomial", link = "cauchit"),
  list(id = "endometrial-cloglog", data = "endometrial", formula = "HG ~ NV * PI + EH", family = "binomial", link = "cloglog"),
  list(id = "mtcars-none", data = "mtcars", formula = "am ~ wt", family = "binomial", link = "logit"),
  list(id = "mtcars-complete", data = "mtcars", formula = "am ~ wt + hp + mpg + qsec", family = "binomial", link = "probit"),
  list(id = "mtcars-aliased", data = "mtcars", formula = "vs ~ factor(cyl) * factor(gear)", family = "binomial", link = "logit"),
  list(id = "mtcars-factor", data = "mtcars", formula = "am ~ factor(cyl) + factor(gear)", family = "quasibinomial", link = "logit"),
  list(id = "mtcars-carb", data = "mtcars", formula = "vs ~ factor(carb)", family = "binomial", link = "cloglog"),
  list(id = "iris-setosa", data = "iris", formula = "I(Species == 'setosa') ~ Sepal.Length + Petal.Length", family = "binomial", link = "logit"),
  list(id = "iris-versicolor", data = "iris", formula = "I(Species == 'versicolor') ~ Sepal.Length + Sepal.Width + Petal.Length + Petal.Width", family = "binomial", link = "logit"),
  list(id = "birthwt", data = "birthwt", formula = "low ~ age + lwt + factor(race) + smoke + factor(ptl) + ht + ui", family = "binomial", link = "logit"),
  list(id = "birthwt-log", data = "birthwt", formula = "low ~ factor(ptl) + smoke", family = "binomial", link = "log"),
  list(id = "birthwt-cells", data = "birthwt", formula = "low ~ factor(ptl) * factor(race) * ht", family = "binomial", link = "logit"),
  list(id = "bacteria", data = "bacteria", formula = "I(y == 'n') ~ trt + factor(week)", family = "binomial", link = "logit"),
  list(id = "nodal", data = "nodal", formula = "r ~ aged * stage * grade + xray * acid", family = "binomial", link = "logit"),
  list(id = "remission", data = "remission", formula = "r ~ LI * m", family = "binomial", link = "probit"),
  list(id = "urine", data = "urine", formula = "r ~ gravity + ph + osmo + cond + urea + calc", family = "binomial", link = "logit"),
  list(id = "downs", data = "downs.bc", formula = "cbind(r, m - r) ~ factor(round(age))", family = "binomial", link = "logit"),
  list(id = "esoph", data = "esoph", formula = "cbind(ncases, ncontrols) ~ agegp + tobgp + alcgp", family = "binomial", link = "logit"),
  list(id = "esoph-agegp", data = "esoph", formula = "cbind(ncases, ncontrols) ~ agegp * tobgp", family = "binomial", link = "logit"),
  list(id = "lizards", data = "lizards", formula = "cbind(grahami, opalinus) ~ height * diameter * light * time", family = "binomial", link = "logit"),
  list(id = "quine-none", data = "quine", formula = "Days ~ Eth + Sex + Age + Lrn", family = "poisson", link = "log"),
  list(id = "quine-cells", data = "quine", formula = "Days ~ Eth * Sex * Age * Lrn", family = "poisson", link = "log"),
  list(id = "ships", data = "ships", formula = "incidents ~ type * factor(year) * factor(period)", family = "poisson", link = "log"),
  list(id = "ships-quasi", data = "ships", formula = "incidents ~ type * factor(year)", family = "quasipoisson", link = "log"),
  list(id = "epil", data = "epil", formula = "y ~ factor(subject)", family = "poisson", link = "log"),
  list(id = "epil-slopes", data = "epil", formula = "y ~ factor(subject) * V4", family = "poisson", link = "log"),
  list(id = "InsectSprays", data = "InsectSprays", formula = "I(count * (spray != 'C')) ~ spray", family = "poisson", link = "log"),
  list(id = "warpbreaks", data = "warpbreaks", formula = "I(breaks * (tension != 'M')) ~ wool * tension", family = "poisson", link = "log")
)
counts <- function(f, d) {
  frame <- model.frame(f, d)
  y <- model.response(frame)
  if (is.matrix(y)) y <- ifelse(rowSums(y) == 0, NA, y[, 1] / rowSums(y))
  list(y = as.numeric(y), X = model.matrix(f, d))
}
answers <- list()
for (case in cases) {
  d <- tryCatch(read(case$data), error = function(e) NULL)
  if (is.null(d)) { cat("no data", case$id, "\n"); next }
  f <- as.formula(case$formula)
  got <- tryCatch(counts(f, d), error = function(e) { cat(case$id, conditionMessage(e), "\n"); NULL })
  if (is.null(got)) next
  used <- !is.na(got$y)
  X <- got$X[used, , drop = FALSE]
  q <- qr(X, tol = 1e-11)
  kept <- sort(q$pivot[seq_len(q$rank)])
  found <- cone(X[, kept, drop = FALSE], pulls(case$family, case$link, got$y[used]))
  put <- function(v) { out <- rep(NA_real_, ncol(X)); out[kept] <- v; out }
  answers[[case$id]] <- c(case, list(names = colnames(X), konis = put(found$konis), low = put(found$low), high = put(found$high)))
  cat(case$id, "\n")
}
writeLines(toJSON(list(R = R.version.string, lpSolve = as.character(packageVersion("lpSolve")), cases = answers),
                  auto_unbox = TRUE, digits = NA, na = "null"), "separation.json")
