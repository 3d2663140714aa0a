// defines: Decoder. Forward and backward of the whole network, composed by hand from op pairs: no
// autograd graph, an explicit list of what each block saves, buffers kept between steps.
//
// A block has two halves, attention and MLP. Each enters from the residual stream x (through its
// input norm), and leaves to it (through its output and stream norms); which norms there are, and
// whether the halves follow each other or work side by side, is the spec's.
//
// Behind the attention of the last block only positions go on that predict something.
//
// Shape letters: T packed tokens, U scored positions, D hidden, W embedding width, E fused q|k|v
// width, P heads * head_dim, F feed-forward, N scored predictions, V vocabulary, H heads, R rotary
// frequencies.
#pragma once
#include <ATen/core/Tensor.h>

#include <atomic>
#include <vector>

#include "core/batch.h"
#include "core/buffer.h"
#include "core/model.h"
#include "core/rotary.h"
#include "core/saved.h"

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

// What a block keeps for its backward: everything; all but the MLP's pre-activations, which one
// product recomputes; or its input alone, and the whole block runs again.
enum class Checkpointing { kOff, kSelective, kFull };

class Decoder {
 public:
  // `interrupted` is polled once a layer; when set the call ends with ABORTED.
  Decoder(Model& model, Checkpointing checkpointing, const std::atomic<bool>& interrupted);

  // Final hidden states h_NW (model dtype) of the scored predictions; with a cache, of the last
  // token only.
  at::Tensor forward(const PackedBatch& batch, const ForwardMode& mode);

  // Gradients of everything that trains, from dh_NW (model dtype) of the last forward with
  // mode.save.
  void backward(const PackedBatch& batch, const at::Tensor& dh_NW);

  int64_t buffer_bytes() const;

 private:
  struct Heads {
    at::Tensor q_THd, k_SGd, v_SGd;
    at::Tensor qk_THd;  // q and k side by side, rotated together
  };

  void check_interrupt() const;
  bool is_last(size_t layer) const { return layer + 1 == model_.blocks.size(); }
  // First block whose backward is needed: one that trains, or 0 when something below does.
  size_t lowest_trained() const;
  // Masks of what comes behind a block's attention.
  const nn::Dropout* later_dropout(size_t layer) const;
  Saved& saved_for(size_t layer);
  Buffer& up_buffer(Saved& saved);

  // The ends of the network: tokens to residual stream, residual stream to what the head reads.
  void embed(const PackedBatch& batch, at::Tensor& x_TD);
  void embed_backward(const PackedBatch& batch, const at::Tensor& dx_TD);
  at::Tensor finish(const PackedBatch& batch, const at::Tensor& x_UD, const at::Tensor& delta_UD);
  void finish_backward(const PackedBatch& batch, const at::Tensor& dh_NW, at::Tensor& dx_UD);

  // The rows of the stream that go on behind a block's attention, and back.
  at::Tensor later_rows(size_t layer, const at::Tensor& x_TD, const PackedBatch& batch,
                        Buffer& buffer);
  at::Tensor all_rows(size_t layer, const at::Tensor& x_UD, const PackedBatch& batch,
                      Buffer& buffer);

  // Between the residual stream and a half of a block.
  at::Tensor enter(const HalfNorms& norms, SavedHalf& saved, at::Tensor& x_TD,
                   const at::Tensor& delta_TD);
  at::Tensor leave(const HalfNorms& norms, SavedHalf& saved, at::Tensor& x_TD, at::Tensor out_TD);
  at::Tensor enter_backward(HalfNorms& norms, SavedHalf& saved, const at::Tensor& dy_TD,
                            at::Tensor& dx_TD, bool needs_y);
  at::Tensor leave_backward(HalfNorms& norms, SavedHalf& saved, at::Tensor& dx_TD);

  // Room for what the matrix's adapter makes of `rows` inputs; undefined without adapter.
  at::Tensor low_rank(Buffer& buffer, const nn::Linear& linear, int64_t rows) const;

  nn::AttnShape attention_shape(size_t layer) const;
  Heads split(const at::Tensor& qkv_TE) const;
  void rotate(size_t layer, const Heads& heads, bool inverse);
  at::Tensor attention_forward(size_t layer, const at::Tensor& y_TD, const PackedBatch& batch);
  void attend(size_t layer, const Heads& heads, const PackedBatch& batch, at::Tensor& o_THd,
              at::Tensor& lse_HT);
  void attention_backward(size_t layer, const at::Tensor& dout_TD, const PackedBatch& batch,
                          at::Tensor& dx_TD);
  void mlp_forward(size_t layer, const at::Tensor& y_TD, at::Tensor& out_TD);
  void mlp_up(size_t layer, const at::Tensor& y_TD, const nn::FusedActivation* then);
  void recompute_up(size_t layer);
  void mlp_backward(size_t layer, const at::Tensor& dout_TD, at::Tensor& dx_TD);
  at::Tensor block_forward(size_t layer, at::Tensor& x_TD, const at::Tensor& delta_TD,
                           const PackedBatch& batch);
  void block_backward(size_t layer, at::Tensor& dx_TD, const PackedBatch& batch);

  Model& model_;
  const Checkpointing checkpointing_;
  const std::atomic<bool>& interrupted_;
  std::vector<RotaryTable> rotary_;  // one for each of the spec's ropes
  std::vector<Saved> saved_;
  Saved scratch_;               // of forwards that save nothing and of what is recomputed
  ForwardMode mode_;            // of the last forward
  nn::Dropout scored_dropout_;  // its masks of the scored positions
  bool recomputing_ = false;    // a checkpointed block is being run again
  SavedNorm final_saved_;
  at::Tensor s_project_in_TR_, s_project_out_NR_, final_h_ND_;
  Buffer x_, scored_x_, scored_dx_, scored_attention_, y_, h_, delta_, mlp_delta_, branch_, dx_,
      dy_, dh_, dattention_, dqkv_, ds_, final_h_, final_out_, s_project_in_, s_project_out_;
};

}  // namespace xright
