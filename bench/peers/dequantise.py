"""Writes a GGUF model as a bfloat16 Hugging Face folder, so that a peer trains the same weights. Usage: FILE.gguf DIR"""

import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch  # noqa: E402
from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: E402

folder, name = os.path.split(os.path.abspath(sys.argv[1]))
source = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.bfloat16)
if hasattr(source.config, "quantization_config"):
    del source.config.quantization_config  # the weights are dequantised: transformers refuses to save otherwise
model = AutoModelForCausalLM.from_config(source.config, dtype=torch.bfloat16)
model.load_state_dict(source.state_dict())
model.save_pretrained(sys.argv[2])
AutoTokenizer.from_pretrained(folder, gguf_file=name).save_pretrained(sys.argv[2])
