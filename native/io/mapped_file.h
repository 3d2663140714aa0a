// defines: MappedFile, a regular file mapped read-only into memory.
#pragma once
#include <cstdint>
#include <string>

namespace xright {

class MappedFile {
 public:
  // WEIGHTS when it is not a regular file or cannot be opened.
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  // Bytes [offset, offset + length); WEIGHTS naming file and tensor when they are not all in the
  // file as it is now.
  const uint8_t* range(int64_t offset, int64_t length, const std::string& tensor) const;
  // Lets go of the pages: a tensor is read once, and a model's file must not count as memory beside
  // the model.
  void release(int64_t offset, int64_t length) const;
  const std::string& path() const { return path_; }

 private:
  int64_t current_size() const;

  std::string path_;
  int descriptor_ = -1;
  int64_t size_ = 0;
  const uint8_t* data_ = nullptr;
};

}  // namespace xright
