// defines: PairObjective, the base of every loss over pairs of a chosen and a rejected response.
#pragma once
#include "objectives/objective.h"
#include "objectives/options.h"

namespace xright {

// A pair's loss with its derivatives by the two scores, and metrics beyond those every pair has.
struct PairLoss {
  double loss, d_chosen, d_rejected;
  std::vector<std::pair<const char*, double>> metrics = {};
};

// A loss of the margin z = beta (chosen - rejected), from its value and its derivative by z.
inline PairLoss of_margin(double beta, double loss, double dz) {
  return {loss, beta * dz, -beta * dz};
}

// Turns log-probs into scores and the score's derivatives back into those by log-probs. A score is
// the log-ratio policy / reference of a response (the log-prob where the loss needs no reference),
// divided by its scored tokens when `lengthNormalised`. Rewards are beta times the scores.
class PairObjective : public Objective {
 public:
  using Loss = PairLoss (*)(double chosen, double rejected, const Options& options);
  enum class Reference { kNeeded, kNone };

  // `defaults` must list beta and lengthNormalised, which need not be an option of the user's.
  PairObjective(const char* name, Options defaults, Loss loss,
                Reference reference = Reference::kNeeded)
      : name_(name), defaults_(std::move(defaults)), loss_(loss), reference_(reference) {}

  int64_t sequences_per_row() const override { return 2; }
  bool needs_reference() const override { return reference_ == Reference::kNeeded; }
  ObjectiveResult compute(const Sequences& sequences, const Value& options) const override;

 private:
  const char* name_;
  Options defaults_;
  Loss loss_;
  Reference reference_;
};

}  // namespace xright
