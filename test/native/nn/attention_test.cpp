#include "nn/attention.h"

#include <cmath>

#include "core/errors.h"
#include "paths.h"

namespace xright::nn {
namespace {

struct Row {
  int32_t prompt;
  std::vector<int32_t> continuations;
};

struct Case {
  const char* name;
  int64_t heads, kv_heads, head_dim;
  std::vector<Row> rows;
  int64_t window = 0;
};

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
    {"window of one", 2, 2, 16, {{9, {4, 70}}}, 1},
    {"window over blocks", 3, 1, 64, {{150, {90}}, {300, {}}}, 70},
    {"long", 3, 1, 64, {{700, {33}}}},
};

struct Packed {
  AttnShape shape;
  std::vector<AttnSpan> spans;
  int64_t queries = 0, keys = 0;
};

Packed pack(const Case& c) {
  Packed packed{{c.heads, c.kv_heads, c.head_dim, 1 / std::sqrt(double(c.head_dim)), c.window}, {}};
  int32_t at = 0, number = 0;
  for (const Row& row : c.rows) {
    const int32_t start = at;
    packed.spans.push_back({start, row.prompt, 0, 0, start, row.prompt, number});
    at += row.prompt;
    for (int32_t length : row.continuations) {
      packed.spans.push_back({at, length, start, row.prompt, at, length, number});
      at += length;
    }
    ++number;
  }
  packed.queries = packed.keys = at;
  return packed;
}

struct Tensors {
  at::Tensor q, k, v, d_o, o, lse, dq, dk, dv;
};

// Views of one packed buffer, as the model has them.
Tensors inputs(const Packed& p, at::ScalarType dtype) {
  const int64_t h = p.shape.heads, g = p.shape.kv_heads, d = p.shape.head_dim;
  Tensors t;
  t.q = randn({p.queries, h + 3, d}, dtype).narrow(1, 1, h);
  const auto kv = randn({p.keys, 2 * g, d}, dtype);
  t.k = kv.narrow(1, 0, g);
  t.v = kv.narrow(1, g, g);
  t.d_o = randn({p.queries, h, d}, dtype);
  return t;
}

void forward(const Packed& p, Tensors& t) {
  t.o = at::full(t.q.sizes(), NAN, t.q.options());
  t.lse = at::full({p.shape.heads, p.queries}, NAN, at::kFloat);
  attention_forward(p.shape, p.spans, t.q, t.k, t.v, t.o, t.lse);
}

void backward(const Packed& p, Tensors& t) {
  const int64_t h = p.shape.heads, g = p.shape.kv_heads;
  const auto d_qkv = at::full({p.queries, h + 2 * g, p.shape.head_dim}, NAN, t.q.options());
  t.dq = d_qkv.narrow(1, 0, h);
  t.dk = d_qkv.narrow(1, h, g);
  t.dv = d_qkv.narrow(1, h + g, g);
  attention_backward(p.shape, p.spans, t.d_o, t.q, t.k, t.v, t.o, t.lse, t.dq, t.dk, t.dv);
}

Tensors run(const Packed& p, const Tensors& in) {
  Tensors t = in;
  forward(p, t);
  backward(p, t);
  return t;
}

// Key j is seen by query i: written out from the definition, pair by pair.
at::Tensor dense_mask(const Packed& p) {
  at::Tensor mask = at::full({p.queries, p.keys}, -INFINITY, at::kDouble);
  auto m = mask.accessor<double, 2>();
  const auto see = [&](const AttnSpan& span, int32_t i, int32_t key, int32_t key_position) {
    const int32_t distance = span.prefix_len + span.k_len - span.q_len + i - key_position;
    if (distance >= 0 && (p.shape.window == 0 || distance < p.shape.window))
      m[span.q_start + i][key] = 0;
  };
  for (const AttnSpan& span : p.spans)
    for (int32_t i = 0; i < span.q_len; ++i) {
      for (int32_t j = 0; j < span.prefix_len; ++j) see(span, i, span.prefix_start + j, j);
      for (int32_t j = 0; j < span.k_len; ++j) see(span, i, span.k_start + j, span.prefix_len + j);
    }
  return mask;
}

// Dense attention by autograd in `dtype`: PyTorch's operators only.
Tensors dense(const Packed& p, const Tensors& in, at::ScalarType dtype) {
  const auto q = leaf(in.q, dtype), k = leaf(in.k, dtype), v = leaf(in.v, dtype);
  const int64_t group = p.shape.heads / p.shape.kv_heads;
  const auto by_head = [&](const at::Tensor& x) {
    return x.repeat_interleave(group, 1).transpose(0, 1);
  };
  const auto scores = at::matmul(q.transpose(0, 1), by_head(k).transpose(1, 2)) * p.shape.scale;
  const auto masked = scores + dense_mask(p).to(dtype);
  const auto o = at::matmul(at::softmax(masked, -1), by_head(v)).transpose(0, 1);
  o.backward(in.d_o.to(dtype));
  return {q,        k,        v,       in.d_o, o.detach(), at::logsumexp(masked, {-1}).detach(),
          q.grad(), k.grad(), v.grad()};
}

double worst(const at::Tensor& actual, const at::Tensor& expected) {
  const auto difference = actual.to(at::kDouble) - expected.to(at::kDouble);
  return (difference.abs().max() / expected.abs().max().clamp_min(1e-6)).item<double>();
}

std::vector<std::pair<const char*, at::Tensor>> results(const Tensors& t) {
  return {{"o", t.o}, {"lse", t.lse}, {"dq", t.dq}, {"dk", t.dk}, {"dv", t.dv}};
}

class AttentionTest : public OpTest {};

TEST_P(AttentionTest, Float32MatchesFloat64) {
  for (const Case& c : kCases) {
    const Packed p = pack(c);
    const Tensors in = inputs(p, at::kFloat);
    const auto got = results(run(p, in)), want = results(dense(p, in, at::kDouble));
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_LE(worst(got[i].second, want[i].second), 1e-5) << c.name << ": " << got[i].first;
  }
}

TEST_P(AttentionTest, Bfloat16ErrsAtMostTwiceAsMuchAsPyTorch) {
  for (const Case& c : kCases) {
    const Packed p = pack(c);
    const Tensors in = inputs(p, at::kBFloat16);
    const auto got = results(run(p, in)), want = results(dense(p, in, at::kDouble));
    const auto torch = results(dense(p, in, at::kBFloat16));
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_LE(worst(got[i].second, want[i].second),
                2 * worst(torch[i].second, want[i].second) + 1e-5)
          << c.name << ": " << got[i].first;
      EXPECT_LE(error(got[i].second, want[i].second),
                2 * error(torch[i].second, want[i].second) + 1e-5)
          << c.name << ": " << got[i].first;
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
  for (auto dtype : {at::kFloat, at::kBFloat16})
    for (int64_t window : {0, 40})
      for (int32_t n : {1, 3, 40}) {
        Packed p{{6, 2, 64, 0.125, window}, {}};
        p.spans = {
            {0, n, 0, 0, 3, 300, 0}, {n, n, 0, 0, 310, n, 1}, {2 * n, n, 400, 90, 500, 130, 2}};
        p.queries = 3 * n;
        p.keys = 640;
        Tensors in = inputs(p, dtype);
        forward(p, in);
        const Tensors want = dense(p, in, at::kDouble), torch = dense(p, in, dtype);
        EXPECT_LE(worst(in.o, want.o), dtype == at::kFloat ? 1e-5 : 2 * worst(torch.o, want.o))
            << n;
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
