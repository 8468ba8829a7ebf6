// What a server does besides taking in events, one duty a class, with the book
// of what it acknowledged: done until it dies on one, repeated at its
// successor, and looked for in what it left on the disk.
#ifndef TENUTO_TESTS_CRASH_DUTIES_H_
#define TENUTO_TESTS_CRASH_DUTIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/server_process.h"

namespace tenuto::testing {

// Not thread-safe.
class Duty {
 public:
  explicit Duty(const ServerFolder& folder) : folder_(folder) {}
  virtual ~Duty() = default;

  // Calls the server until a call fails.
  virtual void RunUntilAFailure(const ServerProcess& server) = 0;
  // Looks at what the next server made of it, then repeats the call that
  // failed. `was_committed` says that its effect was on the disk already.
  virtual void Repeat(const ServerProcess& server, bool was_committed) = 0;
  // With no server on the folder.
  virtual void CheckFolder() {}

 protected:
  const ServerFolder& folder_;
};

// DecideTreatment: one decision a request in the log, the same to whoever asks
// again.
class Decisions final : public Duty {
 public:
  using Duty::Duty;
  void RunUntilAFailure(const ServerProcess& server) override;
  void Repeat(const ServerProcess& server, bool was_committed) override;
  void CheckFolder() override;

 private:
  // False when the call failed.
  bool Decide(const ServerProcess& server, int request);

  int next_ = 0;
  std::map<int, std::string> decided_;  // Decision ids.
};

// EraseUser, with a checkpoint that holds the user too: no byte is left, by the
// next start at the latest.
class Erasures final : public Duty {
 public:
  using Duty::Duty;
  void RunUntilAFailure(const ServerProcess& server) override;
  void Repeat(const ServerProcess& server, bool was_committed) override;
  void CheckFolder() override;

 private:
  bool Prepare(const ServerProcess& server, const std::string& user);
  void ExpectNoByteOf(const std::vector<std::string>& users) const;

  int next_ = 0;
  std::optional<int> unknown_;
  std::vector<std::string> erased_;
};

// CreateCheckpoint: what has the name of a checkpoint is a whole one.
class Checkpoints final : public Duty {
 public:
  using Duty::Duty;
  void RunUntilAFailure(const ServerProcess& server) override;
  void Repeat(const ServerProcess& server, bool was_committed) override;
  void CheckFolder() override;

 private:
  int next_ = 0;
  std::optional<std::string> unknown_;
  std::map<std::string, std::uint64_t> told_;  // Last positions.
};

// ReloadModels: the newest bundle serves after it, and after any start.
class Reloads final : public Duty {
 public:
  using Duty::Duty;
  void RunUntilAFailure(const ServerProcess& server) override;
  void Repeat(const ServerProcess& server, bool was_committed) override;

 private:
  // Trains one and makes it the champion.
  void WriteBundle();

  std::uint64_t bundles_ = 1;
};

// ScoreUsers: records that were durable are read back. Erasures of strangers
// make the record log begin new files.
class Scores final : public Duty {
 public:
  using Duty::Duty;
  void RunUntilAFailure(const ServerProcess& server) override;
  void Repeat(const ServerProcess& server, bool was_committed) override;
  void CheckFolder() override;

 private:
  int strangers_ = 0;
  std::uint64_t before_ = 0;   // Records that earlier servers left.
  std::uint64_t durable_ = 0;  // That the present one told of.
};

}  // namespace tenuto::testing

#endif  // TENUTO_TESTS_CRASH_DUTIES_H_
