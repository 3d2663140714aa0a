#include "io/safetensors_writer.h"

#include <ATen/ATen.h>
#include <sys/resource.h>

#include <csignal>
#include <cstring>

#include "temporary_folder.h"

namespace xright {
namespace {

using Tensors = std::vector<std::pair<std::string, at::Tensor>>;

struct WriterTest : testing::Test {
  TemporaryFolder folder;
  std::string path = folder / "out.safetensors";

  // Header and data of the file, after checking that its size is the one returned.
  std::pair<std::string, std::string> written(const Tensors& tensors) {
    const int64_t size = write_safetensors(path, tensors);
    const std::string bytes = read_bytes(path);
    EXPECT_EQ(size, static_cast<int64_t>(bytes.size()));
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), 8);
    EXPECT_EQ(header % 8, 0u);
    return {bytes.substr(8, header), bytes.substr(8 + header)};
  }
};

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

TEST_F(WriterTest, HeaderNamesTypeShapeAndPlace) {
  const auto a = at::arange(6, at::kFloat).view({2, 3});
  const auto [header, data] = written(
      {{"a", a}, {"b", at::ones({2}, at::kBFloat16)}, {"n", at::scalar_tensor(7, at::kLong)}});
  EXPECT_EQ(
      trimmed(header),
      R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
      R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[24,28]},)"
      R"("n":{"dtype":"I64","shape":[],"data_offsets":[28,36]}})");
  ASSERT_EQ(data.size(), 36u);
  EXPECT_EQ(std::memcmp(data.data(), a.const_data_ptr(), 24), 0);
  int64_t n;
  std::memcpy(&n, data.data() + 28, 8);
  EXPECT_EQ(n, 7);
}

TEST_F(WriterTest, StridedTensorsAreWrittenRowByRow) {
  const auto x = at::arange(12, at::kFloat).view({3, 4});
  const auto [header, data] = written({{"t", x.t()}});
  const auto dense = x.t().contiguous();
  ASSERT_EQ(data.size(), dense.nbytes());
  EXPECT_EQ(std::memcmp(data.data(), dense.const_data_ptr(), dense.nbytes()), 0);
}

TEST_F(WriterTest, NamesAreEscaped) {
  const auto header = written({{"a\"b\\c\n\x01é", at::ones({1})}}).first;
  EXPECT_NE(header.find(R"("a\"b\\c\u000a\u0001é":)"), std::string::npos) << header;
}

TEST_F(WriterTest, NoTensorsIsAValidFile) {
  const auto [header, data] = written({});
  EXPECT_EQ(trimmed(header), R"({"__metadata__":{"format":"pt"}})");
  EXPECT_TRUE(data.empty());
}

TEST_F(WriterTest, ADtypeWithoutNameIsRefusedBeforeAFileExists) {
  expect_error(Code::INTERNAL, {"ComplexFloat"}, [&] {
    write_safetensors(path, {{"c", at::ones({1}, at::kComplexFloat)}});
  });
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(WriterTest, AMissingFolderIsNamed) {
  const std::string inside = folder / "no/such/out.safetensors";
  expect_error(Code::IO, {inside, "No such file"}, [&] {
    write_safetensors(inside, {{"a", at::ones({1})}});
  });
}

TEST_F(WriterTest, AFullDiskLeavesNothingBehind) {
  // The kernel answers EFBIG at the limit, as it would ENOSPC on a full disk.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  expect_error(Code::DISK_FULL, {path, "bytes needed", "40"}, [&] {
    write_safetensors(path, {{"a", at::ones({10000})}});
  });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST_F(WriterTest, ADeviceWithoutSpaceIsDiskFull) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  std::filesystem::create_symlink("/dev/full", path);
  expect_error(Code::DISK_FULL, {path, "No space left"}, [&] {
    write_safetensors(path, {{"a", at::ones({4})}});
  });
  EXPECT_FALSE(std::filesystem::is_symlink(path));
}

}  // namespace
}  // namespace xright
