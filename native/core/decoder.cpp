#include "core/decoder.h"

#include <ATen/ATen.h>

namespace xright {

Decoder::Decoder(Model& model, Checkpointing checkpointing, const std::atomic<bool>& interrupted)
    : model_(model), checkpointing_(checkpointing), interrupted_(interrupted) {
  for (const RopeSpec& rope : model.spec.ropes) rotary_.emplace_back(rope);
}

int64_t Decoder::buffer_bytes() const {
  int64_t total = scratch_.bytes() + final_saved_.bytes();
  for (const auto& s : saved_) total += s.bytes();
  for (const Buffer* b :
       {&x_, &scored_x_, &scored_dx_, &scored_attention_, &y_, &h_, &delta_, &mlp_delta_, &branch_,
        &dx_, &dy_, &dh_, &dattention_, &dqkv_, &ds_, &final_h_, &final_out_, &s_project_in_,
        &s_project_out_})
    total += b->bytes();
  return total;
}

void Decoder::check_interrupt() const {
  if (interrupted_.load(std::memory_order_relaxed)) throw Error(Code::ABORTED, "interrupted");
}

Saved& Decoder::saved_for(size_t layer) {
  return mode_.save && checkpointing_ != Checkpointing::kFull ? saved_[layer] : scratch_;
}

Buffer& Decoder::up_buffer(Saved& saved) {
  return checkpointing_ == Checkpointing::kSelective ? scratch_.up : saved.up;
}

size_t Decoder::lowest_trained() const {
  if (model_.dembedding_VD.defined() || model_.dpositions_PD.defined() ||
      (model_.project_in && model_.project_in->trains()))
    return 0;
  const auto trains = [](const Block& block) {
    for (const auto* linear : {&block.qkv, &block.output, &block.up, &block.down})
      if (linear->trains()) return true;
    return false;
  };
  size_t layer = 0;
  while (layer < model_.blocks.size() && !trains(model_.blocks[layer])) ++layer;
  return layer;
}

const nn::Dropout* Decoder::later_dropout(size_t layer) const {
  return mode_.dropout && is_last(layer) ? &scored_dropout_ : mode_.dropout;
}

at::Tensor Decoder::forward(const PackedBatch& batch, const ForwardMode& mode) {
  mode_ = mode;
  recomputing_ = false;
  if (const nn::Dropout* d = mode.dropout)
    scored_dropout_ = {d->probability, d->seed, d->keys_T.index_select(0, batch.scored_U)};
  if (mode.save && saved_.size() < model_.blocks.size()) saved_.resize(model_.blocks.size());
  for (auto& table : rotary_) table.prepare(batch, model_.device);
  auto x_TD = x_.get({batch.tokens, model_.spec.hidden}, model_.float_options());
  embed(batch, x_TD);
  at::Tensor delta_TD;
  for (size_t layer = 0; layer < model_.blocks.size(); ++layer) {
    check_interrupt();
    delta_TD = block_forward(layer, x_TD, delta_TD, batch);
  }
  return finish(batch, x_TD, delta_TD);
}

void Decoder::backward(const PackedBatch& batch, const at::Tensor& dh_NW) {
  const int64_t U = batch.scored_U.size(0);
  auto dx_TD = scored_dx_.get({U, model_.spec.hidden}, model_.float_options()).zero_();
  finish_backward(batch, dh_NW, dx_TD);
  const size_t lowest = lowest_trained();
  for (size_t layer = model_.blocks.size(); layer-- > lowest;) {
    check_interrupt();
    block_backward(layer, dx_TD, batch);
  }
  embed_backward(batch, dx_TD);
}

at::Tensor Decoder::low_rank(Buffer& buffer, const nn::Linear& linear, int64_t rows) const {
  return linear.lora ? buffer.get({rows, linear.low_ranks()}, model_.options()) : at::Tensor();
}

at::Tensor Decoder::later_rows(size_t layer, const at::Tensor& x_TD, const PackedBatch& batch,
                               Buffer& buffer) {
  if (!is_last(layer)) return x_TD;
  auto x_UD = buffer.get({batch.scored_U.size(0), x_TD.size(1)}, x_TD.options());
  at::index_select_out(x_UD, x_TD, 0, batch.scored_U);
  return x_UD;
}

at::Tensor Decoder::all_rows(size_t layer, const at::Tensor& x_UD, const PackedBatch& batch,
                             Buffer& buffer) {
  if (!is_last(layer)) return x_UD;
  auto x_TD = buffer.get({batch.tokens, x_UD.size(1)}, x_UD.options()).zero_();
  return x_TD.index_copy_(0, batch.scored_U, x_UD);
}

// x += delta, then both halves; returns what is still to be added, by whoever norms next. The last
// block leaves x with the scored rows alone.
at::Tensor Decoder::block_forward(size_t layer, at::Tensor& x_TD, const at::Tensor& delta_TD,
                                  const PackedBatch& batch) {
  Block& block = model_.blocks[layer];
  Saved& saved = saved_for(layer);
  const bool parallel = model_.spec.parallel;
  auto y_TD = enter(block.attention_norms, saved.attention_half, x_TD, delta_TD);
  if (mode_.save && checkpointing_ == Checkpointing::kFull && !recomputing_) {
    Saved& kept = saved_[layer];
    kept.input_TD = kept.block_input.get(x_TD.sizes(), model_.float_options());
    kept.input_TD.copy_(x_TD);
  }
  auto attended_TD = attention_forward(layer, y_TD, batch);
  x_TD = later_rows(layer, x_TD, batch, scored_x_);
  attended_TD = leave(block.attention_norms, saved.attention_half, x_TD, attended_TD);
  // Side by side, the MLP reads the block's input too: what attention gave joins the stream later.
  y_TD = enter(block.mlp_norms, saved.mlp_half, x_TD, parallel ? at::Tensor() : attended_TD);
  auto out_TD = (parallel ? mlp_delta_ : delta_).get(x_TD.sizes(), model_.options());
  mlp_forward(layer, y_TD, out_TD);
  if (parallel) x_TD.add_(attended_TD);
  return leave(block.mlp_norms, saved.mlp_half, x_TD, out_TD);
}

void Decoder::block_backward(size_t layer, at::Tensor& dx_TD, const PackedBatch& batch) {
  Block& block = model_.blocks[layer];
  if (checkpointing_ == Checkpointing::kFull) {
    // The same ops on the same numbers give the same bits.
    auto x_TD = x_.get(saved_[layer].input_TD.sizes(), model_.float_options());
    x_TD.copy_(saved_[layer].input_TD);
    recomputing_ = true;
    block_forward(layer, x_TD, at::Tensor(), batch);
    recomputing_ = false;
  }
  if (checkpointing_ == Checkpointing::kSelective) recompute_up(layer);
  Saved& saved = saved_for(layer);
  auto dout_TD = leave_backward(block.mlp_norms, saved.mlp_half, dx_TD);
  mlp_backward(layer, dout_TD, dx_TD);
  // Side by side, both halves were added to the same stream.
  if (!model_.spec.parallel)
    dout_TD = leave_backward(block.attention_norms, saved.attention_half, dx_TD);
  attention_backward(layer, dout_TD, batch, dx_TD);
}

}  // namespace xright
