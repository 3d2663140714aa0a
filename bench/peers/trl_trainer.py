"""One TRL run on given rows, in their order. settings.fast: every setting that may make it faster, else its defaults."""

import tempfile

from common import Clock, job, load_model, lora, read_rows

import trl
import torch
import transformers
from datasets import Dataset

fast = job["settings"]["fast"]


def trainer_classes():
    if job["objective"] == "dpo":
        return trl.DPOTrainer, trl.DPOConfig
    if job["objective"] == "orpo":
        from trl.experimental.orpo import ORPOConfig, ORPOTrainer

        return ORPOTrainer, ORPOConfig
    return trl.SFTTrainer, trl.SFTConfig


def fast_settings():
    """Faster settings by objective. Those tried and refused are in bench/README.md."""
    settings = {"gradient_checkpointing": False, "bf16": True}
    if job["objective"] == "dpo":
        settings["precompute_ref_log_probs"] = True
    if job["objective"] == "sft":
        settings["padding_free"] = True
        settings["max_length"] = None
    return settings


class Callback(transformers.TrainerCallback):
    def __init__(self, clock):
        self.clock = clock

    def on_step_end(self, args, state, control, **kwargs):
        self.clock.step_done()

    def on_log(self, args, state, control, logs=None, **kwargs):
        if logs and "loss" in logs:
            self.clock.losses.append(float(logs["loss"]))


clock = Clock()
trainer_class, config_class = trainer_classes()
model, tokenizer = load_model(**({"attn_implementation": "sdpa"} if fast else {}))
config = config_class(
    output_dir=tempfile.mkdtemp(), per_device_train_batch_size=job["batch"], max_steps=job["steps"] + 1,
    learning_rate=5e-5, lr_scheduler_type="constant", logging_steps=1, save_strategy="no", report_to="none",
    use_cpu=True, disable_tqdm=True, train_sampling_strategy="sequential", **(fast_settings() if fast else {}),
)
trainer = trainer_class(
    model, args=config, train_dataset=Dataset.from_list(read_rows()), processing_class=tokenizer, peft_config=lora(),
    callbacks=[Callback(clock)],
)
trainer.train()
versions = {"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__}
clock.answer(job["batch"], versions)
