# Numbers of every model of table.R at the exact minimum -> models.json.gz; printed texts -> texts.json
# usage (in this directory): LC_ALL=C.UTF-8 Rscript models.R && gzip -n9f models.json      R 4.2.2, lme4 1.1-31
source("exact.R"); source("table.R")
pieces <- function(call) {              # the call's parts, as text
  call <- str2lang(call); a <- as.list(call)[-1]; names(a)[1:2] <- c("formula", "data")
  c(list(fun = as.character(call[[1]])), lapply(a, function(v) if (is.logical(v) || is.numeric(v)) v else if (is.character(v)) v else paste(deparse(v, 500), collapse = "")))
}
lower <- function(V) { V <- as.matrix(V); V[lower.tri(V, TRUE)] }
modes <- function(m) {
  r <- ranef(m, condVar = TRUE)
  lapply(r, function(d) {
    keep <- if (nrow(d) <= 60) seq_len(nrow(d)) else round(seq(1, nrow(d), length.out = 12)); v <- attr(d, "postVar")
    if (is.list(v)) { full <- array(0, c(ncol(d), ncol(d), nrow(d))); at <- 0; for (p in v) { k <- dim(p)[1]; full[at + seq_len(k), at + seq_len(k), ] <- p; at <- at + k }; v <- full }
    list(columns = as.list(names(d)), groups = nrow(d), levels = as.list(rownames(d)[keep]), modes = unname(lapply(d, function(x) x[keep])),
         variance = lapply(keep, function(i) lower(v[, , i, drop = TRUE])))
  })
}
numbers <- function(id) {
  call <- calls[[id]]; m <- exact(call); first <- attr(m, "first"); p <- pieces(call); lmm <- p$fun == "lmer"
  n <- nobs(m); rows <- if (n <= 200) seq_len(n) else round(seq(1, n, length.out = 40))
  d <- get(p$data); new <- new_rows(d)
  unseen <- new; grouping <- setdiff(unique(unlist(lapply(findbars(formula(m)), function(b) all.vars(b[[3]])))), all.vars(nobars(formula(m))))
  for (g in grouping) unseen[[g]] <- factor(c("never seen", as.character(new[[g]][-1])), levels = c("never seen", levels(d[[g]])))
  vc <- as.data.frame(VarCorr(m)); pr <- function(...) as.list(unname(quiet(predict(m, ...))))
  out <- list(call = call, parts = p, value = attr(m, "value"), far = attr(m, "far"), gradient = attr(m, "gradient"), nobs = n, loglik = as.numeric(logLik(m)), df = attr(logLik(m), "df"), aic = AIC(m), bic = BIC(m),
    REMLcrit = if (isREML(m)) REMLcrit(m), deviance = if (!isREML(m)) deviance(m), names = as.list(names(fixef(m))), beta = as.list(unname(fixef(m))), theta = as.list(unname(getME(m, "theta"))), theta_names = as.list(names(getME(m, "theta"))),
    sigma = sigma(m), vcov = as.list(lower(quiet(vcov(m)))), vcov_rx = if (!lmm) as.list(lower(quiet(vcov(m, use.hessian = FALSE)))), hessian = as.list(lower(attr(m, "H"))), theta_nb = attr(m, "theta_nb"), joint_hessian = if (!is.null(attr(m, "joint_H"))) as.list(lower(attr(m, "joint_H"))),
    singular = isSingular(m), df_residual = df.residual(m),
    varcorr = list(grp = as.list(vc$grp), var1 = as.list(vc$var1), var2 = as.list(vc$var2), vcov = as.list(vc$vcov), sdcor = as.list(vc$sdcor)), groups = as.list(ngrps(m)), ranef = modes(m),
    rows = as.list(rows - 1L), fitted = as.list(unname(fitted(m))[rows]), residuals = as.list(unname(residuals(m))[rows]), pearson = as.list(unname(residuals(m, "pearson"))[rows]), scaled = as.list(unname(residuals(m, scaled = TRUE))[rows]), scaled_quantiles = as.list(unname(quantile(residuals(m, "pearson", scaled = TRUE)))),
    predict = list(response = pr(newdata = new, type = "response", na.action = na.pass), link = pr(newdata = new, type = "link", na.action = na.pass), population = pr(newdata = new, re.form = NA, type = "response", na.action = na.pass),
                   population_link = pr(newdata = new, re.form = NA, type = "link", na.action = na.pass), unseen = pr(newdata = unseen, allow.new.levels = TRUE, type = "link", na.action = na.pass)),
    package = list(value = first@devcomp$cmp[[if (isREML(first)) "REML" else "dev"]], beta = as.list(unname(fixef(first))), theta = as.list(unname(getME(first, "theta")))))
  slack <- tryCatch(tight(call), error = function(e) NULL)
  show <- list(print = function(x) print(x), summary = function(x) print(summary(x)), VarCorr = function(x) print(VarCorr(x)))
  texts <- lapply(show, function(f) { e <- captured(f(m)); list(text = e, same = identical(e, captured(f(first))), same_tight = !is.null(slack) && identical(e, captured(f(slack)))) })
  list(numbers = out, texts = texts)
}
ids <- commandArgs(TRUE); if (!length(ids)) ids <- names(calls)
all <- list(); texts <- list()
for (id in ids) {
  t0 <- proc.time()[[3]]; r <- tryCatch(numbers(id), error = function(e) { cat("ERROR", id, conditionMessage(e), "\n"); NULL })
  if (is.null(r)) next
  all[[id]] <- r$numbers; texts[[id]] <- r$texts
  cat(sprintf("%-28s far %.1e grad %.1e gain %.2e  %s  %.1fs\n", id, r$numbers$far, r$numbers$gradient, r$numbers$package$value - r$numbers$value, paste(vapply(r$texts, function(t) paste0(as.integer(t$same), as.integer(t$same_tight)), ""), collapse = " "), proc.time()[[3]] - t0))
}
write_json_to(list(versions = versions, models = all), "models.json")
writeLines(toJSON(list(versions = versions, texts = texts), pretty = TRUE, auto_unbox = TRUE), "texts.json")
