"""
What the Python original did with the CSV files of a monitoring directory, in the same calls of pandas: each file is read with a converter that makes
a timestamp of each timepoint, the frames are joined, and each series is described. Prints, as JSON, how long that took in seconds, the largest
resident set in bytes, and for each label its count, mean and quantiles.
"""

import json
import resource
import sys
import time
from glob import glob

import pandas as pd

QUANTILES = [0.5, 0.9, 0.99, 0.999]


def timestamp(text):
    return pd.to_datetime(int(text), unit="ns", origin="unix")


def main(directory):
    begin = time.perf_counter()
    frames = [pd.read_csv(path, converters={"Timepoint": timestamp}) for path in glob(f"{directory}/duration*.csv")]
    frame = pd.concat(frames, ignore_index=True)
    series = {}
    for label in frame["Label"].unique():
        values = frame[frame["Label"] == label].set_index("Timepoint")["Measurement"]
        described = values.describe(percentiles=QUANTILES)
        quantiles = values.quantile(QUANTILES).tolist()
        series[label] = [int(described["count"]), float(described["mean"]), *quantiles]
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "series": series}))


main(sys.argv[1])
