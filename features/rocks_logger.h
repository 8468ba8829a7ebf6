// What RocksDB notes for whoever looks into a store's trouble, its file LOG.
// RocksDB's own writer ends the process when a line comes after one for which
// the disk had no room; here such a line is lost, and the process lives.
#ifndef TENUTO_FEATURES_ROCKS_LOGGER_H_
#define TENUTO_FEATURES_ROCKS_LOGGER_H_

#include <cstdarg>
#include <memory>
#include <string>

#include "rocksdb/env.h"
#include "rocksdb/io_status.h"

namespace tenuto {

// Thread-safe.
class RocksLogger final : public rocksdb::Logger {
 public:
  // Makes the file, for its owner only, or goes on where it ends.
  static rocksdb::IOStatus Open(const std::string& path,
                                std::shared_ptr<rocksdb::Logger>* logger);
  ~RocksLogger() override;

  using rocksdb::Logger::Logv;
  void Logv(const char* format, std::va_list arguments) override;

 private:
  explicit RocksLogger(int file) : file_(file) {}

  const int file_;
};

}  // namespace tenuto

#endif  // TENUTO_FEATURES_ROCKS_LOGGER_H_
