// The ends of the network: token ids to the residual stream, and the stream to what the head reads.
#include <ATen/ATen.h>

#include "core/decoder.h"
#include "nn/profile.h"

namespace xright {
namespace {

// Rows of the learned position table; a row longer than the table is the caller's mistake.
at::Tensor position_rows(const PackedBatch& batch, const DecoderSpec& s, at::Device device) {
  for (int32_t position : batch.positions)
    if (position >= s.max_positions)
      throw Error(Code::CONFIG,
                  "a row has more than the " + std::to_string(s.max_positions) +
                      " tokens this model has learned positions for",
                  "set data.maxLength to at most " + std::to_string(s.max_positions));
  return at::tensor(batch.positions, at::kInt).to(at::kLong).add_(s.position_offset).to(device);
}

// As Hugging Face multiplies: the factor in the embedding's dtype.
double embedding_scale(const Model& model) {
  return at::scalar_tensor(model.spec.embedding_scale, at::kDouble).to(model.dtype).item<double>();
}

// Masks of the predictions, from those of the positions they start from.
nn::Dropout prediction_dropout(const nn::Dropout& scored, const PackedBatch& batch) {
  return {scored.probability, scored.seed, scored.keys_T.index_select(0, batch.source_N)};
}

}  // namespace

void Decoder::embed(const PackedBatch& batch, at::Tensor& x_TD) {
  const nn::Timed timed("embedding", "forward");
  const DecoderSpec& s = model_.spec;
  auto e_TW = model_.embedding_VD.index_select(0, batch.ids_T);
  if (model_.project_in) {
    auto projected_TD = delta_.get(x_TD.sizes(), model_.options());
    s_project_in_TR_ = low_rank(s_project_in_, *model_.project_in, x_TD.size(0));
    nn::linear_forward(*model_.project_in, mode_.policy, mode_.dropout, e_TW, projected_TD,
                       s_project_in_TR_);
    x_TD.copy_(projected_TD);
  } else {
    x_TD.copy_(e_TW);
  }
  if (s.embedding_scale != 1) x_TD.mul_(embedding_scale(model_));
  if (model_.positions_PD.defined())
    x_TD.add_(model_.positions_PD.index_select(0, position_rows(batch, s, model_.device)));
}

void Decoder::embed_backward(const PackedBatch& batch, const at::Tensor& dx_TD) {
  const DecoderSpec& s = model_.spec;
  if (model_.dpositions_PD.defined())
    model_.dpositions_PD.index_add_(0, position_rows(batch, s, model_.device), dx_TD);
  const bool embedding_trains = model_.dembedding_VD.defined();
  const double scale = s.embedding_scale != 1 ? embedding_scale(model_) : 1;
  if (!model_.project_in) {
    if (embedding_trains) model_.dembedding_VD.index_add_(0, batch.ids_T, dx_TD, scale);
    return;
  }
  nn::Linear& project = *model_.project_in;
  if (!project.trains() && !embedding_trains) return;
  const auto options = model_.options();
  auto dout_TD = delta_.get(dx_TD.sizes(), options);
  dout_TD.copy_(dx_TD).mul_(scale);
  auto e_TW = model_.embedding_VD.index_select(0, batch.ids_T);
  auto de_TW = at::empty(e_TW.sizes(), options);
  auto ds_TR = low_rank(ds_, project, e_TW.size(0));
  nn::linear_backward_input(project, mode_.dropout, dout_TD, de_TW, ds_TR);
  nn::linear_backward_weights(project, mode_.dropout, e_TW, s_project_in_TR_, dout_TD, ds_TR);
  if (embedding_trains) model_.dembedding_VD.index_add_(0, batch.ids_T, de_TW.to(at::kFloat));
}

// From scored positions to predictions: two may start from the same one.
at::Tensor Decoder::finish(const PackedBatch& batch, const at::Tensor& x_UD,
                           const at::Tensor& delta_UD) {
  const int64_t D = model_.spec.hidden, N = batch.source_N.size(0);
  const auto options = model_.options();
  auto x_ND = x_UD.index_select(0, batch.source_N);
  at::Tensor delta_ND;
  if (delta_UD.defined()) delta_ND = delta_UD.index_select(0, batch.source_N);
  final_h_ND_ = final_h_.get({N, D}, options);
  if (model_.final_norm) {
    nn::norm_forward(*model_.final_norm, x_ND, delta_ND, final_h_ND_,
                     mode_.save ? final_saved_.take(N, D, options) : nullptr);
  } else {
    if (delta_ND.defined()) x_ND.add_(delta_ND);
    final_h_ND_.copy_(x_ND);
  }
  if (!model_.project_out) return final_h_ND_;
  auto h_NW = final_out_.get({N, model_.spec.embedding_width()}, options);
  nn::Dropout masks;
  if (mode_.dropout) masks = prediction_dropout(scored_dropout_, batch);
  s_project_out_NR_ = low_rank(s_project_out_, *model_.project_out, N);
  nn::linear_forward(*model_.project_out, mode_.policy, mode_.dropout ? &masks : nullptr,
                     final_h_ND_, h_NW, s_project_out_NR_);
  return h_NW;
}

void Decoder::finish_backward(const PackedBatch& batch, const at::Tensor& dh_NW,
                              at::Tensor& dx_UD) {
  at::Tensor dh_ND = dh_NW;
  if (model_.project_out) {
    nn::Dropout masks;
    if (mode_.dropout) masks = prediction_dropout(scored_dropout_, batch);
    const nn::Dropout* dropout = mode_.dropout ? &masks : nullptr;
    dh_ND = at::empty_like(final_h_ND_);
    auto ds_NR = low_rank(ds_, *model_.project_out, dh_ND.size(0));
    nn::linear_backward_input(*model_.project_out, dropout, dh_NW, dh_ND, ds_NR);
    nn::linear_backward_weights(*model_.project_out, dropout, final_h_ND_, s_project_out_NR_, dh_NW,
                                ds_NR);
  }
  auto dx_ND = at::zeros(dh_ND.sizes(), model_.float_options());
  if (model_.final_norm)
    nn::norm_backward(*model_.final_norm, final_saved_.views, dh_ND, dx_ND, nullptr);
  else
    dx_ND.copy_(dh_ND);
  dx_UD.index_add_(0, batch.source_N, dx_ND);
}

}  // namespace xright
