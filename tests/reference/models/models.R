# Fits every model of models.json and writes the answers: models_reference.json.gz, and models_errors.json for the calls R refuses.
# usage (in this directory): LC_ALL=C.UTF-8 Rscript models.R
# R 4.2.2 (MASS, statmod for two families; jsonlite to read the table). anova's default test is R >= 4.4's: see anova.R.
options(warn = 1, digits = 22)
table <- jsonlite::fromJSON("models.json", simplifyVector = FALSE)
source("common.R")
ends <- function(n) unique(c(seq_len(min(5, n)), n + 1 - rev(seq_len(min(5, n)))))
frame <- function(a) { out <- lapply(as.list(as.data.frame(unclass(a), optional = TRUE)), as.numeric); c(list(rows = rownames(a)), out) }
try_value <- function(expr) { r <- caught(expr); if (is.null(r$error)) r$value else list(error = one(r$error)) }

scaled_condition <- function(fit) {
  x <- model.matrix(fit)[, !is.na(coef(fit)), drop = FALSE] * sqrt(fit$weights)
  if (!ncol(x)) return(1)
  norms <- sqrt(colSums(x^2))
  if (any(norms == 0) || anyNA(norms)) return(Inf)
  s <- svd(sweep(x, 2, norms, "/"), 0, 0)$d
  s[1] / s[length(s)]
}
ill_posed <- function(fit, dev) {       # why the answer is not determined to all digits
  condition <- scaled_condition(fit)
  reasons <- c(if (condition > 1e5) sprintf("scaled condition number %.1g", condition),
               if (fit$deviance < 1e-10 * max(abs(fit$null.deviance), 1e-300)) "residuals are zero",
               if (!fit$converged) "not converged", if (fit$boundary) "stopped at the boundary",
               if (length(dev) && fit$deviance > min(dev) * (1 + 1e-6) + 1e-10) sprintf("R ran away: it passed the deviance %.6g", min(dev)),
               if (any(grepl("fitted (probabilities|rates) numerically", attr(fit, "warned")))) "separated")
  list(condition = one(condition), reasons = reasons)
}
deviances <- function(call) {           # of each iteration
  lines <- capture.output(suppressWarnings(eval(call)), type = "output")
  lines <- grep("Deviance = .* Iterations|new deviance", lines, value = TRUE)
  lines <- lines[cumsum(grepl("Iterations - 1$", lines)) == 1]   # with an offset, the null model's follow
  dev <- as.numeric(sub(".*eviance = *([^ ]+).*", "\\1", lines))
  dev[!duplicated(cumsum(grepl("Iterations", lines)), fromLast = TRUE)]
}
criteria <- function(dev) if (length(dev) > 1) signif(abs(diff(dev)) / (abs(dev[-1]) + 0.1), 4)  # of iterations 2, 3, ...
coefficients_of <- function(fit) {
  s <- summary(fit); k <- s$coefficients; aliased <- is.na(coef(fit))
  se <- statistic <- p <- rep(NA_real_, length(coef(fit)))
  if (nrow(k)) { se[!aliased] <- k[, 2]; statistic[!aliased] <- k[, 3]; p[!aliased] <- k[, 4] }
  list(names = as.character(names(coef(fit))), coef = unname(coef(fit)), se = se, statistic = statistic, p = p,
       statistic_name = one(if (ncol(k) >= 3) colnames(k)[3] else NA_character_))
}
scalars_of <- function(fit) {
  ll <- logLik(fit)
  list(dispersion = one(summary(fit)$dispersion), deviance = one(fit$deviance), null_deviance = one(fit$null.deviance),
       df_residual = one(fit$df.residual), df_null = one(fit$df.null), rank = one(fit$rank), aic = one(as.numeric(fit$aic)),
       loglik = one(as.numeric(ll)), loglik_df = one(attr(ll, "df")), bic = one(as.numeric(BIC(fit))), nobs = one(nobs(fit)),
       n = one(length(fit$y)), iter = one(fit$iter), converged = one(fit$converged), boundary = one(fit$boundary))
}
rows_of <- function(fit, d) {
  padded <- inherits(fit$na.action, "exclude")
  labels <- names(fit$fitted.values)
  at <- ends(length(labels))
  long <- residuals(fit, "deviance")
  list(position = match(labels[at], rownames(d)) - 1, length = one(length(long)), y = fit$y[at], fitted = fit$fitted.values[at],
       eta = fit$linear.predictors[at], weights = fit$weights[at], prior = fit$prior.weights[at],
       deviance = residuals(fit, "deviance")[labels[at]], pearson = residuals(fit, "pearson")[labels[at]],
       working = residuals(fit, "working")[labels[at]], response = residuals(fit, "response")[labels[at]],
       missing = one(if (padded) sum(is.na(long)) else 0), sum_fitted = one(sum(fit$fitted.values)))
}
anova_of <- function(fit) {
  out <- list()
  for (test in c("Chisq", "LRT", "F", "Rao", "Cp")) out[[test]] <- try_value(frame(suppressWarnings(anova(fit, test = test))))
  c(out, list(warnings = caught(anova(fit, test = "Chisq"))$warnings))
}
predict_of <- function(fit, d) {
  new <- new_rows(d)
  out <- list()
  for (type in c("link", "response")) out[[type]] <- try_value({
    p <- suppressWarnings(predict(fit, new, type = type, se.fit = TRUE)); list(fit = unname(p$fit), se = unname(p$se.fit)) })
  out$terms <- try_value({ p <- suppressWarnings(predict(fit, new, type = "terms", se.fit = TRUE))
    list(names = colnames(p$fit), fit = unname(p$fit), se = unname(p$se.fit), constant = one(attr(p$fit, "constant"))) })
  out
}
confint_of <- function(fit) { k <- suppressWarnings(confint.default(fit)); list(lower = unname(k[, 1]), upper = unname(k[, 2])) }
lower <- function(v) if (length(v) && nrow(v) <= 8) v[lower.tri(v, TRUE)] else NULL

answers <- errors <- starts <- list()
for (m in table) {
  d <- load_data(m$data)
  first <- caught(eval(call_of(m)))
  if (!is.null(first$error)) {          # the null model's start, as a user would try it
    errors[[m$id]] <- list(error = one(first$error))
    y <- caught(model.response(model.frame(as.formula(m$formula), d)))$value
    mu <- if (is.matrix(y)) sum(y[, 1]) / sum(y) else mean(if (is.factor(y)) as.numeric(y != levels(y)[1]) else as.numeric(y))
    family <- eval(str2lang(m$family_r))
    p <- caught(ncol(model.matrix(as.formula(m$formula), d)))$value
    m$start <- if (!is.null(p) && length(mu)) c(caught(family$linkfun(mu))$value, rep(0, p - 1))
    first <- if (is.null(m$start)) first else caught(eval(call_of(m)))
    if (!is.null(first$error)) { errors[[m$id]]$with_start <- one(first$error); next }
    errors[[m$id]]$start <- m$start
  }
  fit <- first$value
  starts[[m$id]] <- m$start
  attr(fit, "warned") <- first$warnings
  sharp <- caught(eval(call_of(m, epsilon = 1e-14, maxit = 100)))
  dev <- deviances(call_of(m, trace = TRUE))
  sharp_dev <- if (is.null(sharp$error)) deviances(call_of(m, epsilon = 1e-14, maxit = 100, trace = TRUE))
  s <- sharp$value
  limit <- suppressWarnings(tryCatch(eval(call_of(m, epsilon = 1e-300, maxit = 150)), error = function(e) NULL))
  answers[[m$id]] <- c(list(start = m$start, warnings = first$warnings), ill_posed(fit, dev),
    list(criteria = criteria(dev)), coefficients_of(fit), scalars_of(fit),
    list(cov_unscaled = lower(summary(fit)$cov.unscaled), rows = rows_of(fit, d), confint = confint_of(fit),
         anova = anova_of(fit), predict = predict_of(fit, d),
         sharp = if (is.null(s)) list(error = one(sharp$error)) else
           c(coefficients_of(s)[c("coef", "se")], scalars_of(s)[c("dispersion", "deviance", "aic", "iter", "converged", "rank")],
             list(criteria = criteria(sharp_dev), reasons = ill_posed(s, sharp_dev)$reasons,
                limit = if (!is.null(limit)) coefficients_of(limit)[c("coef", "se")]))))
}
version <- list(R = one(R.version.string), MASS = one(as.character(packageVersion("MASS"))), statmod = one(as.character(packageVersion("statmod"))))
out <- gzfile("models_reference.json.gz", "w", compression = 9)
writeLines(c("{\"version\":", json(version), paste0(", \"models\": {", paste0("\n", json_text(names(answers)), ": ", vapply(answers, json, ""), collapse = ","), "}}")), out)
close(out)
writeLines(paste0("{", paste0("\n", json_text(names(errors)), ": ", vapply(errors, json, ""), collapse = ","), "\n}"), "models_errors.json")
dir.create("build", FALSE)               # what base R 4.6 needs to go on: see texts.R
saveRDS(lapply(Filter(function(m) !is.null(answers[[m$id]]), table), function(m) { m$start <- starts[[m$id]]; m }), "build/models.rds", version = 2)
saveRDS(jsonlite::fromJSON("texts.json", simplifyVector = TRUE, simplifyDataFrame = FALSE), "build/texts.rds", version = 2)
saveRDS(schema, "build/schema.rds", version = 2)
dump(c("negative.binomial", "tweedie"), "build/families.R")
cat(length(answers), "models,", length(errors), "refused without a start\n")
