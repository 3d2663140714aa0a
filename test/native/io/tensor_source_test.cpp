#include "io/tensor_source.h"

#include <ATen/ATen.h>

#include <cstring>

#include "temporary_folder.h"

namespace xright {
namespace {

std::string bytes_of(const at::Tensor& t) {
  const auto dense = t.contiguous();
  return {static_cast<const char*>(dense.const_data_ptr()), dense.nbytes()};
}

Value::Object tensor(const std::string& name, const std::string& dtype, std::vector<int64_t> shape,
                     int64_t offset, int64_t bytes) {
  Value::Array sizes;
  for (int64_t size : shape) sizes.emplace_back(size);
  return {{"name", name}, {"dtype", dtype},   {"shape", sizes},
          {"file", 0},    {"offset", offset}, {"bytes", bytes}};
}

Value weights(const std::string& path, std::vector<Value::Object> tensors) {
  Value::Array list;
  for (auto& t : tensors) list.emplace_back(std::move(t));
  return Value::Object{{"files", Value::Array{path}}, {"tensors", list}};
}

struct TensorFilesTest : testing::Test {
  TemporaryFolder folder;
  std::string path = folder / "weights.bin";

  // One tensor `t` at an odd offset.
  TensorFiles stored(const std::string& bytes, const std::string& dtype, std::vector<int64_t> shape,
                     int64_t unpermute_heads = 0) {
    write_bytes(path, "pad" + bytes);
    auto t = tensor("t", dtype, std::move(shape), 3, static_cast<int64_t>(bytes.size()));
    if (unpermute_heads) t.emplace_back("unpermuteHeads", unpermute_heads);
    return TensorFiles(weights(path, {t}));
  }
};

TEST_F(TensorFilesTest, ConvertsBetweenFloatTypes) {
  const auto x = at::randn({5, 7});
  const std::vector<std::pair<std::string, at::ScalarType>> types = {
      {"F64", at::kDouble}, {"F32", at::kFloat}, {"F16", at::kHalf}, {"BF16", at::kBFloat16}};
  for (const auto& [name, type] : types) {
    const auto files = stored(bytes_of(x.to(type)), name, {5, 7});
    for (auto dtype : {at::kFloat, at::kBFloat16}) {
      auto dest = at::zeros({5, 7}, dtype);
      files.read("t", dest);
      EXPECT_TRUE(at::equal(dest, x.to(type).to(at::kFloat).to(dtype))) << name;
    }
  }
}

TEST_F(TensorFilesTest, FillsARowRangeOfALargerMatrix) {
  const auto x = at::randn({4, 6});
  const auto files = stored(bytes_of(x), "F32", {4, 6});
  auto fused = at::full({10, 9}, -1.0f);
  files.read("t", fused.narrow(0, 3, 4).narrow(1, 2, 6));
  EXPECT_TRUE(at::equal(fused.narrow(0, 3, 4).narrow(1, 2, 6), x));
  EXPECT_EQ(fused.eq(-1).sum().item<int64_t>(), 10 * 9 - 4 * 6);
}

TEST_F(TensorFilesTest, ReadsLargeMatricesInParallel) {
  const auto x = at::randn({512, 1000});
  const auto files = stored(bytes_of(x), "F32", {512, 1000});
  auto dest = at::zeros({512, 1000}, at::kBFloat16);
  files.read("t", dest);
  EXPECT_TRUE(at::equal(dest, x.to(at::kBFloat16)));
}

TEST_F(TensorFilesTest, VectorsScalarsAndEmptyTensors) {
  auto vector = at::zeros({3}), scalar = at::zeros({}), empty = at::zeros({0, 4});
  stored(bytes_of(at::arange(3, at::kFloat)), "F32", {3}).read("t", vector);
  EXPECT_TRUE(at::equal(vector, at::arange(3, at::kFloat)));
  stored(bytes_of(at::full({}, 2.5f)), "F32", {}).read("t", scalar);
  EXPECT_EQ(scalar.item<float>(), 2.5f);
  stored("", "F32", {0, 4}).read("t", empty);
}

// llama.cpp's converter reshapes the rows to [heads, 2, half] and swaps the last two.
at::Tensor permuted(const at::Tensor& x, int64_t heads) {
  const int64_t half = x.size(0) / heads / 2;
  return x.reshape({heads, 2, half, -1}).transpose(1, 2).reshape(x.sizes());
}

TEST_F(TensorFilesTest, RestoresTheRowsOfRotaryHeads) {
  const auto x = at::randn({24, 5});
  auto dest = at::zeros({24, 5});
  stored(bytes_of(permuted(x, 3)), "F32", {24, 5}, 3).read("t", dest);
  EXPECT_TRUE(at::equal(dest, x));
}

TEST_F(TensorFilesTest, RestoresTheBiasOfRotaryHeads) {
  const auto x = at::randn({24});
  auto dest = at::zeros({24});
  stored(bytes_of(permuted(x, 3)), "F32", {24}, 3).read("t", dest);
  EXPECT_TRUE(at::equal(dest, x));
}

TEST_F(TensorFilesTest, DequantisesRowsOfBlocks) {
  std::string block(34, '\0');
  const uint16_t half_one = 0x3c00;
  std::memcpy(block.data(), &half_one, 2);
  std::string rows;
  for (char value : {1, 2, 3, 4}) rows += block.substr(0, 2) + std::string(32, value);
  auto dest = at::zeros({2, 64}, at::kBFloat16);
  stored(rows, "Q8_0", {2, 64}).read("t", dest);
  EXPECT_EQ(dest[0][0].item<float>(), 1);
  EXPECT_EQ(dest[0][63].item<float>(), 2);
  EXPECT_EQ(dest[1][31].item<float>(), 3);
  EXPECT_EQ(dest[1][32].item<float>(), 4);
}

TEST_F(TensorFilesTest, KnowsItsNames) {
  write_bytes(path, "1234");
  const TensorFiles files(
      weights(path, {tensor("b", "F32", {1}, 0, 4), tensor("a", "F32", {1}, 0, 4)}));
  EXPECT_TRUE(files.has("a"));
  EXPECT_FALSE(files.has("c"));
  EXPECT_EQ(files.names(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(TensorFilesTest, NamesFileTensorAndCause) {
  auto dest = at::zeros({2, 32});
  const std::string data(256, '\0');
  const auto weights_error = [&](std::initializer_list<std::string> parts, const auto& work) {
    expect_error(Code::WEIGHTS, parts, work);
  };
  weights_error({path, "other", "missing"}, [&] {
    stored(data, "F32", {2, 32}).read("other", dest);
  });
  weights_error({path, "tensor t", "[4, 16]", "[2, 32]"}, [&] {
    stored(data, "F32", {4, 16}).read("t", dest);
  });
  weights_error({path, "tensor t", "I8"}, [&] { stored(data, "I8", {2, 32}).read("t", dest); });
  weights_error({path, "tensor t", "F16"}, [&] { stored(data, "F16", {2, 32}).read("t", dest); });
  weights_error({path, "tensor t", "Q4_K"}, [&] { stored(data, "Q4_K", {2, 32}).read("t", dest); });
  weights_error({path, "tensor t", "rotary heads"}, [&] {
    stored(data, "F32", {2, 32}, 3).read("t", dest);
  });
}

TEST_F(TensorFilesTest, NoticesATruncatedFile) {
  auto dest = at::zeros({2, 32});
  write_bytes(path, std::string(100, '\0'));
  const TensorFiles files(weights(path, {tensor("t", "F32", {2, 32}, 0, 256)}));
  expect_error(Code::WEIGHTS, {path, "tensor t", "beyond the end", "100 bytes"},
               [&] { files.read("t", dest); });
  const TensorFiles far(weights(path, {tensor("t", "F32", {2, 32}, int64_t{1} << 52, 256)}));
  expect_error(Code::WEIGHTS, {"beyond the end"}, [&] { far.read("t", dest); });
}

TEST_F(TensorFilesTest, NoticesAFileThatShrinksWhileItIsRead) {
  auto dest = at::zeros({64, 64});
  const auto files = stored(std::string(64 * 64 * 4, '\0'), "F32", {64, 64});
  files.read("t", dest);
  std::filesystem::resize_file(path, 10);
  expect_error(Code::WEIGHTS, {path, "beyond the end"}, [&] { files.read("t", dest); });
}

TEST_F(TensorFilesTest, RefusesWhatIsNoRegularFile) {
  expect_error(Code::WEIGHTS, {"nowhere.bin"},
               [&] { TensorFiles{weights(folder / "nowhere.bin", {})}; });
  expect_error(Code::WEIGHTS, {folder.path.string(), "regular"},
               [&] { TensorFiles{weights(folder.path, {})}; });
}

TEST_F(TensorFilesTest, RefusesDestinationsItCannotFill) {
  const auto files = stored(std::string(16, '\0'), "F32", {2, 2});
  expect_error(Code::INTERNAL, {"float32 or bfloat16"}, [&] {
    files.read("t", at::zeros({2, 2}, at::kDouble));
  });
  expect_error(Code::INTERNAL, {"gaps"}, [&] { files.read("t", at::zeros({2, 2}).t()); });
}

}  // namespace
}  // namespace xright
