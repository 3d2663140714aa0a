#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "core/decoder.h"
#include "models/rope_scaling.h"
#include "nn/attention.h"
#include "nn/profile.h"
#include "nn/rope.h"

namespace xright {
namespace {

at::Tensor angle_table(const std::vector<double>& inv_freq, int64_t positions) {
  auto freq_R = at::tensor(inv_freq, at::kDouble);
  return at::outer(at::arange(positions, at::kDouble), freq_R);
}

}  // namespace

int64_t Decoder::Saved::bytes() const {
  int64_t total = 0;
  for (const Buffer* b :
       {&input, &attention_x, &attention_stats, &qkv, &attention, &lse, &mlp_x, &mlp_stats, &up})
    total += b->bytes();
  return total;
}

int64_t Decoder::buffer_bytes() const {
  int64_t total = scratch_.bytes();
  for (const auto& s : saved_) total += s.bytes();
  for (const Buffer* b : {&x_, &y_, &h_, &delta_, &dx_, &dy_, &dh_, &dattention_, &dqkv_, &final_x_,
                          &final_stats_, &final_h_})
    total += b->bytes();
  return total;
}

void Decoder::check_interrupt() const {
  if (interrupted_.load(std::memory_order_relaxed)) throw Error(Code::ABORTED, "interrupted");
}

Decoder::Saved& Decoder::saved_for(size_t layer) {
  if (!mode_.save) return scratch_;
  return checkpointing_ ? scratch_ : saved_[layer];
}

// cos and sin of every token's angles, from a table kept between steps; rows beyond max_positions
// under dynamic scaling get frequencies of their own length.
void Decoder::rotary_tables(const PackedBatch& batch) {
  const RopeSpec& rope = model_.spec.rope;
  if (!rope.rotary_dim) return;
  int64_t longest = 1;
  for (int32_t n : batch.row_lengths) longest = std::max<int64_t>(longest, n);
  if (!cos_table_.defined() || cos_table_.size(0) < longest) {
    auto angles = angle_table(rope.inv_freq, std::max<int64_t>(longest, 512));
    cos_table_ = angles.cos().mul_(rope.attention_factor).to(at::kFloat);
    sin_table_ = angles.sin().mul_(rope.attention_factor).to(at::kFloat);
  }
  auto position_T = at::tensor(batch.positions, at::kInt).to(at::kLong);
  auto cos_TR = cos_table_.index_select(0, position_T),
       sin_TR = sin_table_.index_select(0, position_T);
  if (rope.dynamic && longest > rope.max_positions) {
    for (int64_t t = 0; t < batch.tokens; ++t) {
      const int32_t length = batch.row_lengths[static_cast<size_t>(t)];
      if (length <= rope.max_positions) continue;
      auto angles = at::tensor(rope_frequencies(rope, length), at::kDouble) *
                    batch.positions[static_cast<size_t>(t)];
      cos_TR[t].copy_(angles.cos() * rope.attention_factor);
      sin_TR[t].copy_(angles.sin() * rope.attention_factor);
    }
  }
  cos_TR_ = cos_TR.to(model_.device);
  sin_TR_ = sin_TR.to(model_.device);
}

void Decoder::prepare(const PackedBatch& batch) {
  if (mode_.save && saved_.size() < model_.blocks.size()) saved_.resize(model_.blocks.size());
  rotary_tables(batch);
}

nn::AttnShape Decoder::attention_shape() const {
  const DecoderSpec& s = model_.spec;
  return {s.heads, s.kv_heads, s.head_dim, 1 / std::sqrt(static_cast<double>(s.head_dim))};
}

Decoder::Heads Decoder::split(const at::Tensor& qkv_TE) const {
  const DecoderSpec& s = model_.spec;
  auto heads = qkv_TE.view({qkv_TE.size(0), s.heads + 2 * s.kv_heads, s.head_dim});
  return {heads.narrow(1, 0, s.heads), heads.narrow(1, s.heads, s.kv_heads),
          heads.narrow(1, s.heads + s.kv_heads, s.kv_heads),
          heads.narrow(1, 0, s.heads + s.kv_heads)};
}

void Decoder::cached_attention(size_t layer, const Heads& h, const PackedBatch& batch,
                               KvCache& cache, at::Tensor& o_THd, at::Tensor& lse_HT) {
  cache.k_SGd[layer].narrow(0, cache.length, batch.tokens).copy_(h.k_SGd);
  cache.v_SGd[layer].narrow(0, cache.length, batch.tokens).copy_(h.v_SGd);
  nn::attention_forward(attention_shape(), batch.spans, h.q_THd, cache.k_SGd[layer],
                        cache.v_SGd[layer], o_THd, lse_HT);
}

// x += delta; out = attention(norm(x)).
void Decoder::attention_part(size_t layer, at::Tensor& x_TD, const at::Tensor& delta_TD,
                             const PackedBatch& batch, const ForwardMode& mode,
                             at::Tensor& out_TD) {
  const DecoderSpec& s = model_.spec;
  Block& block = model_.blocks[layer];
  Saved& saved = saved_for(layer);
  const int64_t T = batch.tokens;
  const auto options = model_.options(), floats = model_.float_options();
  auto y_TD = y_.get({T, s.hidden}, options);
  if (mode.save)
    saved.attention_norm = {saved.attention_x.get({T, s.hidden}, options),
                            saved.attention_stats.get({T, 2}, floats)};
  nn::norm_forward(block.attention_norm, x_TD, delta_TD, y_TD,
                   mode.save ? &saved.attention_norm : nullptr);
  if (mode.save && checkpointing_ && !recomputing_) {
    saved_[layer].input_TD = saved_[layer].input.get({T, s.hidden}, floats);
    saved_[layer].input_TD.copy_(x_TD);
  }
  saved.qkv_TE = saved.qkv.get({T, block.qkv.weight_OI.size(0)}, options);
  nn::linear_forward(block.qkv, mode.policy, mode.dropout, y_TD, saved.qkv_TE, saved.s_qkv_TR);
  auto heads = split(saved.qkv_TE);
  if (s.rope.rotary_dim) {
    nn::rope_apply(heads.qk_THd, cos_TR_, sin_TR_, false);
  }
  saved.attention_TP = saved.attention.get({T, s.heads * s.head_dim}, options);
  saved.lse_HT = saved.lse.get({s.heads, T}, floats);
  auto o_THd = saved.attention_TP.view({T, s.heads, s.head_dim});
  if (mode.cache) {
    cached_attention(layer, heads, batch, *mode.cache, o_THd, saved.lse_HT);
  } else {
    nn::attention_forward(attention_shape(), batch.spans, heads.q_THd, heads.k_SGd, heads.v_SGd,
                          o_THd, saved.lse_HT);
  }
  nn::linear_forward(block.output, mode.policy, mode.dropout, saved.attention_TP, out_TD,
                     saved.s_output_TR);
}

// x += delta, then the block adds its attention; returns its MLP's output, to be added by whoever
// norms next.
at::Tensor Decoder::block_forward(size_t layer, at::Tensor& x_TD, const at::Tensor& delta_TD,
                                  const PackedBatch& batch, const ForwardMode& mode) {
  const DecoderSpec& s = model_.spec;
  Block& block = model_.blocks[layer];
  Saved& saved = saved_for(layer);
  const int64_t T = batch.tokens;
  const auto options = model_.options();
  auto out_TD = delta_.get({T, s.hidden}, options);
  attention_part(layer, x_TD, delta_TD, batch, mode, out_TD);
  auto y_TD = y_.get({T, s.hidden}, options);
  if (mode.save)
    saved.mlp_norm = {saved.mlp_x.get({T, s.hidden}, options),
                      saved.mlp_stats.get({T, 2}, model_.float_options())};
  nn::norm_forward(block.mlp_norm, x_TD, out_TD, y_TD, mode.save ? &saved.mlp_norm : nullptr);
  saved.up_TF = saved.up.get({T, block.up.weight_OI.size(0)}, options);
  nn::linear_forward(block.up, mode.policy, mode.dropout, y_TD, saved.up_TF, saved.s_up_TR);
  auto h_TF = h_.get({T, s.ffn}, options);
  nn::activation_forward(s.activation, s.gated, saved.up_TF, h_TF);
  if (recomputing_ && !block.down.lora) return out_TD;  // backward does not need the block's output
  nn::linear_forward(block.down, mode.policy, mode.dropout, h_TF, out_TD, saved.s_down_TR);
  return out_TD;
}

// Only positions that predict something pass the last norm.
at::Tensor Decoder::final_forward(const at::Tensor& x_TD, const at::Tensor& delta_TD,
                                  const PackedBatch& batch, const ForwardMode& mode) {
  const int64_t D = model_.spec.hidden;
  auto source_N =
      mode.cache ? at::full({1}, batch.tokens - 1, batch.source_N.options()) : batch.source_N;
  const int64_t N = source_N.size(0);
  auto x_ND = x_TD.index_select(0, source_N);
  auto delta_ND = delta_TD.index_select(0, source_N);
  auto h_ND = final_h_.get({N, D}, model_.options());
  if (mode.save)
    final_saved_ = {final_x_.get({N, D}, model_.options()),
                    final_stats_.get({N, 2}, model_.float_options())};
  nn::norm_forward(model_.final_norm, x_ND, delta_ND, h_ND, mode.save ? &final_saved_ : nullptr);
  return h_ND;
}

at::Tensor Decoder::forward(const PackedBatch& batch, const ForwardMode& mode) {
  mode_ = mode;
  recomputing_ = false;
  prepare(batch);
  auto x_TD = x_.get({batch.tokens, model_.spec.hidden}, model_.float_options());
  {
    const nn::Timed timed("embedding", "forward");
    x_TD.copy_(model_.embedding_VD.index_select(0, batch.ids_T));
  }
  at::Tensor delta_TD;
  for (size_t layer = 0; layer < model_.blocks.size(); ++layer) {
    check_interrupt();
    delta_TD = block_forward(layer, x_TD, delta_TD, batch, mode);
  }
  return final_forward(x_TD, delta_TD, batch, mode);
}

}  // namespace xright
