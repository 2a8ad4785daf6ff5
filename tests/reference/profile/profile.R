# Profile likelihood of the reference models: confint() of nearly all of them, the whole profile of some, printed
# intervals -> profile.json.gz
# usage, after ../models/models.R, with R >= 4.6 (base packages are enough), in the directory above:
#   Rscript profile/profile.R
setwd("models")
options(width = 80, digits = 7, useFancyQuotes = TRUE)
source("common.R")
models <- readRDS("build/models.rds"); names(models) <- vapply(models, function(m) m$id, "")
fit_of <- function(m) { d <<- load_data(m$data); suppressWarnings(eval(call_of(m))) }
quiet <- function(expr) suppressMessages(caught(expr))
limits <- function(r) if (!is.null(r$error)) list(error = one(r$error)) else {
  value <- r$value
  if (is.null(dim(value))) value <- matrix(value, 1)
  list(lower = unname(value[, 1]), upper = unname(value[, 2]), warnings = r$warnings)
}
profile_of <- function(r) if (!is.null(r$error)) list(error = one(r$error)) else
  lapply(Filter(Negate(is.null), unclass(r$value)[names(r$value)]), function(a) {
    v <- as.matrix(a$par.vals); list(name = one(names(a)[1]), z = a[[1]], values = lapply(seq_len(ncol(v)), function(j) unname(v[, j]))) })

whole <- names(models)[seq(1, length(models), 12)]
wide <- c("classic/attrition-logit", "classic/attrition-poisson", "classic/counts-outcome", "classic/cars93-missing", "classic/esoph-ordered")
# where R's refits at the default epsilon stop too early for the fourth digit
early <- c("quasipoisson-identity/scaled", "inverse_gaussian-inverse/scaled")
answers <- list()
for (id in names(models)) {
  fit <- fit_of(models[[id]])
  if (length(coef(fit)) == 0 || length(coef(fit)) > 20 || length(fit$y) > 1500) next
  answer <- list(confint = limits(quiet(confint(fit))))
  if (id %in% early) {
    sharp <- suppressWarnings(eval(call_of(models[[id]], epsilon = 1e-13, maxit = 200)))
    answer$sharp <- limits(quiet(confint(sharp)))
  }
  if (id %in% c(whole, wide)) {
    answer$ninety <- limits(quiet(confint(fit, level = 0.9)))
    answer$rao <- limits(quiet(confint(fit, test = "Rao")))
    if (length(coef(fit)) <= 6) {
      answer$profile <- profile_of(quiet(profile(fit)))
      answer$fine <- profile_of(quiet(profile(fit, which = 1, alpha = 0.05, maxsteps = 15, del = 0.3)))
    }
  }
  answers[[id]] <- answer
}
shown <- function(id, ...) {
  fit <- fit_of(models[[id]])
  paste0(paste(capture.output(print(suppressWarnings(suppressMessages(confint(fit, ...))))), collapse = "\n"), "\n")
}
# (models whose refits at the default epsilon have seven digits)
cases <- c(lapply(c(wide, "classic/mtcars-dot", "classic/quine-all", "classic/leuk", "classic/clotting-1", "gaussian-identity/aliased",
                    "poisson-log/interaction", "quasipoisson-log/weights"), function(id) list(id = id)),
           list(list(id = "classic/attrition-logit", level = 0.9), list(id = "classic/attrition-logit", level = 0.99),
                list(id = "classic/attrition-logit", level = 0.999), list(id = "classic/attrition-logit", parm = "overtime_hours"),
                list(id = "classic/leuk", parm = 1), list(id = "classic/mtcars-null"), list(id = "classic/counts-outcome", parm = 2:3, level = 0.8),
                list(id = "poisson-log/plain", level = 0.683)))
texts <- lapply(cases, function(case) { r <- quiet(do.call(shown, c(list(case$id), case[setdiff(names(case), "id")])))
  c(lapply(case, function(v) if (length(v) == 1) one(v) else v), list(text = one(if (is.null(r$error)) r$value else paste("error:", r$error)))) })
out <- gzfile("../profile/profile.json.gz", "w", compression = 9)
writeLines(c(paste0('{"version": ', json(one(R.version.string)), ', "models": {'),
             paste0(json_text(names(answers)), ": ", vapply(answers, json, ""), collapse = ",\n"),
             '}, "texts": [', paste(vapply(texts, json, ""), collapse = ",\n"), "]}"), out)
close(out)
cat(length(answers), "models,", sum(vapply(answers, function(a) !is.null(a$confint$error), NA)), "errors\n")
