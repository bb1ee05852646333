"""What the measuring processes of diffusers' side say: one line of JSON for each thing they were asked."""

import json
import resource
import sys
import time
from collections.abc import Callable

import diffusers
import torch

VERSION = f"diffusers {diffusers.__version__}, PyTorch {torch.__version__}"


def seconds_of(clock: str) -> Callable[[], float]:
    return time.process_time if clock == "processor" else time.perf_counter


def say(**line: object) -> None:
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(json.dumps({**line, "peakBytes": peak_bytes}), flush=True)
