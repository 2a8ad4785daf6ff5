# Shared by the reference scripts: the data sets as typed in data/schema.json, families, and a JSON writer with 17 digits.
# Base R only, so that R 4.6 can source it too (there the schema comes as schema.rds).
schema <- if (!requireNamespace("jsonlite", quietly = TRUE)) readRDS("build/schema.rds") else jsonlite::fromJSON("data/schema.json", simplifyVector = FALSE)
loaded <- new.env()
load_data <- function(name) {
  if (!is.null(loaded[[name]])) return(loaded[[name]])
  s <- schema[[name]]
  d <- read.csv(file.path("data", paste0(name, ".csv")), colClasses = "character", check.names = FALSE, na.strings = "NA")
  if (s$named_rows) { rownames(d) <- d[[".row"]]; d[[".row"]] <- NULL }
  for (column in s$columns) {
    x <- d[[column$name]]
    d[[column$name]] <- switch(column$kind, numeric = as.numeric(x), integer = as.integer(x), logical = as.logical(x), character = x,
                               factor = factor(x, levels = unlist(column$levels)),
                               ordered = factor(x, levels = unlist(column$levels), ordered = TRUE))
  }
  loaded[[name]] <- d
  d
}
new_rows <- function(d) {               # four rows of the data, fractional columns moved a little: new data without new levels
  n <- nrow(d)
  out <- d[c(1, 1 + n %/% 3, 1 + (2 * n) %/% 3, n), , drop = FALSE]
  for (name in names(out)) if (is.double(d[[name]]) && any(d[[name]] != round(d[[name]]), na.rm = TRUE)) out[[name]] <- out[[name]] * 1.0625
  out
}
if (requireNamespace("MASS", quietly = TRUE)) { negative.binomial <- MASS::negative.binomial; tweedie <- statmod::tweedie } else source("build/families.R")
if (getRversion() >= "4.3") {           # these two predate the family's `dispersion`; they estimate it, as quasi() does
  estimated <- function(f) { force(f); function(...) { family <- f(...); family$dispersion <- NA_real_; family } }
  negative.binomial <- estimated(negative.binomial); tweedie <- estimated(tweedie)
}

call_of <- function(m, start = m$start, ...) {   # the glm() call of one table entry, in R's words
  out <- list(quote(glm), formula = str2lang(m$formula), family = str2lang(m$family_r), data = quote(d))
  for (name in c("weights", "offset", "subset", "etastart", "mustart")) if (!is.null(m[[name]])) out[[name]] <- str2lang(m[[name]])
  if (!is.null(start)) out$start <- as.numeric(unlist(start))
  if (!is.null(m$na_action)) out$na.action <- as.name(m$na_action)
  if (!is.null(m$contrasts)) out$contrasts <- m$contrasts
  for (name in c("epsilon", "maxit")) if (!is.null(m[[name]])) out[[name]] <- m[[name]]
  changes <- list(...)
  out[names(changes)] <- changes
  as.call(out)
}
caught <- function(expr) {              # value or error, with the warnings on the way
  warnings <- character()
  value <- withCallingHandlers(tryCatch(list(value = expr), error = function(e) list(error = conditionMessage(e))),
                               warning = function(w) { warnings <<- c(warnings, conditionMessage(w)); invokeRestart("muffleWarning") })
  value$warnings <- unique(warnings)
  value
}

json_text <- function(x) {
  x <- enc2utf8(as.character(x))
  x <- gsub("\\", "\\\\", x, fixed = TRUE); x <- gsub('"', '\\"', x, fixed = TRUE)
  x <- gsub("\n", "\\n", x, fixed = TRUE); x <- gsub("\t", "\\t", x, fixed = TRUE)
  ifelse(is.na(x), "null", paste0('"', x, '"'))
}
json_number <- function(x) {            # the shortest of 15, 16, 17 digits that reads back exactly
  out <- sprintf("%.15g", x)
  for (d in 16:17) { bad <- is.finite(x); bad[bad] <- as.numeric(out[bad]) != x[bad]; out[bad] <- sprintf(paste0("%.", d, "g"), x[bad]) }
  out[is.na(x)] <- "null"
  out[!is.na(x) & x == Inf] <- '"Inf"'; out[!is.na(x) & x == -Inf] <- '"-Inf"'
  out
}
one <- function(x) structure(list(x), class = "scalar")   # written without brackets
json <- function(x) {
  if (inherits(x, "scalar")) return(json_items(x[[1]]))
  if (is.null(x)) return("null")
  if (is.matrix(x)) return(paste0("[", paste(vapply(seq_len(nrow(x)), function(i) json(as.vector(x[i, ])), ""), collapse = ", "), "]"))
  if (is.list(x)) {
    items <- vapply(x, json, "")
    return(if (is.null(names(x))) paste0("[", paste(items, collapse = ", "), "]")
           else paste0("{", paste0(json_text(names(x)), ": ", items, collapse = ", "), "}"))
  }
  paste0("[", paste(json_items(unname(x)), collapse = ", "), "]")
}
json_items <- function(x) if (is.logical(x)) ifelse(is.na(x), "null", ifelse(x, "true", "false")) else if (is.numeric(x)) json_number(as.numeric(x)) else json_text(x)
