// defines: Decoder. Forward and backward of the whole network, composed by hand from op pairs: no
// autograd graph, an explicit list of what each block saves, buffers kept between steps.
//
// Shape letters: T packed tokens, D hidden, E fused q|k|v width, P heads * head_dim, F
// feed-forward, N scored predictions, V vocabulary, H heads, R rotary frequencies.
#pragma once
#include <ATen/core/Tensor.h>

#include <atomic>
#include <vector>

#include "core/batch.h"
#include "core/buffer.h"
#include "core/model.h"

namespace xright {

// Keys and values of one running sequence, a row per position.
struct KvCache {
  std::vector<at::Tensor> k_SGd, v_SGd;
  int64_t length = 0;
};

struct ForwardMode {
  nn::Policy policy = nn::Policy::kCurrent;
  bool save = false;                     // keep what backward needs
  const nn::Dropout* dropout = nullptr;  // null = off
  KvCache* cache = nullptr;              // append to it and attend to it
};

class Decoder {
 public:
  // `interrupted` is polled once a layer; when set the call ends with ABORTED.
  Decoder(Model& model, bool checkpointing, const std::atomic<bool>& interrupted)
      : model_(model), checkpointing_(checkpointing), interrupted_(interrupted) {}

  // Final hidden states h_ND (model dtype) of the scored predictions; with a cache, of the last
  // token only.
  at::Tensor forward(const PackedBatch& batch, const ForwardMode& mode);

  // Gradients of everything that trains, from dh_ND (model dtype) of the last forward with
  // mode.save.
  void backward(const PackedBatch& batch, const at::Tensor& dh_ND);

  int64_t buffer_bytes() const;

 private:
  // What one block's backward needs. With checkpointing all blocks share one set and only `input`
  // is kept for each.
  struct Saved {
    Buffer input, attention_x, attention_stats, qkv, attention, lse, mlp_x, mlp_stats, up;
    nn::NormSaved attention_norm, mlp_norm;
    at::Tensor input_TD, qkv_TE, attention_TP, lse_HT, up_TF;
    at::Tensor s_qkv_TR, s_output_TR, s_up_TR, s_down_TR;
    int64_t bytes() const;
  };
  struct Heads {
    at::Tensor q_THd, k_SGd, v_SGd;
    at::Tensor qk_THd;  // q and k side by side, rotated together
  };

  void prepare(const PackedBatch& batch);
  void rotary_tables(const PackedBatch& batch);
  void check_interrupt() const;
  Saved& saved_for(size_t layer);
  nn::AttnShape attention_shape() const;
  Heads split(const at::Tensor& qkv_TE) const;
  at::Tensor block_forward(size_t layer, at::Tensor& x_TD, const at::Tensor& delta_TD,
                           const PackedBatch& batch, const ForwardMode& mode);
  void attention_part(size_t layer, at::Tensor& x_TD, const at::Tensor& delta_TD,
                      const PackedBatch& batch, const ForwardMode& mode, at::Tensor& out_TD);
  void cached_attention(size_t layer, const Heads& h, const PackedBatch& batch, KvCache& cache,
                        at::Tensor& o_THd, at::Tensor& lse_HT);
  at::Tensor final_forward(const at::Tensor& x_TD, const at::Tensor& delta_TD,
                           const PackedBatch& batch, const ForwardMode& mode);
  void block_backward(size_t layer, at::Tensor& dx_TD, const PackedBatch& batch);
  void mlp_backward(Block& block, Saved& saved, at::Tensor& dx_TD);
  void attention_backward(Block& block, Saved& saved, at::Tensor& dx_TD, const PackedBatch& batch);

  Model& model_;
  const bool checkpointing_;
  const std::atomic<bool>& interrupted_;
  std::vector<Saved> saved_;
  Saved scratch_;                     // for forwards that save nothing
  ForwardMode mode_;                  // of the forward to go back through
  bool recomputing_ = false;          // a checkpointed block is being run again
  at::Tensor cos_table_, sin_table_;  // float32 [positions, R], grown on demand
  at::Tensor cos_TR_, sin_TR_;
  nn::NormSaved final_saved_;
  Buffer x_, y_, h_, delta_, dx_, dy_, dh_, dattention_, dqkv_, final_x_, final_stats_, final_h_;
};

}  // namespace xright
