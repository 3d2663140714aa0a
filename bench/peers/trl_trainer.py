"""One TRL training run on given rows, as its documentation shows it; prints one JSON line with its speed and memory.

Usage: trl_trainer.py dpo|sft MODEL_DIR ROWS.jsonl STEPS BATCH THREADS [checkpointing]
Rows: {"prompt", "chosen", "rejected"} or {"prompt", "completion"}. The first step is not timed.
"""

import json
import os
import resource
import sys
import tempfile
import time

objective, model_dir, rows_file, steps, batch, threads = sys.argv[1:7]
steps, batch, threads = int(steps), int(batch), int(threads)
checkpointing = "checkpointing" in sys.argv[7:]
os.environ["OMP_NUM_THREADS"] = str(threads)
os.environ["HF_HUB_OFFLINE"] = "1"

import torch  # noqa: E402
import transformers  # noqa: E402
import trl  # noqa: E402
from datasets import Dataset  # noqa: E402
from peft import LoraConfig  # noqa: E402

torch.set_num_threads(threads)
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
rows = [json.loads(line) for line in open(rows_file)][: steps * batch]
model = transformers.AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.bfloat16)
tokenizer = transformers.AutoTokenizer.from_pretrained(model_dir)
peft = LoraConfig(r=16, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")


class Clock(transformers.TrainerCallback):
    """Wall time of each optimiser step and the losses logged for it."""

    def __init__(self):
        self.ends, self.losses = [], []

    def on_step_end(self, args, state, control, **kwargs):
        self.ends.append(time.perf_counter())

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            self.losses.append(float(logs["loss"]))


clock = Clock()
common = dict(
    output_dir=tempfile.mkdtemp(), per_device_train_batch_size=batch, max_steps=steps, learning_rate=5e-5,
    lr_scheduler_type="constant", logging_steps=1, save_strategy="no", report_to="none", use_cpu=True, bf16=True,
    gradient_checkpointing=checkpointing, max_length=1024, disable_tqdm=True,
)
if objective == "dpo":
    trainer = trl.DPOTrainer(model, args=trl.DPOConfig(beta=0.1, **common), train_dataset=Dataset.from_list(rows),
                             processing_class=tokenizer, peft_config=peft, callbacks=[clock])
else:
    trainer = trl.SFTTrainer(model, args=trl.SFTConfig(**common), train_dataset=Dataset.from_list(rows),
                             processing_class=tokenizer, peft_config=peft, callbacks=[clock])
trainer.train()
seconds = clock.ends[-1] - clock.ends[0]
print(json.dumps({
    "trainer": f"trl {trl.__version__}" + (" + gradient checkpointing" if checkpointing else ""),
    "rows_per_second": (steps - 1) * batch / seconds,
    "seconds_per_step": seconds / (steps - 1),
    "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    "losses": clock.losses,
    "versions": {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__},
}))
