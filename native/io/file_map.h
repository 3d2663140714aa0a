// defines: xright::io::FileMap, a read-only memory map of a whole regular file.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace xright::io {

class FileMap {
 public:
  // Throws IO when the file cannot be opened, WEIGHTS when it is not a regular file or empty.
  explicit FileMap(const std::string& path);
  ~FileMap();
  FileMap(const FileMap&) = delete;
  FileMap& operator=(const FileMap&) = delete;

  // Bytes at `offset`, or nullptr when the range does not lie inside the file as it is now (it may have shrunk since
  // it was mapped, and touching such pages would be a SIGBUS).
  const uint8_t* at(uint64_t offset, uint64_t bytes) const;
  // Lets the kernel drop these pages from the process: a model is read once, front to back.
  void release(uint64_t offset, uint64_t bytes) const;
  uint64_t size() const { return size_; }

 private:
  int fd_ = -1;
  uint64_t size_ = 0;
  uint8_t* data_ = nullptr;
};

}  // namespace xright::io
