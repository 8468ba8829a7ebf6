// Requests and responses that are used again from call to call: their strings,
// lists and submessages keep the memory that former calls needed.
#ifndef TENUTO_SERVER_MESSAGE_POOL_H_
#define TENUTO_SERVER_MESSAGE_POOL_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/message_allocator.h"

namespace tenuto {

// Thread-safe. Must outlive the server whose calls it serves.
template <typename Request, typename Response>
class MessagePool final : public grpc::MessageAllocator<Request, Response> {
 public:
  // What a few large calls needed is not kept.
  static constexpr std::size_t kKeptRequestBytesMax = 16 << 10;
  static constexpr std::size_t kKeptMax = 256;

  grpc::MessageHolder<Request, Response>* AllocateMessages() override
      ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      if (!free_.empty()) {
        Holder* const holder = free_.back().release();
        free_.pop_back();
        return holder;
      }
    }
    return new Holder(*this);  // Until its Release().
  }

 private:
  class Holder final : public grpc::MessageHolder<Request, Response> {
   public:
    explicit Holder(MessagePool& pool) : pool_(pool) {
      this->set_request(&request_);
      this->set_response(&response_);
    }
    void Release() override { pool_.TakeBack(std::unique_ptr<Holder>(this)); }
    bool is_small() const {
      return request_.ByteSizeLong() <= kKeptRequestBytesMax;
    }
    void Clear() {
      request_.Clear();
      response_.Clear();
    }

   private:
    MessagePool& pool_;
    Request request_;
    Response response_;
  };

  void TakeBack(std::unique_ptr<Holder> holder) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!holder->is_small()) return;
    holder->Clear();
    const absl::MutexLock lock(&mutex_);
    if (free_.size() < kKeptMax) free_.push_back(std::move(holder));
  }

  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Holder>> free_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tenuto

#endif  // TENUTO_SERVER_MESSAGE_POOL_H_
