// defines: Objective, Sequences, ObjectiveResult, ObjectiveRegistrar. An objective is a function of
// the sequences' log-probs and of nothing else, so its gradient is one number per sequence.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/value.h"

namespace xright {

// The scored sequences of a part, in order (pairs: chosen, rejected, chosen, …).
struct Sequences {
  std::vector<double> logp;     // sum over the scored tokens, nats
  std::vector<int64_t> count;   // scored tokens
  std::vector<double> correct;  // scored tokens that were the arg max
  std::vector<double>
      reference;              // the reference policy's logp; empty when the objective needs none
  std::vector<double> label;  // 1 desirable, 0 not; empty for data without labels
};

struct ObjectiveResult {
  double loss = 0;            // sum over rows (the caller divides by the normaliser)
  std::vector<double> dlogp;  // d loss / d logp of each sequence
  std::map<std::string, std::pair<double, double>> metrics;  // name -> (sum, count)

  void add(const std::string& name, double value, double count = 1) {
    auto& [sum, n] = metrics[name];
    sum += value;
    n += count;
  }
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual int64_t sequences_per_row() const = 0;
  virtual bool needs_reference() const = 0;
  // Throws CONFIG for options it does not know.
  virtual ObjectiveResult compute(const Sequences& sequences, const Value& options) const = 0;
};

// The objective of that name; UNKNOWN_OBJECTIVE lists the known ones.
const Objective& objective(const std::string& name);
std::vector<std::string> objective_names();

struct ObjectiveRegistrar {
  ObjectiveRegistrar(const char* name, const Objective* objective);
};

}  // namespace xright
