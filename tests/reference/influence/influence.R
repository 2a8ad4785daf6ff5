# Residuals and deletion diagnostics of every third reference model and of cases.json -> <version>.json.gz
# usage (in ../models, after models.R; R 4.2.2 first): Rscript ../influence/influence.R
# R 4.2.2 takes deviance residuals in the measures (as R did until 4.5), R >= 4.6 Pearson's: both are run.
options(warn = 1, digits = 22, width = 80, useFancyQuotes = TRUE)
source("common.R")
if (requireNamespace("jsonlite", quietly = TRUE))   # base R 4.6 reads what R 4.2.2 left
  saveRDS(jsonlite::fromJSON("../influence/cases.json", simplifyVector = FALSE), "build/influence_cases.rds", version = 2)
models <- readRDS("build/models.rds")
models <- c(models[seq(1, length(models), 3)], readRDS("build/influence_cases.rds"))
names(models) <- vapply(models, function(m) m$id, "")
json_number <- function(x) {            # 12 digits: the bar is 1e-6
  out <- sprintf("%.12g", x)
  out[is.na(x)] <- "null"
  out[!is.na(x) & x == Inf] <- '"Inf"'; out[!is.na(x) & x == -Inf] <- '"-Inf"'
  out
}
ends <- function(n) unique(c(seq_len(min(4, n)), n + 1 - rev(seq_len(min(4, n)))))
numbers <- function(x) {                # names and values at both ends, how many are missing, sum of absolute values
  x <- if (is.matrix(x)) x else cbind(x)
  at <- ends(nrow(x))
  list(length = one(nrow(x)), rows = rownames(x)[at], columns = colnames(x), values = unname(x[at, , drop = FALSE]),
       missing = one(sum(!is.finite(x))), size = one(sum(abs(x[is.finite(x)]))))
}
quietly <- function(expr) { r <- caught(expr); if (is.null(r$error)) r$value else list(error = one(r$error)) }
measured <- function(fit) {
  im <- quietly(influence.measures(fit))
  list(hatvalues = quietly(numbers(hatvalues(fit))), cooks_distance = quietly(numbers(cooks.distance(fit))),
       rstandard_deviance = quietly(numbers(rstandard(fit, type = "deviance"))),
       rstandard_pearson = quietly(numbers(rstandard(fit, type = "pearson"))),
       rstudent = quietly(numbers(rstudent(fit))), dffits = quietly(numbers(dffits(fit))),
       covratio = quietly(numbers(covratio(fit))), dfbeta = quietly(numbers(dfbeta(fit))),
       dfbetas = quietly(numbers(dfbetas(fit))), partial = quietly(numbers(unclass(residuals(fit, "partial")))),
       influence_measures = if (is.null(im$error)) c(numbers(im$infmat), list(
         starred = which(apply(im$is.inf, 1, any, na.rm = TRUE)) - 1, stars = one(sum(im$is.inf, na.rm = TRUE)))) else im)
}
shown <- function(fit, how) {
  fit$call <- quote(glm())
  options(digits = 7)
  r <- caught(capture.output(if (how == "print") print(influence.measures(fit)) else invisible(summary(influence.measures(fit)))))
  options(digits = 22)
  if (is.null(r$error)) one(paste0(paste(r$value, collapse = "\n"), "\n")) else list(error = one(r$error))
}
printed <- c("gaussian-identity/plain", "exclude/quasipoisson", "exclude/subset", "hat-one/gaussian", "hat-one/poisson", "zero-weights/gaussian",
             "zero-weights/aliased", "no-intercept", "intercept-only", "classic/clotting-1", "classic/lifecycle",
             "classic/esoph-ordered", "classic/freeny", "classic/mtcars-dot", "classic/backtick", "classic/long-names", "classic/nuclear",
             "Gamma-inverse/plain", "binomial-logit/plain", "poisson-log/plain", "poisson-log/offset", "classic/orange", "classic/remission")
answers <- texts <- list()
all_models <- readRDS("build/models.rds"); names(all_models) <- vapply(all_models, function(m) m$id, "")
for (m in c(models, all_models[setdiff(intersect(printed, names(all_models)), names(models))])) {
  d <- load_data(m$data)
  fit <- suppressWarnings(eval(call_of(m)))
  if (m$id %in% names(models)) answers[[m$id]] <- measured(fit)
  if (m$id %in% printed) for (how in c("print", "summary")) texts[[paste(m$id, how)]] <- shown(fit, how)
}
words <- c("(Intercept)", "wt", "Temperature", "temperature", "I(wt^2)", "factor(cyl)6", "factor(cyl)8", "poly(x, 3)1", "poly(x, 3)2",
           "woolB:tensionM", "woolB:tensionH", "Solar.R", "education_years", "aeiou", "Aeiou", "xaeiou", "log(income)", "log(income2)", "a b c d e f",
           "Species versicolor", "ns(Age, df = 4)1", "ns(Age, df = 4)2", "HIGHER", "income per head of population", "x1", "x10", "x100", "x1000",
           "abcde", "abcdf", "`my var`", "Größe", "größenwahn", "occupationblue-collar", "occupationwhite-collar", "TRUE", "as.factor(ship)2", "  lead")
short <- unname(abbreviate(words)); all_at_once <- sub("^ +", "", words)
version <- paste0(R.version$major, ".", sub("\\..*", "", R.version$minor))
con <- gzfile(file.path("..", "influence", paste0(version, ".json.gz")), "w", compression = 9)
writeLines(c(paste0('{"version": ', json(one(R.version.string)), ', "models": {'),
  paste0("\n", json_text(names(answers)), ": ", vapply(answers, json, ""), collapse = ","), '}, "texts": {',
  paste0("\n", json_text(names(texts)), ": ", vapply(texts, json, ""), collapse = ","), "},",
  paste0('"words": ', json(words), ', "abbreviated": ', json(short), ', "alone": ', json(vapply(words, abbreviate, "")), ', "names": ', json(make.names(words, unique = TRUE)), "}")), con)
close(con)
cat(length(answers), "models,", length(texts), "texts\n")
