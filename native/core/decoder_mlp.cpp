// The MLP half of a block.
#include <ATen/ATen.h>

#include "core/decoder.h"

namespace xright {

// Pre-activations of what the MLP reads, and `then` what follows them.
void Decoder::mlp_up(size_t layer, const at::Tensor& y_TD, const nn::FusedActivation* then) {
  const nn::Linear& up = model_.blocks[layer].up;
  Saved& saved = saved_for(layer);
  saved.up_TF = up_buffer(saved).get({y_TD.size(0), up.weight_OI.size(0)}, model_.options());
  saved.s_up_TR = low_rank(saved.s_up, up, y_TD.size(0));
  nn::linear_forward(up, mode_.policy, later_dropout(layer), y_TD, saved.up_TF, saved.s_up_TR,
                     then);
}

void Decoder::mlp_forward(size_t layer, const at::Tensor& y_TD, at::Tensor& out_TD) {
  const DecoderSpec& s = model_.spec;
  const Block& block = model_.blocks[layer];
  Saved& saved = saved_for(layer);
  auto h_TF = h_.get({y_TD.size(0), s.ffn}, model_.options());
  const nn::FusedActivation activation{s.activation, s.gated, h_TF};
  mlp_up(layer, y_TD, &activation);
  // A block run again for its backward ends here, unless a norm or an adapter needs the product.
  const bool read = block.down.lora || block.mlp_norms.output || block.mlp_norms.stream;
  if (recomputing_ && !read) return;
  saved.s_down_TR = low_rank(saved.s_down, block.down, h_TF.size(0));
  nn::linear_forward(block.down, mode_.policy, later_dropout(layer), h_TF, out_TD, saved.s_down_TR);
}

// Selective checkpointing: the pre-activations again, from the kept input of the MLP's norm.
void Decoder::recompute_up(size_t layer) {
  const HalfNorms& norms = model_.blocks[layer].mlp_norms;
  SavedHalf& half = saved_for(layer).mlp_half;
  if (!norms.input) return mlp_up(layer, half.y_TD, nullptr);
  auto x_TD = half.input.views.x_TD.to(at::kFloat);
  auto y_TD = y_.get(x_TD.sizes(), model_.options());
  nn::norm_forward(*norms.input, x_TD, at::Tensor(), y_TD, nullptr);
  mlp_up(layer, y_TD, nullptr);
}

void Decoder::mlp_backward(size_t layer, const at::Tensor& dout_TD, at::Tensor& dx_TD) {
  const DecoderSpec& s = model_.spec;
  Block& block = model_.blocks[layer];
  Saved& saved = saved_for(layer);
  const int64_t T = dx_TD.size(0);
  const auto options = model_.options();
  auto dh_TF = dh_.get({T, s.ffn}, options), h_TF = h_.get({T, s.ffn}, options);
  auto dy_TD = dy_.get({T, s.hidden}, options);
  auto ds_TR = low_rank(ds_, block.down, T);
  nn::linear_backward_input(block.down, later_dropout(layer), dout_TD, dh_TF, ds_TR);
  nn::activation_backward(s.activation, s.gated, saved.up_TF, dh_TF, saved.up_TF,
                          block.down.trains() ? &h_TF : nullptr);
  nn::linear_backward_weights(block.down, later_dropout(layer), h_TF, saved.s_down_TR, dout_TD,
                              ds_TR);
  const auto& dup_TF = saved.up_TF;  // overwritten in place
  ds_TR = low_rank(ds_, block.up, T);
  nn::linear_backward_input(block.up, later_dropout(layer), dup_TF, dy_TD, ds_TR);
  const auto y_TD =
      enter_backward(block.mlp_norms, saved.mlp_half, dy_TD, dx_TD, block.up.trains());
  nn::linear_backward_weights(block.up, later_dropout(layer), y_TD, saved.s_up_TR, dup_TF, ds_TR);
}

}  // namespace xright
