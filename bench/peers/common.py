"""What the peers share: the job, the model, the clock, and the one JSON line they answer with."""

import json
import os
import resource
import sys
import time

job = json.loads(sys.argv[1])
os.environ["OMP_NUM_THREADS"] = str(job["threads"])
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"


def read_rows():
    with open(job["rows"], encoding="utf8") as lines:
        return [json.loads(line) for line in lines][: (job["steps"] + 1) * job["batch"]]


class Clock:
    """Times steps after the first one, which pays for everything that is done once."""

    def __init__(self):
        self.losses, self.marks, self.start_seconds = [], [], None

    def step_done(self):
        if not self.marks:
            self.start_seconds = time.time() - job["spawnedAt"]
        self.marks.append((time.perf_counter(), time.process_time()))

    def answer(self, rows_per_step, versions, notes=()):
        (wall_0, cpu_0), (wall_1, cpu_1) = self.marks[0], self.marks[-1]
        seconds, steps = wall_1 - wall_0, len(self.marks) - 1
        print(json.dumps({
            "secondsPerStep": seconds / steps,
            "rowsPerSecond": steps * rows_per_step / seconds,
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "cpu": (cpu_1 - cpu_0) / seconds,
            "startSeconds": self.start_seconds,
            "losses": self.losses,
            "versions": versions,
            "notes": list(notes),
        }))


def load_model(**options):
    """Model and tokenizer; imported here so that the environment above holds for torch."""
    import torch
    import transformers

    torch.set_num_threads(job["threads"])
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    dtype = getattr(torch, job["dtype"])
    model = transformers.AutoModelForCausalLM.from_pretrained(job["model"], dtype=dtype, **options)
    return model, transformers.AutoTokenizer.from_pretrained(job["model"])


def lora():
    """The job's adapter; None when every weight is trained."""
    from peft import LoraConfig

    targets = job["targets"]
    if targets is None:
        return None
    return LoraConfig(r=16, lora_alpha=16, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM")
