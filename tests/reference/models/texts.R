# Under R >= 4.6 (base packages are enough), after models.R: printed texts -> texts_reference.json, and the anova tables with the
# test R >= 4.4 picks -> anova_reference.json.gz.
# usage (in this directory): Rscript texts.R
options(width = 80, digits = 7, useFancyQuotes = TRUE)
source("common.R")
models <- readRDS("build/models.rds"); names(models) <- vapply(models, function(m) m$id, "")
frame <- function(a) { out <- lapply(as.list(as.data.frame(unclass(a), optional = TRUE)), as.numeric); c(list(rows = rownames(a)), out) }
fits <- new.env()
fit_of <- function(id) {
  if (is.null(models[[id]])) stop("no model ", id)
  if (is.null(fits[[id]])) {
    d <- load_data(models[[id]]$data)
    fit <- suppressWarnings(eval(call_of(models[[id]])))
    fits[[id]] <- fit
  }
  fits[[id]]
}
shown <- function(case) {
  d <- load_data(models[[case$models[1]]]$data)
  list_of_fits <- unname(lapply(case$models, function(id) { fit <- fit_of(id); if (case$show %in% c("print", "summary")) fit$call <- quote(glm()); fit }))
  value <- switch(case$show, print = list_of_fits[[1]], summary = do.call(summary, c(list_of_fits, case$args)),
                  anova = do.call(anova, c(list_of_fits, case$args)), confint = do.call(confint.default, c(list_of_fits, case$args)),
                  logLik = logLik(list_of_fits[[1]]))
  paste0(paste(capture.output(print(value)), collapse = "\n"), "\n")
}
cases <- readRDS("build/texts.rds")
out <- list()
for (case in cases) { r <- caught(shown(case)); out[[case$id]] <- if (is.null(r$error)) one(r$value) else list(error = one(r$error)) }
writeLines(c(paste0('{"version": ', json(one(R.version.string)), ', "texts": {'), paste0(json_text(names(out)), ": ", vapply(out, json, ""), collapse = ",\n"), "}}"), "texts_reference.json")
tables <- lapply(models, function(m) {
  d <- load_data(m$data); r <- caught({ fit <- suppressWarnings(eval(call_of(m))); frame(suppressWarnings(anova(fit))) })
  if (is.null(r$error)) r$value else list(error = one(r$error))
})
con <- gzfile("anova_reference.json.gz", "w", compression = 9)
writeLines(c(paste0('{"version": ', json(one(R.version.string)), ', "default": {'), paste0(json_text(names(tables)), ": ", vapply(tables, json, ""), collapse = ",\n"), "}}"), con)
close(con)
cat(length(out), "texts,", sum(vapply(out, function(x) !inherits(x, "scalar"), NA)), "errors;", length(tables), "anova tables\n")
