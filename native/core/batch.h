// defines: PackedBatch. Rows end to end with their segments, turned into what the decoder works
// with.
#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "core/value.h"
#include "nn/attention.h"

namespace xright {

struct PackedBatch {
  int64_t tokens = 0;
  at::Tensor ids_T;                // int64 on the device
  std::vector<int32_t> positions;  // position of each token in its row
  std::vector<int32_t>
      row_lengths;  // longest sequence (prefix + segment) of each token's row, for dynamic RoPE
  std::vector<nn::AttnSpan> spans;
  at::Tensor keys_T;  // int64 on the device: position of each token in the optimiser step
  // Scored next-token predictions of all sequences, in order: from hidden state `source`, predict
  // `target`.
  at::Tensor scored_U;          // int64 on the device: the different source positions, ascending
  at::Tensor source_N;          // int64 on the device: the source's place in scored_U
  at::Tensor target_N;          // int32 on the device
  std::vector<int64_t> counts;  // predictions of each sequence
  std::vector<size_t> part_sequences;  // sequences of each batch that was packed in
};

// Joins the batches (objects {ids, segments} of lib/native/binding.ts) into one. A malformed table
// or an id outside the vocabulary is INTERNAL, because TypeScript builds them.
PackedBatch pack(const std::vector<const Value*>& batches, int64_t vocab, at::Device device);

// The next `ids` of one running sequence whose first `start` tokens are in the key-value cache;
// only the last is scored.
PackedBatch continuation(const std::vector<int32_t>& ids, int64_t start, int64_t vocab,
                         at::Device device);

}  // namespace xright
