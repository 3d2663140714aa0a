#include "io/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/errors.h"

namespace xright {

MappedFile::MappedFile(const std::string& path) : path_(path) {
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0)
    throw Error(Code::WEIGHTS, path + ": cannot be opened: " + std::strerror(errno));
  struct stat info {};
  if (fstat(descriptor_, &info) != 0 || !S_ISREG(info.st_mode)) {
    close(descriptor_);
    throw Error(Code::WEIGHTS, path + ": is not a regular file");
  }
  size_ = info.st_size;
  if (size_ == 0) return;
  void* data = mmap(nullptr, static_cast<size_t>(size_), PROT_READ, MAP_PRIVATE, descriptor_, 0);
  if (data == MAP_FAILED) {
    close(descriptor_);
    throw Error(Code::WEIGHTS, path + ": cannot be mapped: " + std::strerror(errno));
  }
  data_ = static_cast<const uint8_t*>(data);
  madvise(data, static_cast<size_t>(size_), MADV_SEQUENTIAL);
}

MappedFile::~MappedFile() {
  if (data_) munmap(const_cast<uint8_t*>(data_), static_cast<size_t>(size_));
  if (descriptor_ >= 0) close(descriptor_);
}

int64_t MappedFile::current_size() const {
  struct stat info {};
  return fstat(descriptor_, &info) == 0 ? static_cast<int64_t>(info.st_size) : 0;
}

// The size is asked for again because reading a mapping beyond a file that has shrunk kills the
// process.
const uint8_t* MappedFile::range(int64_t offset, int64_t length, const std::string& tensor) const {
  const int64_t size = std::min(size_, current_size());
  if (offset < 0 || length < 0 || offset > size || length > size - offset)
    throw Error(Code::WEIGHTS,
                path_ + ": tensor " + tensor + " reaches beyond the end of the file (" +
                    std::to_string(size) + " bytes)",
                "the file is truncated or was changed while it was read; download it again");
  return data_ + offset;
}

void MappedFile::release(int64_t offset, int64_t length) const {
  const int64_t page = sysconf(_SC_PAGESIZE), begin = offset / page * page;
  madvise(const_cast<uint8_t*>(data_) + begin, static_cast<size_t>(offset + length - begin),
          MADV_DONTNEED);
}

}  // namespace xright
