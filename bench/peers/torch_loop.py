"""A plain PyTorch loop over the same rows, written as one would by hand: rows packed end to end, a pair's prompt computed
once, the head on scored positions only, autograd for the rest. Attention is SDPA with a mask of the packed segments."""

from common import Clock, job, load_model, lora, read_rows

import torch
import transformers
from peft import get_peft_model
from torch.nn.functional import log_softmax, logsigmoid

model, tokenizer = load_model(attn_implementation="sdpa")
base = model
adapter = lora()
if adapter is not None:
    model = get_peft_model(model, adapter)
decoder, head = getattr(base, base.base_model_prefix), base.get_output_embeddings()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=5e-5, weight_decay=0.0)


def encode(text, end):
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids + [tokenizer.eos_token_id] if end else ids


def pack(rows):
    """ids, positions, mask (True = may see), source positions of scored tokens, those tokens, and their sequence."""
    ids, positions, segments, sources, targets, owners = [], [], [], [], [], []
    sequence = 0
    for row in rows:
        prompt = encode(row["prompt"], False)
        first = len(ids)
        segments.append((first, len(prompt), None))
        ids += prompt
        positions += range(len(prompt))
        for key in ("chosen", "rejected", "completion"):
            if key not in row:
                continue
            response, start = encode(row[key], True), len(ids)
            segments.append((start, len(response), (first, len(prompt))))
            ids += response
            positions += range(len(prompt), len(prompt) + len(response))
            sources += [first + len(prompt) - 1, *range(start, start + len(response) - 1)]
            targets += response
            owners += [sequence] * len(response)
            sequence += 1
    mask = torch.zeros(len(ids), len(ids), dtype=torch.bool)
    for start, length, prefix in segments:
        mask[start:start + length, start:start + length] = torch.ones(length, length, dtype=torch.bool).tril()
        if prefix is not None:
            mask[start:start + length, prefix[0]:prefix[0] + prefix[1]] = True
    as_row = lambda values: torch.tensor([values])
    return as_row(ids), as_row(positions), mask[None, None], torch.tensor(sources), torch.tensor(targets), torch.tensor(owners)


def token_logps(packed):
    ids, positions, mask, sources, targets, _ = packed
    hidden = decoder(input_ids=ids, position_ids=positions, attention_mask=mask, use_cache=False).last_hidden_state
    logits = head(hidden[0, sources]).float()
    return log_softmax(logits, -1).gather(1, targets[:, None])[:, 0]


def sequence_logps(packed):
    logps, owners = token_logps(packed), packed[5]
    return torch.zeros(int(owners.max()) + 1).index_add(0, owners, logps)


def loss_of(packed):
    if job["objective"] == "sft":
        return -token_logps(packed).mean()
    with torch.no_grad(), model.disable_adapter():
        reference = sequence_logps(packed)
    margins = (sequence_logps(packed) - reference).view(-1, 2)
    return -logsigmoid(0.1 * (margins[:, 0] - margins[:, 1])).mean()


rows, batch, clock = read_rows(), job["batch"], Clock()
model.train()
for step in range(job["steps"] + 1):
    loss = loss_of(pack(rows[step * batch:(step + 1) * batch]))
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    clock.losses.append(loss.item())
    clock.step_done()
clock.answer(batch, {"torch": torch.__version__, "transformers": transformers.__version__})
