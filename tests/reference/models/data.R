# Writes data/<name>.csv and data/schema.json: R's own data sets, typed well enough to be read identically elsewhere.
# usage (in this directory): Rscript data.R
# R 4.2.2 with MASS, boot, carData, AER, brglm2, statmod.
suppressMessages({library(MASS); library(boot); library(carData)})
get_data <- function(name, package) { e <- new.env(); data(list = name, package = package, envir = e); get(name, envir = e) }
frame_of_table <- function(name) { d <- as.data.frame(get_data(name, "datasets")); names(d)[ncol(d)] <- "Freq"; d }
plain <- function(d) { d <- as.data.frame(d); class(d) <- "data.frame"; attr(d, "formula") <- NULL; d }

wanted <- list(
  datasets = c("mtcars", "warpbreaks", "esoph", "infert", "airquality", "ChickWeight", "InsectSprays", "cars", "stackloss",
               "trees", "faithful", "swiss", "longley", "chickwts", "ToothGrowth", "PlantGrowth", "npk", "women", "iris",
               "attitude", "OrchardSprays", "Puromycin", "CO2", "LifeCycleSavings", "USArrests", "attenu", "Orange",
               "anscombe", "pressure", "BOD", "sleep", "Loblolly", "freeny"),
  MASS = c("quine", "birthwt", "menarche", "Insurance", "bacteria", "anorexia", "Cars93", "cpus", "epil", "ships",
           "housing", "Pima.tr2", "hills", "mammals", "whiteside", "gehan", "leuk", "cats", "snails", "Traffic", "UScrime"),
  boot = c("channing", "nodal", "poisons", "urine", "remission", "calcium", "nuclear", "downs.bc", "fir", "hirose"),
  carData = c("Mroz", "Prestige", "Davis", "Duncan", "Cowles", "TitanicSurvival", "Ornstein", "Baumann", "Womenlf",
              "Salaries", "Freedman", "Leinhardt", "Chirot", "Migration", "AMSsurvey", "Moore"),
  AER = c("ShipAccidents", "Affairs", "SwissLabor", "PhDPublications"),
  brglm2 = c("endometrial", "lizards"),
  statmod = c("welding"))
frames <- list()
for (package in names(wanted)) for (name in wanted[[package]]) frames[[name]] <- plain(get_data(name, package))
frames$Titanic <- frame_of_table("Titanic")
frames$UCBAdmissions <- frame_of_table("UCBAdmissions")
frames$HairEyeColor <- frame_of_table("HairEyeColor")
frames$discoveries <- data.frame(year = 1860:1959, found = as.numeric(datasets::discoveries))
frames$beaver1 <- datasets::beaver1
frames$budworm <- data.frame(ldose = rep(0:5, 2), numdead = c(1, 4, 9, 13, 18, 20, 0, 2, 6, 10, 12, 16),
                             sex = factor(rep(c("M", "F"), c(6, 6))))            # Venables & Ripley, section 7.2
frames$counts <- data.frame(counts = c(18, 17, 15, 20, 10, 20, 25, 13, 12), outcome = gl(3, 1, 9),
                            treatment = gl(3, 3))                               # Dobson (1990), ?glm
frames$clotting <- data.frame(u = c(5, 10, 15, 20, 30, 40, 60, 80, 100),
                              lot1 = c(118, 58, 42, 35, 27, 25, 21, 19, 18),
                              lot2 = c(69, 35, 26, 21, 18, 16, 13, 12, 12))     # McCullagh & Nelder (1989), ?glm
attrition <- "../../../glmformula/datasets/attrition.csv"
frames$attrition <- read.csv(if (file.exists("data/attrition.csv")) "data/attrition.csv" else attrition)

kind <- function(x) {
  if (is.ordered(x)) "ordered" else if (is.factor(x)) "factor" else if (is.logical(x)) "logical"
  else if (is.character(x)) "character" else if (is.integer(x)) "integer" else if (is.numeric(x)) "numeric" else NA
}
number <- function(x) {                                  # the shortest text that reads back as the same double
  out <- format(x, digits = 15, trim = TRUE, scientific = NA)
  for (i in seq_along(x)) if (!is.na(x[i])) for (d in 1:17) { s <- formatC(x[i], digits = d, format = "g", width = -1)
    if (as.numeric(s) == x[i]) { out[i] <- s; break } }
  out[is.na(x)] <- "NA"
  out
}
json_string <- function(x) paste0('"', gsub('(["\\\\])', "\\\\\\1", x), '"')
entries <- character()
for (name in sort(names(frames), method = "radix")) {
  d <- frames[[name]]
  kinds <- vapply(d, function(x) kind(x), "")
  d <- d[!is.na(kinds)]; kinds <- kinds[!is.na(kinds)]
  named_rows <- is.character(attr(d, "row.names")) && !identical(rownames(d), as.character(seq_len(nrow(d))))
  text <- as.data.frame(lapply(seq_along(d), function(j) {
    x <- d[[j]]
    if (kinds[j] == "numeric") number(as.vector(x)) else { s <- as.character(x); s[is.na(s)] <- "NA"; s }
  }))
  names(text) <- names(d)
  if (named_rows) text <- cbind(.row = rownames(d), text)
  if (name != "attrition") write.csv(text, file.path("data", paste0(name, ".csv")), row.names = FALSE, quote = which(vapply(text, function(s) any(grepl('[",]', s)), NA)))
  columns <- vapply(seq_along(d), function(j) {
    levels <- if (is.factor(d[[j]])) paste0(', "levels": [', paste(json_string(levels(d[[j]])), collapse = ", "), "]") else ""
    paste0('{"name": ', json_string(names(d)[j]), ', "kind": "', kinds[j], '"', levels, "}")
  }, "")
  entries <- c(entries, paste0(json_string(name), ": {\"rows\": ", nrow(d), ", \"named_rows\": ", if (named_rows) "true" else "false",
                               ", \"columns\": [\n  ", paste(columns, collapse = ",\n  "), "]}"))
}
writeLines(c("{", paste(entries, collapse = ",\n"), "}"), "data/schema.json")
