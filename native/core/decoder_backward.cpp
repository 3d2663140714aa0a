#include <ATen/ATen.h>

#include "core/decoder.h"
#include "nn/attention.h"
#include "nn/profile.h"
#include "nn/rope.h"

namespace xright {

namespace {

// The residual stream's gradient dx is float32; products take it rounded to the model's dtype.
void round_gradient(const at::Tensor& dx_TD, at::Tensor& dout_TD) {
  const nn::Timed timed("residual copy", "backward");
  dout_TD.copy_(dx_TD);
}

}  // namespace

void Decoder::mlp_backward(Block& block, Saved& saved, at::Tensor& dx_TD) {
  const DecoderSpec& s = model_.spec;
  const int64_t T = dx_TD.size(0);
  const auto options = model_.options();
  auto dout_TD = delta_.get({T, s.hidden}, options);
  round_gradient(dx_TD, dout_TD);
  auto dh_TF = dh_.get({T, s.ffn}, options), h_TF = h_.get({T, s.ffn}, options);
  auto dy_TD = dy_.get({T, s.hidden}, options), y_TD = y_.get({T, s.hidden}, options);
  at::Tensor ds_TR;
  nn::linear_backward_input(block.down, mode_.dropout, dout_TD, dh_TF, ds_TR);
  nn::activation_backward(s.activation, s.gated, saved.up_TF, dh_TF, saved.up_TF,
                          block.down.trains() ? &h_TF : nullptr);
  nn::linear_backward_weights(block.down, mode_.dropout, h_TF, saved.s_down_TR, dout_TD, ds_TR);
  const auto& dup_TF = saved.up_TF;  // overwritten in place
  nn::linear_backward_input(block.up, mode_.dropout, dup_TF, dy_TD, ds_TR);
  nn::norm_backward(block.mlp_norm, saved.mlp_norm, dy_TD, dx_TD,
                    block.up.trains() ? &y_TD : nullptr);
  nn::linear_backward_weights(block.up, mode_.dropout, y_TD, saved.s_up_TR, dup_TF, ds_TR);
}

void Decoder::attention_backward(Block& block, Saved& saved, at::Tensor& dx_TD,
                                 const PackedBatch& batch) {
  const DecoderSpec& s = model_.spec;
  const int64_t T = dx_TD.size(0);
  const auto options = model_.options();
  auto dout_TD = delta_.get({T, s.hidden}, options);
  round_gradient(dx_TD, dout_TD);
  auto do_TP = dattention_.get({T, s.heads * s.head_dim}, options);
  at::Tensor ds_TR;
  nn::linear_backward_input(block.output, mode_.dropout, dout_TD, do_TP, ds_TR);
  nn::linear_backward_weights(block.output, mode_.dropout, saved.attention_TP, saved.s_output_TR,
                              dout_TD, ds_TR);
  auto dqkv_TE = dqkv_.get(saved.qkv_TE.sizes(), options);
  auto heads = split(saved.qkv_TE), grads = split(dqkv_TE);
  nn::attention_backward(attention_shape(), batch.spans, do_TP.view({T, s.heads, s.head_dim}),
                         heads.q_THd, heads.k_SGd, heads.v_SGd,
                         saved.attention_TP.view({T, s.heads, s.head_dim}), saved.lse_HT,
                         grads.q_THd, grads.k_SGd, grads.v_SGd);
  if (s.rope.rotary_dim) {
    nn::rope_apply(grads.qk_THd, cos_TR_, sin_TR_, true);
  }
  auto dy_TD = dy_.get({T, s.hidden}, options), y_TD = y_.get({T, s.hidden}, options);
  nn::linear_backward_input(block.qkv, mode_.dropout, dqkv_TE, dy_TD, ds_TR);
  nn::norm_backward(block.attention_norm, saved.attention_norm, dy_TD, dx_TD,
                    block.qkv.trains() ? &y_TD : nullptr);
  nn::linear_backward_weights(block.qkv, mode_.dropout, y_TD, saved.s_qkv_TR, dqkv_TE, ds_TR);
}

void Decoder::block_backward(size_t layer, at::Tensor& dx_TD, const PackedBatch& batch) {
  if (checkpointing_) {
    // Runs the block again from its kept input; the same ops on the same numbers give the same
    // bits.
    auto x_TD = x_.get(dx_TD.sizes(), model_.float_options());
    x_TD.copy_(saved_[layer].input_TD);
    recomputing_ = true;
    block_forward(layer, x_TD, at::Tensor(), batch, mode_);
    recomputing_ = false;
  }
  Saved& saved = saved_for(layer);
  mlp_backward(model_.blocks[layer], saved, dx_TD);
  attention_backward(model_.blocks[layer], saved, dx_TD, batch);
}

void Decoder::backward(const PackedBatch& batch, const at::Tensor& dh_ND) {
  auto dx_TD = dx_.get({batch.tokens, model_.spec.hidden}, model_.float_options());
  dx_TD.zero_();
  auto dx_ND = at::zeros(dh_ND.sizes(), model_.float_options());
  nn::norm_backward(model_.final_norm, final_saved_, dh_ND, dx_ND, nullptr);
  dx_TD.index_add_(0, batch.source_N, dx_ND);
  for (size_t layer = model_.blocks.size(); layer-- > 0;) {
    check_interrupt();
    block_backward(layer, dx_TD, batch);
  }
  if (model_.dembedding_VD.defined()) model_.dembedding_VD.index_add_(0, batch.ids_T, dx_TD);
}

}  // namespace xright
