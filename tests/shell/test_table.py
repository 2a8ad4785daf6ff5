"""CSV files on the command line where pyarrow is not installed: the same rows, the same output."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glmformula.datasets import attrition
from glmformula.errors import DataError
from glmformula.inference.rows.output import plain
from glmformula.shell.main import main
from glmformula.shell.table import data_of, read_csv
from glmformula.sources.registry import opened

WITHOUT = (
    "import sys; sys.modules['pyarrow'] = None; from glmformula.shell.main import main; sys.exit(main())"
)
MODEL = "left ~ gap + site + flag + day"
# Cells of one column: as Arrow reads them they are what the column says.
COLUMNS = {
    "whole": ["1", " 2", "3 ", "-4", "007", "0x1F", "-0", "9223372036854775807"],
    "whole missing": ["1", "NA", "", "null"],
    "too large": ["1", "9223372036854775808"],
    "number": ["1", "1.", "-.5", "+.5", "1e5", "1E+5", "+1", "0.1", "1e400", "Inf", "-infinity", "NAN"],
    "number missing": ["1.5", "#N/A", "NaN", "N/A"],
    "truth": ["TRUE", "false", "1", "0"],
    "truth missing": ["True", "NA", "False"],
    "text": ["1", "1_000", "x"],
    "odd text": ["1e", "T", "tRuE", " TRUE", "None", "<NA>", " NA", "--1", "1d5", "é", "a,b", 'a "b"'],
    "dates": ["2020-01-01", "2020-01-02"],
    "text missing": ["a", "", "b"],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_what_arrow_says_it_is(name, tmp_path):
    cells = COLUMNS[name]
    quoted = ['"{}"'.format(cell.replace('"', '""')) for cell in cells]
    for k, written in enumerate((quoted, cells)):
        if k and any(mark in cell for cell in cells for mark in ',"'):
            continue
        path = tmp_path / f"{k}.csv"
        path.write_text("\n".join(["x,n", *(f"{cell},1" for cell in written), "\n"]), encoding="utf-8")
        (arrow,) = opened(path).map_reduce(lambda piece: [plain(piece)], list.__add__, ["x", "n"])
        ours = read_csv(path)
        assert list(ours.columns) == ["x", "n"]
        kinds = [frame["x"].dtype.kind for frame in (arrow, ours)]
        assert kinds[0] == kinds[1] or set(kinds) <= set("OU")
        np.testing.assert_array_equal(arrow["x"].isna(), ours["x"].isna())
        known = ~ours["x"].isna()
        assert arrow["x"][known].tolist() == ours["x"][known].tolist()


def test_files_that_are_odd(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeffx,x\n\n1,"two\nlines"\n'.encode())
    assert read_csv(path).columns.tolist() == ["x", "x"]
    assert read_csv(path).to_numpy().tolist() == [[1, "two\nlines"]]
    path.write_text("x,y\n")
    assert read_csv(path).shape == (0, 2)
    (tmp_path / "b.tsv.gz").write_bytes(gzip.compress(b"x\ty\n1\tNA\n"))
    assert read_csv(tmp_path / "b.tsv.gz").isna().to_numpy().tolist() == [[False, True]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a.csv is empty: expected names of columns in its first line"),
        (b"x,y\n1,2\n3\n", "a.csv could not be read: expected 2 columns, row 2 has 1: 3"),
        (b"x,y\n1,2,3\n", "a.csv could not be read: expected 2 columns, row 1 has 3: 1,2,3"),
        ("x\né\n".encode("latin-1"), "a.csv is not UTF-8 text: .*; write it anew in UTF-8"),
        ("x\n1\n".encode("utf-16"), "a.csv is not UTF-8 text: .*; write it anew in UTF-8"),
        (b"x\n" + b"1" * 200_000, "a.csv could not be read: field larger than field limit"),
    ],
)
def test_what_cannot_be_read(content, message, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_csv(tmp_path / "a.csv")


def test_only_a_csv_file_without_pyarrow_is_read_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("x\n1\n")
    assert data_of(str(path)) == str(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert data_of(str(path))["x"].tolist() == [1]
    for other in ("a.parquet", "*.csv", "no.csv"):
        assert data_of(str(tmp_path / other)) == str(tmp_path / other)
    with pytest.raises(DataError, match="is a file that the model or the new data are read from"):
        data_of(str(path), None, str(path))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("csv")
    data = attrition()
    team = np.arange(len(data)) % 7
    data["site"] = pd.Series(np.where(team > 3, "north", "söuth")).mask(team == 3)
    data["flag"] = pd.Series(np.where(team % 2, "TRUE", "FALSE")).mask(team == 5)
    data["gap"] = data["salary"].mask(team == 2)
    data["day"] = [f"2020-01-0{1 + k // 250}" for k in range(len(data))]
    data.to_csv(folder / "hr.csv", index=False)
    data.head(10).to_csv(folder / "new.csv", index=False)
    return folder


def test_the_output_is_the_same(here, capsys):
    fit = ["fit", MODEL, str(here / "hr.csv"), "--family", "binomial"]
    assert main([*fit, "--save", str(here / "with.json")]) == 0
    shown = capsys.readouterr().out
    assert without(*fit, "--save", str(here / "without.json")) == (0, shown, "")
    assert (here / "with.json").read_text() == (here / "without.json").read_text()
    predict = ["predict", str(here / "with.json"), str(here / "new.csv"), "--se"]
    assert main(predict) == 0
    assert without(*predict) == (0, capsys.readouterr().out, "")


def test_other_files_name_the_extra(here):
    code, out, err = without("fit", MODEL, str(here / "*.csv"))
    assert (code, out) == (1, "")
    assert re.search(r"pip install 'glmformula\[arrow\]'", err)


def without(*words: str) -> tuple[int, str, str]:
    """What the command does where pyarrow cannot be imported."""
    found = subprocess.run(
        [sys.executable, "-c", WITHOUT, *words],
        capture_output=True, text=True, encoding="utf-8", check=False, env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    return found.returncode, found.stdout, found.stderr
