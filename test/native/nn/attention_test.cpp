#include <map>
#include <string>

#include "attention_oracle.h"
#include "core/errors.h"

namespace xright::nn {
namespace {

const std::vector<Case> kCases = {
    {"grouped pairs", 9, 3, 64, {{108, {39, 49}}, {5, {1, 2}}, {64, {64, 65}}}},
    {"multi-head", 4, 4, 64, {{30, {20, 10}}, {17, {}}}},
    {"no prefix", 6, 2, 16, {{1, {}}, {2, {}}, {67, {}}, {128, {}}}},
    {"one continuation", 2, 1, 8, {{10, {7}}, {70, {75}}}},
    {"three continuations", 4, 2, 80, {{33, {5, 40, 1}}}},
    {"wide heads", 4, 1, 128, {{20, {30, 13}}}},
    {"widest heads", 2, 2, 256, {{9, {6, 8}}}},
    {"uneven vectors", 3, 3, 24, {{25, {26, 27}}}},
    {"window", 4, 2, 32, {{90, {30, 50}}, {12, {}}}, 16},
    {"window of two", 2, 2, 16, {{9, {4, 70}}}, 2},
    {"window over blocks", 3, 1, 64, {{150, {90}}, {300, {}}}, 70},
    {"long", 3, 1, 64, {{700, {33}}}},
};

// Inputs and dense results of a case; every path is held to the same ones.
struct Expected {
  Packed packed;
  Tensors in, exact, torch;
};

const Expected& expected(const Case& c, at::ScalarType dtype) {
  static std::map<std::pair<std::string, at::ScalarType>, Expected> known;
  const auto key = std::make_pair(std::string(c.name), dtype);
  if (const auto found = known.find(key); found != known.end()) return found->second;
  Expected e{pack(c), {}, {}, {}};
  e.in = inputs(e.packed, dtype);
  e.exact = dense(e.packed, e.in, at::kDouble);
  if (dtype != at::kFloat) e.torch = dense(e.packed, e.in, dtype);
  return known.emplace(key, std::move(e)).first->second;
}

class AttentionTest : public OpTest {};

TEST_P(AttentionTest, Float32MatchesFloat64) {
  for (const Case& c : kCases) {
    const Expected& e = expected(c, at::kFloat);
    const auto got = results(run(e.packed, e.in)), want = results(e.exact);
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_LE(worst(got[i].second, want[i].second), 1e-5) << c.name << ": " << got[i].first;
  }
}

TEST_P(AttentionTest, Bfloat16ErrsAtMostTwiceAsMuchAsPyTorch) {
  for (const Case& c : kCases) {
    const Expected& e = expected(c, at::kBFloat16);
    const auto got = results(run(e.packed, e.in)), want = results(e.exact),
               torch = results(e.torch);
    for (size_t i = 0; i < got.size(); ++i) {
      const auto& [name, actual] = got[i];
      EXPECT_LE(worst(actual, want[i].second), 2 * worst(torch[i].second, want[i].second) + 1e-5)
          << c.name << ": " << name;
      EXPECT_LE(error(actual, want[i].second), 2 * error(torch[i].second, want[i].second) + 1e-5)
          << c.name << ": " << name;
    }
  }
}

TEST_P(AttentionTest, ARowChangesNoBitOfAnother) {
  const Packed p = pack({"", 6, 3, 64, {{50, {20, 30}}, {70, {9, 8}}, {33, {66}}}});
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    Tensors in = inputs(p, dtype);
    const auto before = results(run(p, in));
    for (at::Tensor* x : {&in.q, &in.k, &in.v, &in.d_o}) {
      *x = x->clone();
      x->narrow(0, 100, 87).mul_(-7).add_(1);
    }
    const auto after = results(run(p, in));
    for (size_t i = 0; i < after.size(); ++i) {
      const int64_t axis = i == 1 ? 1 : 0;
      const auto a = before[i].second, b = after[i].second;
      EXPECT_TRUE(identical(a.narrow(axis, 0, 100), b.narrow(axis, 0, 100))) << after[i].first;
      EXPECT_TRUE(identical(a.narrow(axis, 187, 99), b.narrow(axis, 187, 99))) << after[i].first;
      EXPECT_FALSE(identical(a.narrow(axis, 100, 87), b.narrow(axis, 100, 87))) << after[i].first;
    }
  }
}

TEST_P(AttentionTest, AContinuationSeesNothingOfItsSibling) {
  const Packed p = pack({"", 6, 3, 64, {{50, {20, 30}}}});
  Tensors in = inputs(p, at::kBFloat16), changed = in;
  forward(p, in);
  for (at::Tensor* x : {&changed.q, &changed.k, &changed.v}) {
    *x = x->clone();
    x->narrow(0, 50, 20).add_(3);
  }
  forward(p, changed);
  EXPECT_TRUE(identical(in.o.narrow(0, 0, 50), changed.o.narrow(0, 0, 50)));
  EXPECT_TRUE(identical(in.o.narrow(0, 70, 30), changed.o.narrow(0, 70, 30)));
}

TEST_P(AttentionTest, AFutureTokenChangesNoBitOfThePast) {
  const Packed p = pack({"", 3, 1, 64, {{150, {}}}});
  for (int64_t from : {1, 63, 64, 100, 149}) {
    Tensors in = inputs(p, at::kFloat), changed = in;
    forward(p, in);
    for (at::Tensor* x : {&changed.q, &changed.k, &changed.v}) {
      *x = x->clone();
      x->narrow(0, from, 150 - from).mul_(-2);
    }
    forward(p, changed);
    EXPECT_TRUE(identical(in.o.narrow(0, 0, from), changed.o.narrow(0, 0, from))) << from;
  }
}

TEST_P(AttentionTest, SameBitsWithOneAndTwoThreads) {
  const Packed p = pack({"", 6, 3, 64, {{108, {39, 49}}, {5, {1, 2}}, {250, {}}, {64, {64, 65}}}});
  for (auto dtype : {at::kFloat, at::kBFloat16}) {
    const Tensors in = inputs(p, dtype);
    const auto [one, two] = with_one_and_two_threads([&] { return results(run(p, in)); });
    if (GetParam().aten) continue;  // the matrix library's sums may depend on the threads
    for (size_t i = 0; i < one.size(); ++i)
      EXPECT_TRUE(identical(one[i].second, two[i].second)) << one[i].first;
  }
}

TEST_P(AttentionTest, LargeScoresStayFinite) {
  const Packed p = pack({"", 4, 2, 64, {{40, {30, 20}}}});
  Tensors in = inputs(p, at::kFloat);
  in.q = in.q * 40;
  const Tensors got = run(p, in), want = dense(p, in, at::kDouble);
  EXPECT_LE(worst(got.o, want.o), 1e-4);
  EXPECT_LE(worst(got.lse, want.lse), 1e-6);
  EXPECT_LE(worst(got.dv, want.dv), 1e-4);
  EXPECT_LE(worst(got.dq, want.dq), 1e-4);
}

TEST_P(AttentionTest, NaNIsNotHidden) {
  const Packed p = pack({"", 2, 1, 64, {{20, {}}}});
  Tensors in = inputs(p, at::kFloat);
  in.k[5].fill_(NAN);
  forward(p, in);
  EXPECT_TRUE(in.o.narrow(0, 5, 15).isnan().all().item<bool>());
}

// Queries at the end of cached keys: one token (decoding), a few, and a block (a long prompt in
// parts).
TEST_P(AttentionTest, CachedKeys) {
  for (auto [dtype, window] : {std::pair{at::kFloat, 0}, {at::kFloat, 40}, {at::kBFloat16, 0}})
    for (int32_t n : {1, 3, 40}) {
      Packed p{{6, 2, 64, 0.125, window}, {}};
      p.spans = {
          {0, n, 0, 0, 3, 300, 0}, {n, n, 0, 0, 310, n, 1}, {2 * n, n, 400, 90, 500, 130, 2}};
      p.queries = 3 * n;
      p.keys = 640;
      Tensors in = inputs(p, dtype);
      forward(p, in);
      const Tensors want = dense(p, in, at::kDouble), torch = dense(p, in, dtype);
      EXPECT_LE(worst(in.o, want.o), dtype == at::kFloat ? 1e-5 : 2 * worst(torch.o, want.o)) << n;
      EXPECT_LE(worst(in.lse, want.lse), 1e-5) << n;
    }
}

TEST_P(AttentionTest, NothingToDo) {
  Packed p = pack({"", 4, 2, 64, {}});
  Tensors in = inputs(p, at::kFloat);
  EXPECT_EQ(run(p, in).o.numel(), 0);
}

INSTANTIATE_TEST_SUITE_P(All, AttentionTest, all_paths(), path_name);

TEST(Attention, SpansOutOfRangeAreRefused) {
  for (const AttnSpan& bad : {AttnSpan{0, 5, 0, 0, 0, 4, 0}, AttnSpan{0, 5, 0, 0, 6, 5, 0},
                              AttnSpan{-1, 5, 0, 0, 0, 5, 0}, AttnSpan{0, 5, 8, 3, 0, 5, 0},
                              AttnSpan{6, 5, 0, 0, 0, 5, 0}}) {
    Packed p{{2, 1, 8, 1.0, 0}, {bad}, 10, 10};
    Tensors in = inputs(p, at::kFloat);
    EXPECT_THROW(forward(p, in), Error);
  }
}

}  // namespace
}  // namespace xright::nn
