#include "training/read_ahead.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace tenuto {
namespace {

constexpr std::size_t kBlocks = 4;

}  // namespace

ReadAhead::ReadAhead(ByteFile& file, std::size_t block_bytes)
    : file_(file), empty_(kBlocks), full_(kBlocks) {
  for (std::size_t k = 0; k < kBlocks; ++k) {
    auto block = std::make_unique<Block>();
    block->bytes.resize(block_bytes);
    empty_.TryPush(std::move(block));
  }
  thread_ = std::thread([this] { Run(); });
}

ReadAhead::~ReadAhead() {
  empty_.Close();
  thread_.join();
}

void ReadAhead::Run() {
  while (std::optional<std::unique_ptr<Block>> next = empty_.Pop()) {
    Block& block = **next;
    const absl::StatusOr<std::size_t> count =
        file_.Read(block.bytes.data(), block.bytes.size());
    block.size = count.value_or(0);
    block.status = count.status();
    full_.TryPush(*std::move(next));
    if (count.value_or(0) == 0) return;
  }
}

absl::StatusOr<std::size_t> ReadAhead::Read(char* buffer, std::size_t size) {
  if (block_ == nullptr || (used_ == block_->size && used_ > 0)) {
    if (block_ != nullptr) empty_.TryPush(std::move(block_));
    block_ = *full_.Pop();
    used_ = 0;
  }
  if (!block_->status.ok()) return block_->status;
  const std::size_t count = std::min(size, block_->size - used_);
  std::memcpy(buffer, block_->bytes.data() + used_, count);
  used_ += count;
  return count;
}

}  // namespace tenuto
