#include "core/buffer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace xright {
namespace {

const at::TensorOptions kBytes = at::TensorOptions().dtype(at::kByte);
constexpr int64_t kMiB = 1 << 20;

// Resident memory of this process in MiB.
double resident() {
  int64_t total = 0, pages = 0;
  std::ifstream("/proc/self/statm") >> total >> pages;
  return static_cast<double>(pages * sysconf(_SC_PAGESIZE)) / kMiB;
}

TEST(Buffer, GrowsInPlaceUpToTwiceItsFirstSize) {
  Buffer buffer;
  auto first = buffer.get({3, 5}, at::TensorOptions().dtype(at::kFloat)).fill_(7);
  auto larger = buffer.get({6, 5}, at::TensorOptions().dtype(at::kFloat));
  EXPECT_EQ(larger.data_ptr(), first.data_ptr());
  EXPECT_EQ(larger.narrow(0, 0, 3).sum().item<float>(), 105);
  EXPECT_EQ(buffer.bytes(), 120);
  buffer.get({2, 5}, at::TensorOptions().dtype(at::kFloat));
  EXPECT_EQ(buffer.bytes(), 120);
  EXPECT_EQ(buffer.get({31}, at::TensorOptions().dtype(at::kFloat)).numel(), 31);
  EXPECT_EQ(buffer.bytes(), 124);
}

TEST(Buffer, TakesAnotherTypeAndNoNumbersAtAll) {
  Buffer buffer;
  buffer.get({4}, at::TensorOptions().dtype(at::kFloat));
  EXPECT_EQ(buffer.get({4}, at::TensorOptions().dtype(at::kDouble)).scalar_type(), at::kDouble);
  EXPECT_EQ(buffer.get({0, 8}, at::TensorOptions().dtype(at::kDouble)).numel(), 0);
  EXPECT_EQ(Buffer().get({0}, kBytes).numel(), 0);
}

TEST(Buffer, CostsWhatIsUsedAndGivesItBack) {
  const double before = resident();
  Buffer buffer;
  buffer.get({64 * kMiB}, kBytes).fill_(1);
  EXPECT_NEAR(resident() - before, 64, 8);
  buffer.get({256 * kMiB}, kBytes);
  EXPECT_NEAR(resident() - before, 0, 8) << "a replaced buffer goes back to the system";
}

TEST(Buffer, SaysWhenThereIsNoMemory) {
  EXPECT_THROW(Buffer().get({int64_t{1} << 60}, kBytes), std::bad_alloc);
}

}  // namespace
}  // namespace xright
