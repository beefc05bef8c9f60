"""
What pandas makes of the files in recorded/, as the Python original does it: prints expected.json.

    python3 expected.py > expected.json

Made with pandas 1.5.3. Numbers are printed with all their digits, as texts, since JSON knows neither NaN nor infinities.
Files are read exactly (float_precision); left to itself, pandas may be off by the last bit of a number.
"""

import json
import math
import warnings
from pathlib import Path

import pandas as pd

warnings.simplefilter("ignore")  # numpy tells of every infinity
RECORDED = Path(__file__).parent / "recorded"
PERCENTILES = [0.25, 0.5, 0.75, 0.9, 0.95]


def read(prefix: str) -> pd.DataFrame:
    """All rows of the files of a prefix, by time."""
    files = sorted(RECORDED.glob(f"{prefix}.*.csv"))
    frame = pd.concat([pd.read_csv(file, float_precision="round_trip") for file in files], ignore_index=True)
    return frame.set_index(pd.to_datetime(frame["Timepoint"], unit="ns"))


def text(number) -> str:
    number = float(number)
    if math.isnan(number):
        return "NaN"
    return repr(number) if math.isfinite(number) else ("Infinity" if number > 0 else "-Infinity")


def described(numbers: pd.Series) -> dict:
    statistics = numbers.describe(percentiles=PERCENTILES)
    return {
        **{name: text(statistics[name]) for name in ["count", "mean", "std", "min", "max"]},
        "sum": text(numbers.sum()),
        "quantiles": texts(statistics[f"{round(100 * q)}%"] for q in PERCENTILES),
    }


def texts(numbers) -> str:
    return " ".join(text(number) for number in numbers)


def by_time(numbers: pd.Series) -> dict:
    return {"timepoints": " ".join(str(time.value) for time in numbers.index), "values": texts(numbers)}


def summarized(frame: pd.DataFrame) -> list:
    summaries = []
    for label in sorted(frame["Label"].unique()):
        rows = frame[frame["Label"] == label]
        numbers = rows["Measurement"]
        bins = numbers.resample("1S")
        summaries.append({
            "label": label,
            "all": described(numbers),
            "byPid": [
                {"pid": int(pid), **described(rows[rows["PID"] == pid]["Measurement"])}
                for pid in sorted(rows["PID"].unique())
            ],
            "perSecond": {"count": by_time(bins.count()), "sum": by_time(bins.sum()), "mean": by_time(bins.mean())},
            "perSecondDescribed": described(bins.count()),
        })
    return summaries


def compared(frame: pd.DataFrame, label_a: str, label_b: str) -> dict:
    a, b = (frame[frame["Label"] == label]["Measurement"] for label in (label_a, label_b))
    sums_a, sums_b = a.resample("1S").sum(), b.resample("1S").sum()
    return {
        "labels": [label_a, label_b],
        "difference": {"ratio": text((b.sum() - a.sum()) / b.sum()), **by_time(sums_b.sub(sums_a))},
        "ratio": {"ratio": text(a.sum() / b.sum()), **by_time(sums_a.divide(sums_b))},
    }


duration, runtime, custom = read("duration"), read("runtime"), read("custom")
print(json.dumps({
    "pandas": pd.__version__,
    "frames": {"duration": summarized(duration), "runtime": summarized(runtime), "custom": summarized(custom)},
    "compared": {
        "duration": [compared(duration, "version()", "/version [GET]")],
        "runtime": [compared(runtime, "user time", "system time")],
        "custom": [compared(custom, "plain", "some NaN")],
    },
}, ensure_ascii=False, indent=2))
