"""What the command line understands: its subcommands and options, with help that a stranger can follow."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn

from ..translate.dialects import DIALECTS
from .models import MODELS

DESCRIPTION = """\
R's glm() and the models beside it, from the shell. Formulas are R's, tables are printed as R prints them.

  glmformula fit "left ~ salary + overtime_hours" hr.csv --family binomial --save left.json
  glmformula predict left.json new.parquet --out scored.parquet
  glmformula sql left.json --dialect postgres"""
EPILOG = """\
DATA is a file (.csv, .parquet, .arrow, .feather), a directory of Parquet files or a pattern such as "data/*.parquet";
all but a single .csv or .tsv file need pyarrow: pip install 'glmformula[arrow]'.
Results go to standard output, warnings and errors to standard error.

exit codes: 0 good, 1 error, 2 the fit is not to be trusted (separation, no convergence)"""
SUBJECT = "a FORMULA and its DATA, or a fit saved by 'fit --save'"


class Parser(argparse.ArgumentParser):
    """A wrong call is an error as any other: exit code 1."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: error: {message}\n")


def parser() -> Parser:
    main = Parser(
        prog="glmformula",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = main.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)

    fit = _command(commands, "fit", "fit a model and print its summary")
    _formula_and_data(fit)
    _model(fit)
    _errors(fit)
    fit.add_argument("--save", metavar="FILE", help="keep the fit, without its rows, for the other commands")
    fit.add_argument("--report", metavar="FILE", help="write a whole report as one HTML page")
    fit.add_argument(
        "--what-if",
        metavar="FILE",
        help="write a page with a slider for each variable that computes predictions",
    )
    fit.add_argument("--json", action="store_true", help="print numbers as JSON instead of R's text")

    summary = _command(commands, "summary", "print the summary of a fit")
    _subject(summary)
    _errors(summary)
    summary.add_argument("--json", action="store_true", help="print numbers as JSON instead of R's text")

    anova = _command(
        commands, "anova", "test the terms of a model one after another, or saved fits against each other"
    )
    anova.add_argument(
        "subject",
        nargs="+",
        metavar="FORMULA DATA | FIT FIT ...",
        help="a FORMULA and its DATA, or two saved fits or more",
    )
    _model(anova)
    anova.add_argument("--test", help="Chisq, LRT, F, Rao, Cp ... (default: as R picks it)")

    drop1 = _command(commands, "drop1", "test each term by leaving it out")
    _formula_and_data(drop1)
    _model(drop1)
    drop1.add_argument("--test", default="Chisq", help="Chisq, F, Rao or none (default: %(default)s)")

    predict = _command(commands, "predict", "predict for new data")
    predict.add_argument("fit", metavar="FIT", help="a fit saved by 'fit --save'")
    predict.add_argument("data", metavar="DATA", help="rows to predict for")
    predict.add_argument(
        "--out", metavar="FILE", help="a .parquet, .arrow or .csv file (default: CSV on standard output)"
    )
    predict.add_argument("--type", help="link or response; other models have their own (default: response)")
    predict.add_argument("--se", action="store_true", help="add standard errors")
    predict.add_argument("--interval", choices=("confidence", "prediction"), help="add limits")
    predict.add_argument("--level", type=float, default=0.95, help="of the limits (default: %(default)s)")
    predict.add_argument(
        "--new-levels",
        choices=("error", "na"),
        default="error",
        help="what an unseen level gives (default: %(default)s)",
    )

    compare = _command(commands, "compare", "show saved fits side by side")
    compare.add_argument("fits", nargs="+", metavar="FIT")
    compare.add_argument("--exponentiate", action="store_true", help="show ratios: exp(estimate)")

    sql = _command(commands, "sql", "write a model's predictions as an SQL expression")
    _subject(sql)
    sql.add_argument("--dialect", choices=tuple(DIALECTS), default="duckdb", help="(default: %(default)s)")
    sql.add_argument("--type", help="link or response; other models have their own (default: response)")
    sql.add_argument("--se", action="store_true", help="add the standard error")
    sql.add_argument("--table", help="write a whole query on this table")
    sql.add_argument(
        "--new-levels",
        choices=("na", "error"),
        default="na",
        help="NULL or an error of the query (default: %(default)s)",
    )

    _command(commands, "demo", "print two models of a small data set that comes with the package")
    return main


def _command(commands: Any, name: str, text: str) -> Parser:
    made: Parser = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    return made


def _formula_and_data(command: Parser) -> None:
    command.add_argument(
        "formula", metavar="FORMULA", help='R\'s formula, such as "y ~ x + factor(g)"; quote it'
    )
    command.add_argument("data", metavar="DATA", help="a file, a directory or a pattern of files")


def _subject(command: Parser) -> None:
    command.add_argument("subject", nargs="+", metavar="FORMULA DATA | FIT", help=SUBJECT)
    _model(command)


def _model(command: Parser) -> None:
    group = command.add_argument_group("the model (with a FORMULA)")
    group.add_argument(
        "--model",
        choices=tuple(MODELS),
        default="glm",
        help="the function that fits it (default: %(default)s)",
    )
    group.add_argument(
        "--family", help='such as binomial, "Gamma(log)", "tweedie(1.5, 0)" (default: gaussian)'
    )
    group.add_argument("--weights", metavar="EXPR", help="a column or R expression")
    group.add_argument("--offset", metavar="EXPR", help="a column or R expression")
    group.add_argument("--subset", metavar="EXPR", help='the rows to use, such as "age > 18"')
    group.add_argument(
        "--na-action",
        choices=("na.omit", "na.exclude", "na.fail"),
        help="of missing values (default: na.omit)",
    )
    group.add_argument(
        "--with", metavar="NAME=VALUE", action="append", default=[], dest="more",
        help="any other argument of the function, such as method=firth or dist=negbin; again for another",
    )  # fmt: skip


def _errors(command: Parser) -> None:
    group = command.add_argument_group("standard errors")
    group.add_argument("--vcov", metavar="TYPE", help="robust ones: HC0, HC1, HC2, HC3, HC4")
    group.add_argument("--cluster", metavar="COLUMN", help="clustered by a column (with a FORMULA)")
