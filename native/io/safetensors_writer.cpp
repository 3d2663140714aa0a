#include "io/safetensors_writer.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "core/errors.h"

namespace xright {
namespace {

const char* dtype_name(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "F32";
    case at::kBFloat16:
      return "BF16";
    case at::kHalf:
      return "F16";
    case at::kLong:
      return "I64";
    default:
      throw Error(Code::INTERNAL,
                  std::string("safetensors: no name for dtype ") + at::toString(type));
  }
}

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string header_of(const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  std::string json = R"({"__metadata__":{"format":"pt"})";
  int64_t offset = 0;
  for (const auto& [name, t] : tensors) {
    json +=
        "," + json_string(name) + R"(:{"dtype":")" + dtype_name(t.scalar_type()) + R"(","shape":[)";
    for (int64_t d = 0; d < t.dim(); ++d) json += (d ? "," : "") + std::to_string(t.size(d));
    const auto bytes = static_cast<int64_t>(t.numel() * t.element_size());
    json += R"(],"data_offsets":[)" + std::to_string(offset) + "," +
            std::to_string(offset + bytes) + "]}";
    offset += bytes;
  }
  json += "}";
  json.append((8 - json.size() % 8) % 8, ' ');  // the data start aligned
  return json;
}

// A file being written; removed again unless finish() was reached.
class Output {
 public:
  Output(const std::string& path, int64_t size) : path_(path), size_(size) {
    descriptor_ = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("created");
  }
  ~Output() {
    if (descriptor_ >= 0) close(descriptor_);
    if (!finished_) unlink(path_.c_str());
  }
  void write(const void* data, int64_t bytes) {
    const char* p = static_cast<const char*>(data);
    while (bytes > 0) {
      const ssize_t n = ::write(descriptor_, p, static_cast<size_t>(bytes));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) fail("written");
      p += n;
      bytes -= n;
    }
  }
  void finish() {
    if (fsync(descriptor_) != 0) fail("flushed to disk");
    if (close(std::exchange(descriptor_, -1)) != 0) fail("closed");
    finished_ = true;
  }

 private:
  [[noreturn]] void fail(const char* what) {
    const int cause = errno;
    const bool full = cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
    throw Error(full ? Code::DISK_FULL : Code::IO,
                path_ + ": cannot be " + what + ": " + std::strerror(cause) + " (" +
                    std::to_string(size_) + " bytes needed)",
                full ? "free some space or choose another output folder" : "");
  }
  const std::string path_;
  const int64_t size_;
  int descriptor_ = -1;
  bool finished_ = false;
};

}  // namespace

int64_t write_safetensors(const std::string& path,
                          const std::vector<std::pair<std::string, at::Tensor>>& tensors) {
  const std::string header = header_of(tensors);
  int64_t size = 8 + static_cast<int64_t>(header.size());
  for (const auto& [name, t] : tensors) size += t.numel() * static_cast<int64_t>(t.element_size());
  Output file(path, size);
  const uint64_t header_size = header.size();
  file.write(&header_size,
             sizeof header_size);  // little-endian, as is every machine LibTorch runs on here
  file.write(header.data(), static_cast<int64_t>(header.size()));
  for (const auto& [name, t] : tensors) {
    const auto host = t.cpu().contiguous();
    file.write(host.const_data_ptr(), static_cast<int64_t>(host.nbytes()));
  }
  file.finish();
  return size;
}

}  // namespace xright
