// Block types against the values of the Python package gguf (test/fixtures/ggml/make.py), to the
// last bit.
#include "io/dequantise.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <set>
#include <string>
#include <vector>

namespace xright {
namespace {

std::vector<uint8_t> from_hex(const std::string& text) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

struct Fixture {
  std::string name;
  int64_t values;
  std::vector<uint8_t> stored;
  std::vector<float> expected;
};

std::vector<Fixture> fixtures() {
  std::ifstream file(XRIGHT_SOURCE_DIR "/test/fixtures/ggml/blocks.txt");
  std::vector<Fixture> all;
  std::string name, stored, expected;
  int64_t values;
  while (file >> name >> values >> stored >> expected) {
    const auto bits = from_hex(expected);
    std::vector<float> numbers(bits.size() / sizeof(float));
    std::memcpy(numbers.data(), bits.data(), bits.size());
    all.push_back({name, values, from_hex(stored), numbers});
  }
  return all;
}

template <class T>
std::vector<float> convert(const char* name, const std::vector<T>& stored) {
  std::vector<float> out(stored.size());
  storage_of(name)->to_float(reinterpret_cast<const uint8_t*>(stored.data()), out.data(),
                             static_cast<int64_t>(stored.size()));
  return out;
}

TEST(Dequantise, BlocksAreThoseOfGguf) {
  std::set<std::string> seen;
  for (const Fixture& f : fixtures()) {
    SCOPED_TRACE(f.name);
    seen.insert(f.name);
    const Storage* storage = storage_of(f.name);
    ASSERT_NE(storage, nullptr);
    ASSERT_EQ(f.values, static_cast<int64_t>(f.expected.size()));
    const int64_t blocks = f.values / storage->block;
    ASSERT_EQ(blocks * storage->bytes, static_cast<int64_t>(f.stored.size()));
    std::vector<float> out(f.expected.size(), NAN);
    storage->to_float(f.stored.data(), out.data(), blocks);
    for (size_t i = 0; i < out.size(); ++i) ASSERT_EQ(out[i], f.expected[i]) << "value " << i;
  }
  EXPECT_EQ(seen, (std::set<std::string>{"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K",
                                         "Q6_K"}));
}

TEST(Dequantise, PlainTypes) {
  EXPECT_EQ(convert<double>("F64", {1.5, -1e300, 0.1}),
            (std::vector<float>{1.5f, -INFINITY, 0.1f}));
  EXPECT_EQ(convert<float>("F32", {1.5f, -2e-40f}), (std::vector<float>{1.5f, -2e-40f}));
  EXPECT_EQ(convert<uint16_t>("F16", {0x3c00, 0xc000, 0x0001, 0x7c00}),
            (std::vector<float>{1.0f, -2.0f, std::ldexp(1.0f, -24), INFINITY}));
  EXPECT_EQ(convert<uint16_t>("BF16", {0x3f80, 0xc000, 0x0001}),
            (std::vector<float>{1.0f, -2.0f, std::ldexp(1.0f, -133)}));
}

TEST(Dequantise, UnknownTypesAreNone) {
  for (const char* name : {"Q2_K", "IQ4_NL", "F8_E4M3", "I8", "f32", ""})
    EXPECT_EQ(storage_of(name), nullptr) << name;
}

}  // namespace
}  // namespace xright
