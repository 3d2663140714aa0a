#include "core/step.h"

#include <ATen/ATen.h>

#include <cmath>

#include "nn/head.h"
#include "objectives/objective.h"

namespace xright {
namespace {

struct PartView {
  explicit PartView(const Value& v)
      : name(v.at("objective").string("objective")),
        goal(objective(name)),
        weight(v.at("weight").number("weight")),
        normalizer(v.at("normalizer").number("normalizer")),
        options(v.at("options")),
        batch(v.at("batch")),
        reference(v.find("reference")),
        labels(v.find("labels")) {}
  std::string name;
  const Objective& goal;
  double weight, normalizer;
  const Value& options;
  const Value& batch;
  const Value* reference;
  const Value* labels;
};

// Log-probs of the whole pack on the CPU, summed by sequence in double precision.
struct Scores {
  std::vector<double> logp, correct;

  Scores(const PackedBatch& batch, const nn::HeadResult& head) {
    auto logp_N = head.logp_N.cpu().contiguous(), correct_N = head.correct_N.cpu().contiguous();
    const float* l = logp_N.const_data_ptr<float>();
    const float* c = correct_N.const_data_ptr<float>();
    for (int64_t count : batch.counts) {
      double sum = 0, right = 0;
      for (int64_t i = 0; i < count; ++i) sum += *l++, right += *c++;
      logp.push_back(sum);
      correct.push_back(right);
    }
  }
};

Sequences sequences_of(const PartView& part, size_t index, const PackedBatch& batch,
                       const Scores& scores, size_t first, size_t count) {
  const auto at = [first, count](const auto& v) {
    const auto begin = v.begin() + static_cast<std::ptrdiff_t>(first);
    return std::vector(begin, begin + static_cast<std::ptrdiff_t>(count));
  };
  Sequences s{at(scores.logp), at(batch.counts), at(scores.correct), {}, {}};
  for (size_t i = 0; i < count; ++i)
    if (!std::isfinite(s.logp[i]))
      throw Error(Code::NON_FINITE, "a log-prob is not finite",
                  "lower the learning rate or use model.dtype float32",
                  "part " + std::to_string(index) + " sequence " + std::to_string(i));
  if (count % static_cast<size_t>(part.goal.sequences_per_row()))
    throw Error(Code::INTERNAL, "objective " + part.name + " got an incomplete row");
  if (part.goal.needs_reference()) {
    if (!part.reference)
      throw Error(Code::INTERNAL, "objective " + part.name + " needs reference log-probs");
    s.reference = part.reference->doubles("reference");
    if (s.reference.size() != count)
      throw Error(Code::INTERNAL, "one reference log-prob per sequence expected");
  }
  if (part.labels) s.label = part.labels->doubles("labels");
  return s;
}

Value to_value(const ObjectiveResult& r, double normalizer) {
  Value::Object sums, counts;
  for (const auto& [name, m] : r.metrics) {
    sums.emplace_back(name, m.first);
    counts.emplace_back(name, m.second);
  }
  return Value::Object{
      {"loss", r.loss / normalizer}, {"sums", std::move(sums)}, {"counts", std::move(counts)}};
}

// d loss / d logp of every prediction: its sequence's.
at::Tensor spread(const PackedBatch& batch, const std::vector<double>& by_sequence,
                  at::Device device) {
  std::vector<float> coefficient;
  for (size_t s = 0; s < batch.counts.size(); ++s)
    coefficient.insert(coefficient.end(), static_cast<size_t>(batch.counts[s]),
                       static_cast<float>(by_sequence[s]));
  return at::tensor(coefficient, at::kFloat).to(device);
}

}  // namespace

Value run_parts(Model& model, Decoder& decoder, const Value& parts, bool gradients,
                const nn::Dropout* dropout) {
  std::vector<PartView> views;
  std::vector<const Value*> batches;
  for (const auto& p : parts.array("parts")) views.emplace_back(p);
  for (const auto& v : views) batches.push_back(&v.batch);
  const PackedBatch batch = pack(batches, model.spec.vocab, model.device);
  nn::Dropout keyed;
  if (dropout) keyed = *dropout, keyed.keys_T = batch.keys_T;
  ForwardMode mode{nn::Policy::kCurrent, gradients, dropout ? &keyed : nullptr, nullptr};
  auto h_ND = decoder.forward(batch, mode);
  auto head = nn::head_logprobs(h_ND, model.head_VD, batch.target_N, gradients);
  const Scores scores(batch, head);

  Value::Array results;
  std::vector<double> coefficients;
  size_t first = 0;
  for (size_t i = 0; i < views.size(); ++i) {
    const size_t count = batch.part_sequences[i];
    const auto result = views[i].goal.compute(
        sequences_of(views[i], i, batch, scores, first, count), views[i].options);
    for (double d : result.dlogp) coefficients.push_back(d * views[i].weight / views[i].normalizer);
    results.push_back(to_value(result, views[i].normalizer));
    first += count;
  }
  if (gradients) {
    const auto coefficient_N = spread(batch, coefficients, model.device);
    if (model.dhead_VD.defined())
      nn::head_weight_gradient(h_ND, model.head_VD, batch.target_N, coefficient_N, model.dhead_VD);
    decoder.backward(batch, head.dh_ND.mul_(coefficient_N.unsqueeze(1)).to(model.dtype));
  }
  return results;
}

Value score_batch(Model& model, Decoder& decoder, const Value& value, nn::Policy policy) {
  const PackedBatch batch = pack({&value}, model.spec.vocab, model.device);
  auto h_ND = decoder.forward(batch, {policy, false, nullptr, nullptr});
  Scores scores(batch, nn::head_logprobs(h_ND, model.head_VD, batch.target_N, false));
  Value::Ints counts(batch.counts.begin(), batch.counts.end());
  return Value::Object{{"logps", std::move(scores.logp)}, {"counts", std::move(counts)}};
}

}  // namespace xright
