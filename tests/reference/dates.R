# Dates and times in formulas: values on the data of a fit and on new data.
# Writes JSON to standard output, under R >= 4.3 (as.character of times by element): r46 dates.R > dates_4.6.json
# Base R only (and splines); a value is numbers, text, logical or a factor.
suppressPackageStartupMessages(library(splines))
options(warn = -1)
day <- as.Date(c("2020-01-15", "2020-02-29", NA, "2021-12-31", "2019-12-30", "2020-06-01", "2020-06-01", "1968-03-05"))
time <- as.POSIXct(c("2020-01-15 10:30:00", "2020-02-29 00:00:00", NA, "2021-12-31 23:59:59", "2020-03-29 12:00:01", "2020-07-01 06:45:00", "2019-10-27 01:30:00", "1969-07-20 20:17:40"), tz = "UTC")
D <- data.frame(day = day, time = time, x = c(1, 2, 3, 4, 5, 6, 7, 8), s = c("2020-01-15", "2020-02-30", NA, "2021/01/05", "2020-5-7", "2020-06-01 10:00", "x", "1968-03-05"),
                e = c("15.01.2020", "1.2.2021", NA, "31.12.99", "30.02.2020", "x", "07.08.2019 rest", "1.1.1970"), stringsAsFactors = FALSE)
D$ny <- as.POSIXct(as.numeric(time), origin = "1970-01-01", tz = "America/New_York")
N <- D[c(6, 3, 1, 2), ]

plain <- c(
  "as.numeric(day)", "as.integer(day)", "day + 1", "1 + day", "day - 30", "day - as.Date(\"2020-01-01\")", "as.numeric(day - as.Date(\"2020-01-01\"))", "(day - as.Date(\"2020-01-01\")) / 365.25",
  "2 * (day - as.Date(\"2019-01-01\"))", "abs(as.numeric(day - as.Date(\"2020-06-01\")))", "round((day - as.Date(\"2019-01-01\")) / 7)", "-(day - as.Date(\"2019-01-01\"))", "(day - as.Date(\"2019-01-01\")) > 400",
  "(day - as.Date(\"2019-01-01\")) + day", "day + x", "day > \"2020-02-01\"", "day == \"2020-06-01\"", "\"2020-06-01\" <= day", "day != \"2020/06/01\"", "day > 18300", "day >= as.Date(\"2020-01-01\") & day < as.Date(\"2021-01-01\")",
  "day %in% as.Date(c(\"2020-06-01\", \"2020-01-15\"))", "day %in% \"2020-06-01\"", "is.na(day)", "is.numeric(day)", "is.finite(day)", "ifelse(is.na(day), 0, day)", "ifelse(day > \"2020-02-01\", \"late\", \"early\")",
  "weekdays(day)", "weekdays(day, TRUE)", "weekdays(day, abbreviate = TRUE)", "months(day)", "months(day, TRUE)", "julian(day)", "julian(day, origin = as.Date(\"2020-01-01\"))",
  "format(day)", "format(day, \"%m\")", "format(day, \"%d/%m/%y %j %U %W %V %u %w %a %A %b %B %G %e %C %F %D %h %%\")", "as.numeric(format(day, \"%Y\"))", "as.integer(format(day, \"%j\"))", "strftime(day, \"%Y\")",
  "as.character(day)", "paste(day)", "paste0(\"d\", day)", "factor(format(day, \"%m\"), levels = c(\"01\", \"02\", \"06\", \"12\"))", "weekdays(day) %in% c(\"Saturday\", \"Sunday\")",
  "cut(day, as.Date(c(\"2019-01-01\", \"2020-02-29\", \"2022-01-01\")))", "cut(day, as.Date(c(\"2020-01-15\", \"2020-06-01\", \"2022-01-01\")), labels = c(\"a\", \"b\"))", "cut(day, as.Date(c(\"2020-01-15\", \"2020-06-01\", \"2022-01-01\")), right = TRUE)",
  "pmin(day, as.Date(\"2020-02-15\"))", "pmax(day, as.Date(\"2020-02-15\"), na.rm = TRUE)", "trunc(day, \"months\")", "trunc(day, \"month\")", "trunc(day, \"years\")", "trunc(day + 0.6)", "round(day + 0.6)",
  "as.Date(s)", "as.Date(e, \"%d.%m.%Y\")", "as.Date(e, format = \"%d.%m.%y\")", "as.Date(\"01/02/2020\", \"%d/%m/%Y\") + x", "as.Date(factor(s))", "as.Date(\"2020-05-07T10:00:00\") + x", "as.Date(\"May 7, 2020\", \"%b %d, %Y\") + x", "as.Date(\"7MAY20\", \"%d%b%y\") + x",
  "as.Date(x, origin = \"1970-01-01\")", "as.Date(time)", "as.Date(ny, tz = \"America/New_York\")", "c(as.Date(\"2020-01-01\"), as.Date(\"2021-01-01\"))", "findInterval(day, as.Date(c(\"2020-02-01\", \"2021-01-01\")))", "rank(day)", "rev(day)", "day[-1]", "as.vector(day)", "unclass(day)",
  "difftime(day, as.Date(\"2020-01-01\"), units = \"weeks\")", "as.numeric(difftime(day, as.Date(\"2020-01-01\"), units = \"days\"), units = \"hours\")", "difftime(time, as.POSIXct(\"2020-01-01\", tz = \"UTC\"), units = \"hours\")", "difftime(time, day, units = \"mins\")",
  "as.numeric(time)", "as.integer(time)", "time + 3600", "time - 1.5", "time > \"2020-02-01\"", "time >= \"2020-02-29 00:00:00\"", "time == as.POSIXct(\"2020-02-29\", tz = \"UTC\")", "time > \"2020/03/29 11:00\"", "time %in% as.POSIXct(\"2020-02-29\", tz = \"UTC\")",
  "time > ISOdate(2020, 2, 29, 0)", "ISOdate(2020, x, 31)", "ISOdatetime(2020, 2, x, 3, 4, 5, tz = \"UTC\")", "ISOdatetime(2020, 7, x, 3, 4, 5, tz = \"America/New_York\")", "weekdays(time)", "months(time)", "julian(time)", "format(time, \"%H:%M:%S %p %I\")", "as.numeric(format(time, \"%H\"))",
  "as.character(time)", "as.character(ny)", "weekdays(ny)", "months(ny)", "format(ny, \"%Y-%m-%d %H:%M:%S\")", "format(time, \"%H\", tz = \"Asia/Tokyo\")", "as.numeric(format(ny, \"%H\"))", "time == ny",
  "as.POSIXct(trunc(time, \"hours\"))", "as.POSIXct(trunc(time, \"days\"))", "as.POSIXct(trunc(time, \"months\"))", "as.POSIXct(trunc(time, \"years\"))", "as.POSIXct(trunc(ny, \"days\"))", "as.POSIXct(round(time, \"hours\"))", "as.POSIXct(round(time, \"mins\"))", "as.POSIXct(round(time, \"days\"))",
  "as.POSIXct(\"2020-01-01 10:11:12.5\", tz = \"UTC\") + x", "as.POSIXct(\"2020/01/01 10:11\", tz = \"America/New_York\") + x", "as.POSIXct(day)", "as.POSIXct(s, tz = \"UTC\", format = \"%Y-%m-%d\")", "cut(time, as.POSIXct(c(\"2020-01-01\", \"2020-02-01\", \"2022-01-01\"), tz = \"UTC\"))",
  "as.numeric(cut(day, as.Date(c(\"2019-01-01\", \"2020-02-29\", \"2022-01-01\")), labels = FALSE))", "quarters(as.Date(\"2020-05-07\") + x)", "nchar(as.character(time))")
# Frozen at the fit: with D's numbers on new data.
frozen <- rbind(
  c("day - min(day, na.rm = TRUE)", "day - min(D$day, na.rm = TRUE)"), c("day - mean(day, na.rm = TRUE)", "day - mean(D$day, na.rm = TRUE)"), c("day >= median(day, na.rm = TRUE)", "day >= median(D$day, na.rm = TRUE)"),
  c("max(day, na.rm = TRUE) - day", "max(D$day, na.rm = TRUE) - day"), c("day - range(day, na.rm = TRUE)[2]", "day - max(D$day, na.rm = TRUE)"), c("as.numeric(day) / sd(day, na.rm = TRUE)", "as.numeric(day) / sd(D$day, na.rm = TRUE)"),
  c("time > mean(time, na.rm = TRUE)", "time > mean(D$time, na.rm = TRUE)"), c("difftime(time, min(time, na.rm = TRUE), units = \"days\")", "difftime(time, min(D$time, na.rm = TRUE), units = \"days\")"),
  c("factor(day)", "factor(day, levels = levels(factor(D$day)))"), c("factor(weekdays(day))", "factor(weekdays(day), levels = levels(factor(weekdays(D$day))))"), c("factor(time)", "factor(as.character(time), levels = as.character(sort(unique(D$time))))"),
  c("cut(day, \"month\")", "cut(day, as.Date(c(levels(cut(D$day, \"month\")), \"2022-01-01\")))"), c("cut(day, \"year\")", "cut(day, as.Date(c(levels(cut(D$day, \"year\")), \"2022-01-01\")))"),
  c("cut(day, \"quarter\")", "cut(day, as.Date(c(levels(cut(D$day, \"quarter\")), \"2022-01-01\")))"), c("cut(day, \"week\")", "cut(day, as.Date(c(levels(cut(D$day, \"week\")), \"2022-01-03\")))"), c("cut(day, \"6 months\")", "cut(day, as.Date(c(levels(cut(D$day, \"6 months\")), \"2022-03-01\")))"),
  c("cut(day, \"year\", labels = FALSE)", "as.integer(cut(day, as.Date(c(levels(cut(D$day, \"year\")), \"2022-01-01\"))))"), c("cut(time, \"month\")", "cut(as.Date(time), as.Date(c(levels(cut(D$time, \"month\")), \"2022-01-01\")))"),
  c("cut(time, \"day\")", "cut(as.Date(time), as.Date(c(levels(cut(D$time, \"day\")), \"2022-01-01\")))"),
  c("ns(as.numeric(ifelse(is.na(day), 18000, day)), 3)", "predict(ns(ifelse(is.na(D$day), 18000, D$day), 3), ifelse(is.na(day), 18000, day))"), c("ns(day, 2)", "predict(ns(D$day, 2), as.numeric(day))"), c("scale(day)[, 1]", "(as.numeric(day) - mean(as.numeric(D$day), na.rm = TRUE)) / sd(D$day, na.rm = TRUE)"))
wrong <- c("log(day)", "sqrt(day)", "day * 2", "day^2", "-day", "day + day", "day > \"foo\"", "sum(day)", "cumsum(day)", "log(day - as.Date(\"2020-01-01\"))", "as.Date(\"foo\")", "as.Date(\"2020-02-30\")", "day - \"2020-01-01\"", "time * 2", "as.Date(TRUE)", "cut(day, \"fortnight\")", "abs(day)", "floor(day)")

number <- function(v) { t <- sprintf("%.17g", v); t[is.na(v)] <- "null"; t }
quoted <- function(v) { v <- as.character(v); t <- paste0("\"", gsub("\"", "\\\\\"", v), "\""); t[is.na(v)] <- "null"; t }
list_of <- function(v) paste0("[", paste(v, collapse = ", "), "]")
record <- function(...) { a <- list(...); paste0("{", paste0("\"", names(a), "\": ", unlist(a), collapse = ", "), "}") }
value <- function(v) {
  if (is.factor(v)) return(record(kind = "\"factor\"", codes = list_of(ifelse(is.na(v), -1, as.integer(v) - 1)), levels = list_of(quoted(levels(v))), ordered = "false", contrasts = "null"))
  if (is.matrix(v)) return(record(kind = "\"matrix\"", names = list_of(quoted(seq_len(ncol(v)))), values = list_of(number(as.vector(t(unclass(v)))))))
  if (is.character(v)) return(record(kind = "\"text\"", values = list_of(quoted(v))))
  if (is.logical(v)) return(record(kind = "\"logical\"", values = list_of(ifelse(is.na(v), "null", tolower(v)))))
  record(kind = quoted(class(v)[1]), values = list_of(number(as.vector(unclass(v)))))
}
within_data <- function(e, data) value(eval(str2lang(e), data, globalenv()))
sentence <- function(e) tryCatch({ eval(str2lang(e), D, globalenv()); NA }, error = conditionMessage)
data_record <- function(data) paste0("{", paste0(quoted(names(data)), ": ", vapply(data, value, ""), collapse = ",\n "), "}")
cat("{\"version\": ", quoted(R.version.string), ",\n\"fit\": ", data_record(D), ",\n\"new\": ", data_record(N), ",\n\"cases\": [\n",
    paste(c(vapply(plain, function(e) record(expression = quoted(gsub("\\", "\\\\", e, fixed = TRUE)), fit = within_data(e, D), new = within_data(e, N)), ""),
            apply(frozen, 1, function(r) record(expression = quoted(r[1]), fit = within_data(r[1], D), new = within_data(r[2], N)))), collapse = ",\n"),
    "\n],\n\"errors\": [\n", paste(vapply(wrong, function(e) record(expression = quoted(e), message = quoted(sentence(e))), ""), collapse = ",\n"), "\n]}\n", sep = "")
