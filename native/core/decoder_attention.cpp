// The attention half of a block.
#include <ATen/ATen.h>

#include <cmath>

#include "core/decoder.h"
#include "nn/attention.h"
#include "nn/head_norm.h"
#include "nn/rope.h"

namespace xright {

nn::AttnShape Decoder::attention_shape(size_t layer) const {
  const DecoderSpec& s = model_.spec;
  const double scale =
      s.attention_scale != 0 ? s.attention_scale : 1 / std::sqrt(static_cast<double>(s.head_dim));
  return {s.heads, s.kv_heads, s.head_dim, scale, s.layer(layer).window};
}

Decoder::Heads Decoder::split(const at::Tensor& qkv_TE) const {
  const DecoderSpec& s = model_.spec;
  auto heads = qkv_TE.view({qkv_TE.size(0), s.heads + 2 * s.kv_heads, s.head_dim});
  return {heads.narrow(1, 0, s.heads), heads.narrow(1, s.heads, s.kv_heads),
          heads.narrow(1, s.heads + s.kv_heads, s.kv_heads),
          heads.narrow(1, 0, s.heads + s.kv_heads)};
}

void Decoder::rotate(size_t layer, const Heads& heads, bool inverse) {
  if (rotary_.empty()) return;
  const RotaryTable& table = rotary_[model_.spec.layer(layer).rope];
  nn::rope_apply(heads.qk_THd, table.cos_TR, table.sin_TR, inverse);
}

void Decoder::attend(size_t layer, const Heads& heads, const PackedBatch& batch, at::Tensor& o_THd,
                     at::Tensor& lse_HT) {
  const nn::AttnShape shape = attention_shape(layer);
  if (!mode_.cache)
    return nn::attention_forward(shape, batch.spans, heads.q_THd, heads.k_SGd, heads.v_SGd, o_THd,
                                 lse_HT);
  KvCache& cache = *mode_.cache;
  cache.k_SGd[layer].narrow(0, cache.length, batch.tokens).copy_(heads.k_SGd);
  cache.v_SGd[layer].narrow(0, cache.length, batch.tokens).copy_(heads.v_SGd);
  nn::attention_forward(shape, batch.spans, heads.q_THd, cache.k_SGd[layer], cache.v_SGd[layer],
                        o_THd, lse_HT);
}

at::Tensor Decoder::attention_forward(size_t layer, const at::Tensor& y_TD,
                                      const PackedBatch& batch) {
  const DecoderSpec& s = model_.spec;
  Block& block = model_.blocks[layer];
  Saved& saved = saved_for(layer);
  const int64_t T = y_TD.size(0);
  const auto options = model_.options();
  saved.qkv_TE = saved.qkv.get({T, block.qkv.weight_OI.size(0)}, options);
  saved.s_qkv_TR = low_rank(saved.s_qkv, block.qkv, T);
  nn::linear_forward(block.qkv, mode_.policy, mode_.dropout, y_TD, saved.qkv_TE, saved.s_qkv_TR);
  auto heads = split(saved.qkv_TE);
  const auto room = [&](SavedNorm& norm, int64_t n) {
    return mode_.save ? norm.take(T * n, s.head_dim, options) : nullptr;
  };
  if (block.q_norm) nn::head_norm_forward(*block.q_norm, heads.q_THd, room(saved.q_norm, s.heads));
  if (block.k_norm)
    nn::head_norm_forward(*block.k_norm, heads.k_SGd, room(saved.k_norm, s.kv_heads));
  rotate(layer, heads, false);
  saved.attention_TP = saved.attention.get({T, s.heads * s.head_dim}, options);
  saved.lse_HT = saved.lse.get({s.heads, T}, model_.float_options());
  auto o_THd = saved.attention_TP.view({T, s.heads, s.head_dim});
  attend(layer, heads, batch, o_THd, saved.lse_HT);
  saved.attended_TP = later_rows(layer, saved.attention_TP, batch, scored_attention_);
  auto out_TD = delta_.get({saved.attended_TP.size(0), s.hidden}, options);
  saved.s_output_TR = low_rank(saved.s_output, block.output, out_TD.size(0));
  nn::linear_forward(block.output, mode_.policy, later_dropout(layer), saved.attended_TP, out_TD,
                     saved.s_output_TR);
  return out_TD;
}

void Decoder::attention_backward(size_t layer, const at::Tensor& dout_TD, const PackedBatch& batch,
                                 at::Tensor& dx_TD) {
  const DecoderSpec& s = model_.spec;
  Block& block = model_.blocks[layer];
  Saved& saved = saved_for(layer);
  const int64_t T = batch.tokens;
  const auto options = model_.options();
  auto do_TP = dattention_.get(saved.attended_TP.sizes(), options);
  auto ds_TR = low_rank(ds_, block.output, do_TP.size(0));
  nn::linear_backward_input(block.output, later_dropout(layer), dout_TD, do_TP, ds_TR);
  nn::linear_backward_weights(block.output, later_dropout(layer), saved.attended_TP,
                              saved.s_output_TR, dout_TD, ds_TR);
  do_TP = all_rows(layer, do_TP, batch, scored_attention_);
  dx_TD = all_rows(layer, dx_TD, batch, dx_);
  auto dqkv_TE = dqkv_.get(saved.qkv_TE.sizes(), options);
  auto heads = split(saved.qkv_TE), grads = split(dqkv_TE);
  nn::attention_backward(attention_shape(layer), batch.spans, do_TP.view({T, s.heads, s.head_dim}),
                         heads.q_THd, heads.k_SGd, heads.v_SGd,
                         saved.attention_TP.view({T, s.heads, s.head_dim}), saved.lse_HT,
                         grads.q_THd, grads.k_SGd, grads.v_SGd);
  rotate(layer, grads, true);
  if (block.q_norm) nn::head_norm_backward(*block.q_norm, saved.q_norm.views, grads.q_THd);
  if (block.k_norm) nn::head_norm_backward(*block.k_norm, saved.k_norm.views, grads.k_SGd);
  auto dy_TD = dy_.get({T, s.hidden}, options);
  ds_TR = low_rank(ds_, block.qkv, T);
  nn::linear_backward_input(block.qkv, mode_.dropout, dqkv_TE, dy_TD, ds_TR);
  const auto y_TD =
      enter_backward(block.attention_norms, saved.attention_half, dy_TD, dx_TD, block.qkv.trains());
  nn::linear_backward_weights(block.qkv, mode_.dropout, y_TD, saved.s_qkv_TR, dqkv_TE, ds_TR);
}

}  // namespace xright
