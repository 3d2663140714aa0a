// defines: Block, Model, Parameter, load_model. The weights of a decoder and what of them trains.
#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

#include "io/tensor_source.h"
#include "models/spec.h"
#include "nn/linear.h"
#include "nn/norm.h"

namespace xright {

struct Block {
  nn::Norm attention_norm, mlp_norm;
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
  nn::Norm final_norm;
  std::vector<Block> blocks;
  at::Tensor dembedding_VD, dhead_VD;  // float32; undefined when frozen; the same tensor when tied

  at::TensorOptions options() const { return at::TensorOptions(dtype).device(device); }
  at::TensorOptions float_options() const { return at::TensorOptions(at::kFloat).device(device); }
  std::vector<nn::Linear*> linears();
  int64_t parameter_count() const;
};

// One tensor of the checkpoint as a view into the model: name, the view, and whether it is held in
// float32 although the model's dtype is lower (norms).
using TensorVisitor = std::function<void(const std::string& name, at::Tensor& view)>;

// Calls `visit` for every checkpoint tensor of the model, in file order of a Hugging Face model.
void visit_tensors(Model& model, const TensorVisitor& visit);

// Allocates and reads every weight. Missing tensors and wrong shapes are WEIGHTS errors; so are
// tensors the model has no place for (except rotary tables, which are computed).
Model load_model(const DecoderSpec& spec, const TensorFiles& files, at::ScalarType dtype,
                 at::Device device);

}  // namespace xright
