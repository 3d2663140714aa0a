// defines: Block, Model, Parameter, load_model. The weights of a decoder and what of them trains.
#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/tensor_source.h"
#include "models/spec.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace xright {

// The norms around one half of a block (attention or MLP), see HalfNormNames.
struct HalfNorms {
  std::optional<nn::Norm> input, output, stream;
};

struct Block {
  HalfNorms attention_norms, mlp_norms;
  std::optional<nn::Norm> q_norm, k_norm;  // of each head
  nn::Linear qkv, output, up, down;
};

// One trained tensor.
struct Parameter {
  std::string name;
  at::Tensor value, grad;  // float32
  bool decays;      // weight decay applies (matrices, as in HF's Trainer; not norms and biases)
  at::Tensor copy;  // the weight the model computes with, when `value` is its float32 master
};

struct Model {
  DecoderSpec spec;
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;
  at::Tensor embedding_VD, head_VD;  // the same tensor when tied
  at::Tensor positions_PD;           // learned; undefined without
  std::optional<nn::Linear> project_in, project_out;
  std::optional<nn::Norm> final_norm;
  std::vector<Block> blocks;
  // float32; undefined when frozen; embedding and head are the same tensor when tied.
  at::Tensor dembedding_VD, dhead_VD, dpositions_PD;

  at::TensorOptions options() const { return at::TensorOptions(dtype).device(device); }
  at::TensorOptions float_options() const { return at::TensorOptions(at::kFloat).device(device); }
  std::vector<nn::Linear*> linears();
  int64_t parameter_count() const;
};

// What a model is made of. `table`: embedding, learned positions or head, with its gradient.
struct PartVisitor {
  std::function<void(const std::string& name, at::Tensor& weight, at::Tensor& gradient)> table;
  std::function<void(const std::string& name, nn::Norm& norm)> norm;
  std::function<void(nn::Linear& linear)> linear;
};

// Packs the frozen matrices of the blocks, and their adapters, for products that read them so
// (nn/gemm.h). The adapters are attached before.
void pack_matrices(Model& model);

// Calls the visitor for every part that has weights, in the order of a checkpoint; a tied head is
// the embedding's. An absent function skips its parts.
void visit_parts(Model& model, const PartVisitor& visitor);

// One tensor of the checkpoint: a view into the model, or a copy in the checkpoint's row order that
// is read back afterwards.
using TensorVisitor = std::function<void(const std::string& name, at::Tensor& view)>;

// Calls `visit` for every checkpoint tensor of the model.
void visit_tensors(Model& model, const TensorVisitor& visit);

// A model with memory for its weights and nothing in it.
Model allocate_model(const DecoderSpec& spec, at::ScalarType dtype, at::Device device);

// Allocates and reads every weight. Missing tensors and wrong shapes are WEIGHTS errors; so are
// tensors the model has no place for (except rotary tables, which are computed). Names may lack the
// family's base_prefix.
Model load_model(const DecoderSpec& spec, const TensorFiles& files, at::ScalarType dtype,
                 at::Device device);

}  // namespace xright
