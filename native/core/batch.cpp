#include "core/batch.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace xright {
namespace {

constexpr size_t kSegmentFields = 5;

struct Segment {
  int32_t start, length, prefix;
  bool scored;
  int32_t key;
};

[[noreturn]] void malformed(const std::string& what) {
  throw Error(Code::INTERNAL, "malformed batch: " + what);
}

std::vector<Segment> read_segments(const Value::Ints& table, int32_t tokens) {
  if (table.size() % kSegmentFields) malformed("segments must hold five numbers each");
  std::vector<Segment> segments;
  int32_t expected = 0;
  for (size_t i = 0; i < table.size(); i += kSegmentFields) {
    Segment s{table[i], table[i + 1], table[i + 2], table[i + 3] != 0, table[i + 4]};
    const auto index = static_cast<int32_t>(segments.size());
    if (s.start != expected || s.length < 0 || s.length > tokens - s.start)
      malformed("segments must tile the ids");
    if (s.prefix < -1 || s.prefix >= index) malformed("a prefix must come before its segment");
    if (s.prefix >= 0 && segments[static_cast<size_t>(s.prefix)].prefix >= 0)
      malformed("a prefix has a prefix");
    expected += s.length;
    segments.push_back(s);
  }
  if (expected != tokens) malformed("segments must tile the ids");
  return segments;
}

// Collects the pieces of several batches on the CPU.
struct Builder {
  PackedBatch out;
  std::vector<int64_t> ids, keys, source;
  std::vector<int32_t> target, token_row, row_length;

  void add_ids(const Value::Ints& tokens, int64_t vocab) {
    for (int32_t id : tokens) {
      if (id < 0 || id >= vocab)
        malformed("token id " + std::to_string(id) + " is outside the vocabulary");
      ids.push_back(id);
    }
  }

  void add_scores(const Segment& s, const Segment* prefix, int32_t base,
                  const Value::Ints& tokens) {
    const size_t before = source.size();
    const int32_t previous = prefix && prefix->length ? prefix->start + prefix->length - 1 : -1;
    for (int32_t i = 0; i < s.length; ++i) {
      const int32_t from = i ? s.start + i - 1 : previous;
      if (from < 0) continue;  // the first token of a row has nothing to be predicted from
      source.push_back(base + from);
      target.push_back(tokens[static_cast<size_t>(s.start + i)]);
    }
    out.counts.push_back(static_cast<int64_t>(source.size() - before));
    ++out.part_sequences.back();
  }

  void add(const Value& batch, int64_t vocab) {
    const auto& tokens = batch.at("ids").ints("ids");
    const auto base = static_cast<int32_t>(ids.size());
    const auto segments =
        read_segments(batch.at("segments").ints("segments"), static_cast<int32_t>(tokens.size()));
    add_ids(tokens, vocab);
    out.part_sequences.push_back(0);
    std::vector<int32_t> row_of(segments.size());
    for (size_t i = 0; i < segments.size(); ++i) {
      const Segment& s = segments[i];
      const Segment* prefix = s.prefix >= 0 ? &segments[static_cast<size_t>(s.prefix)] : nullptr;
      const int32_t before = prefix ? prefix->length : 0;
      row_of[i] =
          prefix ? row_of[static_cast<size_t>(s.prefix)] : static_cast<int32_t>(row_length.size());
      if (!prefix) row_length.push_back(0);
      int32_t& longest = row_length[static_cast<size_t>(row_of[i])];
      longest = std::max(longest, before + s.length);
      for (int32_t t = 0; t < s.length; ++t) {
        out.positions.push_back(before + t);
        token_row.push_back(row_of[i]);
        keys.push_back(int64_t{s.key} + t);
      }
      if (s.length)
        out.spans.push_back({base + s.start, s.length, prefix ? base + prefix->start : 0, before,
                             base + s.start, s.length, row_of[i]});
      if (s.scored) add_scores(s, prefix, base, tokens);
    }
  }

  PackedBatch finish(at::Device device) {
    out.tokens = static_cast<int64_t>(ids.size());
    for (int32_t row : token_row) out.row_lengths.push_back(row_length[static_cast<size_t>(row)]);
    auto send = [&](auto& v, at::ScalarType type) {
      return at::from_blob(v.data(), {static_cast<int64_t>(v.size())}, at::TensorOptions(type))
          .to(device, /*non_blocking=*/false, /*copy=*/true);
    };
    out.ids_T = send(ids, at::kLong);
    out.keys_T = send(keys, at::kLong);
    auto scored = source;
    std::sort(scored.begin(), scored.end());
    scored.erase(std::unique(scored.begin(), scored.end()), scored.end());
    for (int64_t& s : source)
      s = std::lower_bound(scored.begin(), scored.end(), s) - scored.begin();
    out.scored_U = send(scored, at::kLong);
    out.source_N = send(source, at::kLong);
    out.target_N = send(target, at::kInt);
    return std::move(out);
  }
};

}  // namespace

PackedBatch pack(const std::vector<const Value*>& batches, int64_t vocab, at::Device device) {
  Builder builder;
  for (const Value* batch : batches) builder.add(*batch, vocab);
  return builder.finish(device);
}

PackedBatch continuation(const std::vector<int32_t>& ids, int64_t start, int64_t vocab,
                         at::Device device) {
  Builder builder;
  const auto n = static_cast<int32_t>(ids.size());
  builder.add_ids(ids, vocab);
  builder.row_length.push_back(static_cast<int32_t>(start) + n);
  for (int32_t t = 0; t < n; ++t) {
    builder.out.positions.push_back(static_cast<int32_t>(start) + t);
    builder.token_row.push_back(0);
    builder.keys.push_back(t);
  }
  builder.out.spans.push_back({0, n, 0, 0, 0, static_cast<int32_t>(start) + n, 0});
  builder.source.push_back(n - 1);
  return builder.finish(device);
}

}  // namespace xright
