# drop1, add1 and step of every second reference model -> numbers.json.gz; the texts of cases.json -> texts.json
# usage (in ../models, after models.R): Rscript ../selection/selection.R cases (any R with jsonlite), then the same without `cases` in R >= 4.6.
options(warn = 1, digits = 7, width = 80, useFancyQuotes = TRUE)
source("common.R")
if (requireNamespace("jsonlite", quietly = TRUE)) {
  saveRDS(jsonlite::fromJSON("../selection/cases.json", simplifyVector = FALSE), "build/selection_cases.rds", version = 2)
  if ("cases" %in% commandArgs(TRUE)) quit("no")
}
all_models <- readRDS("build/models.rds"); names(all_models) <- vapply(all_models, function(m) m$id, "")
models <- all_models[seq(1, length(all_models), 2)]
json_number <- function(x) {            # 12 digits: the bar is 1e-6
  out <- sprintf("%.12g", x)
  out[is.na(x)] <- "null"
  out[!is.na(x) & x == Inf] <- '"Inf"'; out[!is.na(x) & x == -Inf] <- '"-Inf"'
  out
}
columns <- function(a) c(list(rows = rownames(a)), lapply(as.list(as.data.frame(unclass(a), optional = TRUE)), function(x) if (is.numeric(x)) as.numeric(x) else as.character(x)))
quietly <- function(expr) { r <- caught(expr); if (is.null(r$error)) r$value else list(error = one(r$error)) }
tables <- function(f) {                 # the columns of all tests; the first three are the same in each
  out <- quietly(columns(f("LRT")))
  if (!is.null(out$error)) return(out)
  for (test in c("F", "Rao")) { more <- quietly(columns(f(test))); out[[test]] <- more[setdiff(names(more), c("rows", "Df", "Deviance", "AIC"))] }
  out
}
one_line <- function(f) paste(deparse(f, 500L), collapse = "")
steps <- function(expr) quietly({ fit <- expr; c(list(formula = one(one_line(formula(fit)))), columns(fit$anova)) })
first_only <- function(fit) {           # the formula with its first term (and offsets) alone
  tt <- attr(terms(fit), "term.labels")
  if (length(tt) > 1) paste("~ . -", paste0("(", tt[-1], ")", collapse = " - ")) else if (length(tt)) paste0("~ . - (", tt, ")")
}
answers <- list()
for (m in models) {
  d <- load_data(m$data)
  fit <- suppressWarnings(eval(call_of(m)))
  answer <- list(extract = quietly(extractAIC(fit, k = 3)), drop1 = tables(function(test) drop1(fit, test = test)))
  less <- first_only(fit)
  if (!is.null(less)) {
    small <- caught(update(fit, less))
    if (is.null(small$error)) {
      small <- small$value
      upper <- formula(fit)
      answer <- c(answer, list(less = one(less), small = one(one_line(formula(small))), add1 = tables(function(test) add1(small, upper, test = test)),
                               both = steps(step(small, scope = list(upper = upper), trace = 0))))
    }
    if (length(attr(terms(fit), "term.labels")) <= 8) answer$backward <- steps(step(fit, trace = 0, k = log(nobs(fit))))
  }
  answers[[m$id]] <- answer
}
out <- gzfile("../selection/numbers.json.gz", "w", compression = 9)
writeLines(c("{\"version\":", json(one(R.version.string)), paste0(", \"models\": {", paste0("\n", json_text(names(answers)), ": ", vapply(answers, json, ""), collapse = ","), "}}")), out)
close(out)

as_scope <- function(s) if (is.null(s)) NULL else if (is.list(s) && !is.null(names(s))) lapply(s, as.formula) else if (is.list(s)) unlist(s) else if (grepl("~", s)) as.formula(s) else s
shown <- function(case) {
  m <- if (is.null(case$call)) all_models[[case$model]] else case$call
  if (is.null(m)) stop("no model ", case$model)
  d <<- load_data(m$data)
  fit <- suppressWarnings(eval(call_of(m), globalenv()))
  if (!is.null(case$update)) fit <- suppressWarnings(update(fit, case$update))
  args <- case$args
  args$scope <- as_scope(args$scope)
  if (case$show %in% c("drop1", "add1")) return(print(do.call(case$show, c(list(fit), args))))
  if (case$show == "trace") return(invisible(do.call(step, c(list(fit), args))))
  if (case$show == "path") return(print(do.call(step, c(list(fit), args, list(trace = 0)))$anova))
  if (case$show == "update") return(cat(one_line(formula(fit)), "\n"))
}
texts <- list()
for (case in readRDS("build/selection_cases.rds")) {
  text <- caught(capture.output(shown(case)))
  texts[[case$id]] <- list(text = if (is.null(text$error)) one(paste0(paste(text$value, collapse = "\n"), "\n")), error = if (!is.null(text$error)) one(text$error), warnings = text$warnings)
}
writeLines(c(paste0('{"version": ', json(one(R.version.string)), ', "texts": {'), paste0(json_text(names(texts)), ": ", vapply(texts, json, ""), collapse = ",\n"), "}}"), "../selection/texts.json")
cat(length(answers), "models,", length(texts), "texts,", sum(vapply(texts, function(t) !is.null(t$error), NA)), "of them errors\n")
