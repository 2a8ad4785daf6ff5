# Robust covariances of every third reference model -> sandwich.json.gz
# usage (in ../models, after models.R): Rscript ../sandwich/sandwich.R      R 4.2.2, package sandwich
options(warn = 1, digits = 22)
source("common.R")
suppressPackageStartupMessages(library(sandwich))
models <- readRDS("build/models.rds")
models <- models[seq(2, length(models), 3)]
names(models) <- vapply(models, function(m) m$id, "")
json_number <- function(x) {            # 10 digits: the bar is 1e-6
  out <- sprintf("%.10g", x)
  out[is.na(x)] <- "null"
  out[!is.na(x) & x == Inf] <- '"Inf"'; out[!is.na(x) & x == -Inf] <- '"-Inf"'
  out
}
# the diagonal, six of the others, and the sum of all
part <- function(v) { low <- v[lower.tri(v)]; c(diag(v), low[seq_len(min(6, length(low)))], sum(v)) }
quietly <- function(expr) { r <- caught(part(expr)); if (is.null(r$error)) r$value else one(r$error) }
answers <- list()
for (m in models) {
  d <- load_data(m$data)
  # four rows of data to a firm, five years in turn, three towns: made the same way in the test
  at <- seq_len(nrow(d)) - 1
  fit <- suppressWarnings(eval(call_of(m)))
  if (!length(coef(fit)) || fit$rank == 0) next
  n <- length(fit$y); r <- list(n = one(n), zero = one(sum(fit$prior.weights == 0)))
  for (type in c("const", "HC0", "HC1", "HC2", "HC3", "HC4", "HC4m", "HC5")) r[[type]] <- quietly(vcovHC(fit, type = type))
  r$HC_default <- quietly(vcovHC(fit))
  # the rows of the fit, since subset and missing values are cut
  used <- match(names(fit$fitted.values), rownames(d))
  firm <- (at %/% 4)[used]; year <- (at %% 5)[used]; town <- ((at * 7) %% 3)[used]
  r$CL <- quietly(vcovCL(fit, cluster = firm))
  for (type in c("HC1", "HC2", "HC3")) r[[paste0("CL_", type)]] <- quietly(vcovCL(fit, cluster = firm, type = type))
  r$CL_plain <- quietly(vcovCL(fit, cluster = year, cadjust = FALSE))
  r$CL_year_HC3 <- quietly(vcovCL(fit, cluster = year, type = "HC3"))
  r$CL_rows <- quietly(vcovCL(fit))
  r$CL_rows_HC3 <- quietly(vcovCL(fit, type = "HC3"))
  two <- data.frame(firm, year)
  for (type in c("HC0", "HC1", "HC2")) r[[paste0("two_", type)]] <- quietly(vcovCL(fit, cluster = two, type = type))
  for (type in c("HC0", "HC1", "HC3")) r[[paste0("two_multi0_", type)]] <- quietly(vcovCL(fit, cluster = two, type = type, multi0 = TRUE))
  r$three <- quietly(vcovCL(fit, cluster = data.frame(firm, year, town)))
  r$three_fix <- quietly(vcovCL(fit, cluster = data.frame(firm, year, town), fix = TRUE))
  r$bread <- quietly(bread(fit)); r$meat <- quietly(meat(fit)); r$meat_adjusted <- quietly(meat(fit, adjust = TRUE))
  ef <- estfun(fit); ef <- ef[!is.na(ef[, 1]), , drop = FALSE]
  r$estfun <- c(ef[1, ], ef[nrow(ef), ], sum(abs(ef)))
  answers[[m$id]] <- r
}
con <- gzfile(file.path("..", "sandwich", "sandwich.json.gz"), "w", compression = 9)
writeLines(c(paste0('{"version": ', json(one(paste0(R.version.string, ", sandwich ", packageVersion("sandwich")))), ', "models": {'),
  paste0("\n", json_text(names(answers)), ": ", vapply(answers, json, ""), collapse = ","), "}}"), con)
close(con)
cat(length(answers), "models\n")
