"""Rate of torch's bfloat16 products of the shapes a model has: all of them once, each at its best of several tries."""

import time

from common import job

import json
import torch

torch.set_num_threads(job["threads"])


def best_seconds(tokens, inner, out):
    x, w = torch.randn(tokens, inner).bfloat16(), torch.randn(inner, out).bfloat16()
    best = float("inf")
    for _ in range(8):
        start = time.perf_counter()
        torch.mm(x, w)
        best = min(best, time.perf_counter() - start)
    return best


flops = seconds = 0.0
for product in job["products"]:
    seconds += product["count"] * best_seconds(job["tokens"], product["in"], product["out"])
    flops += product["count"] * 2.0 * job["tokens"] * product["in"] * product["out"]
print(json.dumps({"flops": flops / seconds}))
