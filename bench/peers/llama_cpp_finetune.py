"""llama.cpp's fine-tuner (llama_opt_epoch, as its example examples/training/finetune.cpp calls it) on the same rows, through
the library in llama-cpp-python. It trains every weight in float32 on windows of running text: no masked prompts, no packing
of rows. A row is as many tokens of a window as the rows have on average. Llama models with tied embeddings only."""

import ctypes
import itertools
import os
import tempfile

from common import Clock, job, load_model, read_rows

import gguf
import llama_cpp
import numpy as np
from llama_cpp import llama_cpp as lib

WINDOW = 512  # tokens of a training window: about a batch of 4 rows
I32 = 26  # GGML_TYPE_I32
ADAMW = 0  # GGML_OPT_OPTIMIZER_TYPE_ADAMW


class OptParams(ctypes.Structure):
    """llama_opt_params of llama.h; the binding's own lacks the last field."""

    _fields_ = [
        ("n_ctx_train", ctypes.c_uint32), ("param_filter", ctypes.c_void_p), ("param_filter_ud", ctypes.c_void_p),
        ("get_opt_pars", ctypes.c_void_p), ("get_opt_pars_ud", ctypes.c_void_p), ("optimizer_type", ctypes.c_int),
    ]


def write_gguf(path, model):
    """The model as a float32 GGUF file, without a tokenizer."""
    c = model.config
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(c.hidden_size)
    writer.add_block_count(c.num_hidden_layers)
    writer.add_feed_forward_length(c.intermediate_size)
    writer.add_head_count(c.num_attention_heads)
    writer.add_head_count_kv(c.num_key_value_heads)
    writer.add_layer_norm_rms_eps(c.rms_norm_eps)
    writer.add_rope_freq_base((c.rope_parameters or {}).get("rope_theta", 10000.0))
    writer.add_vocab_size(c.vocab_size)
    writer.add_tokenizer_model("no_vocab")
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, c.num_hidden_layers)
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight":
            continue
        values = tensor.float().numpy()
        for kind, heads in (("q_proj", c.num_attention_heads), ("k_proj", c.num_key_value_heads)):
            if kind in name:  # llama.cpp pairs neighbouring dimensions in rotary
                values = values.reshape(heads, 2, -1, values.shape[1]).swapaxes(1, 2).reshape(values.shape)
        writer.add_tensor(names.get_name(name, try_suffixes=(".weight",)), np.ascontiguousarray(values))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def row_tokens(tokenizer):
    for row in read_rows():
        text = tokenizer(row["prompt"] + row["completion"], add_special_tokens=False)["input_ids"]
        yield text + [tokenizer.eos_token_id]


def dataset_of(ids, windows):
    """Windows of ids with the next ids as labels, in ggml's own memory."""
    size = [ctypes.c_int64(value) for value in (WINDOW, WINDOW, windows, 1)]
    dataset = ctypes.c_void_p(ggml.ggml_opt_dataset_init(I32, I32, *size))
    for shift, part in ((0, ggml.ggml_opt_dataset_data), (1, ggml.ggml_opt_dataset_labels)):
        values = np.ascontiguousarray(ids[shift:shift + windows * WINDOW], dtype=np.int32)
        memory = ggml.ggml_get_data(ctypes.c_void_p(part(dataset)))
        ctypes.memmove(memory, values.ctypes.data, values.nbytes)
    return dataset


model, tokenizer = load_model()
rows = list(row_tokens(tokenizer))
tokens_per_row = sum(map(len, rows)) / len(rows)
windows = job["steps"] + 1
ids = list(itertools.islice(itertools.cycle(itertools.chain(*rows)), windows * WINDOW + 1))
path = os.path.join(tempfile.mkdtemp(), "model.gguf")
write_gguf(path, model)
del model

lib.llama_backend_init()
silence = lib.llama_log_callback(lambda level, text, data: None)
lib.llama_log_set(silence, None)
ggml = ctypes.CDLL(os.path.join(os.path.dirname(llama_cpp.__file__), "lib", "libggml-base.so"))
for name in ("ggml_opt_dataset_init", "ggml_opt_dataset_data", "ggml_opt_dataset_labels", "ggml_get_data",
             "ggml_opt_result_init"):
    getattr(ggml, name).restype = ctypes.c_void_p
model_params = lib.llama_model_default_params()
model_params.load_mode = lib.LLAMA_LOAD_MODE_NONE  # weights in memory that may be written
llama = lib.llama_model_load_from_file(path.encode(), model_params)
os.unlink(path)
context_params = lib.llama_context_default_params()
context_params.n_ctx = context_params.n_batch = context_params.n_ubatch = WINDOW
context_params.n_threads = context_params.n_threads_batch = job["threads"]
context_params.type_k = context_params.type_v = 0  # float32, as training needs
context_params.flash_attn_type = 0
context = lib.llama_init_from_model(llama, context_params)
address = lambda library, name: ctypes.cast(getattr(library, name), ctypes.c_void_p)
llama_library = ctypes.CDLL(os.path.join(os.path.dirname(llama_cpp.__file__), "lib", "libllama.so"))
llama_library.llama_opt_init.argtypes = [ctypes.c_void_p, ctypes.c_void_p, OptParams]
llama_library.llama_opt_init(context, llama, OptParams(
    0, address(llama_library, "llama_opt_param_filter_all"), None,
    address(ggml, "ggml_opt_get_default_optimizer_params"), None, ADAMW,
))

clock = Clock()
on_batch = ctypes.CFUNCTYPE(None, ctypes.c_bool, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 3)
callback = on_batch(lambda *arguments: clock.step_done())
result = ctypes.c_void_p(ggml.ggml_opt_result_init())
lib.llama_opt_epoch(context, dataset_of(ids, windows), result, None, windows, ctypes.cast(callback, ctypes.c_void_p), None)
loss = ctypes.c_double()
ggml.ggml_opt_result_loss(result, ctypes.byref(loss), None)
clock.losses.append(loss.value)
notes = ["trains every weight in float32 on windows of 512 tokens, prompts included"]
clock.answer(WINDOW / tokens_per_row, {"llama-cpp-python": llama_cpp.__version__}, notes)
