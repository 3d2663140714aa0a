#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <random>
#include <sstream>

#include "formulas.h"
#include "objectives/objective.h"

namespace xright {
namespace {

Value options_of(const std::map<std::string, double>& numbers) {
  Value::Object options;
  for (const auto& [name, v] : numbers) options.emplace_back(name, v);
  return options;
}

// Log-probs down to -60 over 1 to 40 tokens; the reference's are some way off.
Sequences random_sequences(size_t count) {
  std::mt19937 generator(7);
  std::uniform_real_distribution<double> logp(-60, -0.5), shift(-15, 15);
  std::uniform_int_distribution<int64_t> length(1, 40);
  Sequences s;
  for (size_t i = 0; i < count; ++i) {
    s.logp.push_back(logp(generator));
    s.reference.push_back(s.logp.back() + shift(generator));
    s.count.push_back(i < 4 ? 1 : length(generator));
    s.correct.push_back(0);
    s.label.push_back(i % 3 != 1);
  }
  return s;
}

at::Tensor tensor(const std::vector<double>& v) { return at::tensor(v, at::kDouble); }

struct Oracle {
  double loss;
  std::vector<double> dlogp;
};

Oracle oracle(const formulas::Formula& formula, const Sequences& s, bool pairs, bool per_token) {
  const auto logp = tensor(s.logp).requires_grad_();
  auto score = formula.reference ? logp - tensor(s.reference) : logp.clone();
  if (per_token) score = score / at::tensor(s.count).to(at::kDouble);
  const auto rows = pairs ? score.view({-1, 2}) : score;
  const formulas::Batch batch{pairs ? rows.select(1, 0) : rows,
                              pairs ? rows.select(1, 1) : tensor(s.label), formula.options};
  const auto loss = formula.loss(batch).sum();
  loss.backward();
  const auto gradient = logp.grad().contiguous();
  const double* g = gradient.const_data_ptr<double>();
  return {loss.item<double>(), {g, g + gradient.numel()}};
}

void expect_near(double got, double want, const std::string& what) {
  EXPECT_NEAR(got, want, 1e-10 * std::max(1.0, std::abs(want))) << what;
}

void compare(const ObjectiveResult& got, const Oracle& want, const std::string& name) {
  expect_near(got.loss, want.loss, name);
  ASSERT_EQ(got.dlogp.size(), want.dlogp.size());
  for (size_t i = 0; i < want.dlogp.size(); ++i)
    expect_near(got.dlogp[i], want.dlogp[i], name + " sequence " + std::to_string(i));
}

bool is_pairs(const std::string& name) { return objective(name).sequences_per_row() == 2; }

TEST(Objectives, AreAllInTheTable) {
  std::vector<std::string> known;
  for (const auto& [name, f] : formulas::all()) known.push_back(name);
  EXPECT_EQ(objective_names(), known);
}

TEST(Objectives, AreTheirFormulasInValueAndGradient) {
  const Sequences s = random_sequences(48);
  for (const auto& [name, formula] : formulas::all()) {
    EXPECT_EQ(objective(name).needs_reference(), formula.reference) << name;
    const auto got = objective(name).compute(s, options_of(formula.options));
    compare(got, oracle(formula, s, is_pairs(name), formula.per_token), name);
  }
}

TEST(Objectives, TakeMeansPerTokenWhenAsked) {
  const Sequences s = random_sequences(48);
  for (const auto& [name, formula] : formulas::all()) {
    if (!is_pairs(name) || name == "orpo") continue;
    for (bool per_token : {false, true}) {
      auto options = formula.options;
      options["lengthNormalised"] = per_token;
      compare(objective(name).compute(s, options_of(options)), oracle(formula, s, true, per_token),
              name);
    }
  }
}

TEST(Objectives, StayFiniteAtExtremes) {
  Sequences s;
  // Log-ratios of +-1e4 on either side, and probabilities next to 1 and exactly 1.
  for (double logp : {-1e4, -1e-3, -1e-9, -1e-17, 0.0}) {
    for (double other : {-1e4, -5.0, -1e-17, 0.0}) {
      s.logp.insert(s.logp.end(), {logp, other});
      s.reference.insert(s.reference.end(), {logp < -1 ? 0.0 : -1e4, other < -10 ? 0.0 : -1e4});
      s.count.insert(s.count.end(), {1, 1});
      s.correct.insert(s.correct.end(), {0, 1});
      s.label.insert(s.label.end(), {1, 0});
    }
  }
  for (const auto& [name, formula] : formulas::all()) {
    const auto r = objective(name).compute(s, options_of(formula.options));
    EXPECT_TRUE(std::isfinite(r.loss)) << name;
    for (double d : r.dlogp) EXPECT_TRUE(std::isfinite(d)) << name;
    for (const auto& [metric, m] : r.metrics) EXPECT_TRUE(std::isfinite(m.first)) << name << metric;
  }
}

// The derivative of ORPO's log(1 - exp) against its series next to a probability of 1.
TEST(Objectives, OrpoIsExactNextToProbabilityOne) {
  Sequences s{{-1e-9, -2e-9}, {1, 1}, {1, 1}, {}, {}};
  const auto r = objective("orpo").compute(s, options_of({{"beta", 0.1}}));
  // log-odds of 1 - x are -log(x) up to x; their difference is log 2, its sigmoid's complement 1/3.
  EXPECT_NEAR(r.loss, 1e-9 + 0.1 * std::log(1.5), 1e-9);
  EXPECT_NEAR(r.dlogp[0] / (-1 - 0.1 / 3 * 1e9), 1, 1e-8);
  EXPECT_NEAR(r.dlogp[1] / (0.1 / 3 * 0.5e9), 1, 1e-8);
}

TEST(Objectives, HaveTrlsMetrics) {
  Sequences s{{-4, -9, -7, -6}, {2, 3, 4, 2}, {1, 0, 3, 1}, {-6, -6, -6, -6}, {1, 0, 1, 0}};
  const auto mean = [](const ObjectiveResult& r, const char* name) {
    const auto& [sum, count] = r.metrics.at(name);
    return sum / count;
  };
  const auto dpo = objective("dpo").compute(s, options_of({{"beta", 0.5}}));
  EXPECT_DOUBLE_EQ(mean(dpo, "rewards/chosen"), 0.25);
  EXPECT_DOUBLE_EQ(mean(dpo, "rewards/rejected"), -0.75);
  EXPECT_DOUBLE_EQ(mean(dpo, "rewards/margins"), 1.0);
  EXPECT_DOUBLE_EQ(mean(dpo, "rewards/accuracies"), 0.5);
  EXPECT_DOUBLE_EQ(mean(dpo, "logps/chosen"), -5.5);
  EXPECT_DOUBLE_EQ(mean(dpo, "logps/rejected"), -7.5);
  EXPECT_DOUBLE_EQ(mean(dpo, "mean_token_accuracy"), 4.0 / 6);
  const auto kto = objective("kto").compute(s, options_of({{"beta", 0.5}, {"kl", 0.25}}));
  EXPECT_DOUBLE_EQ(mean(kto, "kl"), 0.25);
  for (const char* name : {"rewards/chosen", "rewards/rejected", "logps/chosen", "logps/rejected"})
    EXPECT_DOUBLE_EQ(mean(kto, name), mean(dpo, name)) << name;
  const auto orpo = objective("orpo").compute(s, options_of({{"beta", 0.1}}));
  for (const char* name : {"nll_loss", "log_odds_ratio", "log_odds_chosen"})
    EXPECT_EQ(orpo.metrics.count(name), 1u) << name;
  EXPECT_DOUBLE_EQ(mean(orpo, "nll_loss"), (2 + 1.75) / 2);
}

TEST(Objectives, RefuseOptionsTheyDoNotHave) {
  const Sequences s = random_sequences(2);
  for (const auto& name : objective_names()) {
    try {
      objective(name).compute(s, options_of({{"no such", 1}}));
      FAIL() << name;
    } catch (const Error& e) {
      EXPECT_EQ(e.code, Code::CONFIG) << name;
    }
  }
}

std::vector<double> numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<double> result;
  for (double v; in >> v;) result.push_back(v);
  return result;
}

// test/fixtures/objectives/trl.txt: TRL's own trainers on the same log-probs (made by make.py).
TEST(Objectives, AreTrls) {
  std::ifstream file(XRIGHT_SOURCE_DIR "/test/fixtures/objectives/trl.txt");
  std::string line;
  size_t cases = 0;
  for (; std::getline(file, line); ++cases) {
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, ';');) fields.push_back(field);
    std::istringstream head(fields.front());
    std::string name, option;
    head >> name;
    std::map<std::string, double> options;
    for (size_t cut; head >> option;) {
      cut = option.find('=');
      options[option.substr(0, cut)] = std::stod(option.substr(cut + 1));
    }
    Sequences s;
    for (size_t i = 1; i + 1 < fields.size(); ++i) {
      auto v = numbers(fields[i]);
      if (v.size() == 4) s.label.push_back(v.front()), v.erase(v.begin());
      s.logp.push_back(v[0]), s.reference.push_back(v[1]), s.correct.push_back(0);
      s.count.push_back(static_cast<int64_t>(v[2]));
    }
    auto want = numbers(fields.back());
    const auto got = objective(name).compute(s, options_of(options));
    const auto rows = static_cast<double>(s.logp.size()) /
                      static_cast<double>(objective(name).sequences_per_row());
    expect_near(got.loss / rows, want.front(), line);
    ASSERT_EQ(want.size(), got.dlogp.size() + 1);
    for (size_t i = 0; i < got.dlogp.size(); ++i)
      expect_near(got.dlogp[i] / rows, want[i + 1], line);
  }
  EXPECT_EQ(cases, 80u);
}

}  // namespace
}  // namespace xright
