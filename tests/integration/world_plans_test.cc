// A world's log, a model trained on it, and a plan for every payment that is
// open at its end: what the server reads from a state is what the trainer reads
// from the log.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "features/memory_ledger.h"
#include "features/user_state.h"
#include "gtest/gtest.h"
#include "server/grace_service.h"
#include "server/rpc_status.h"
#include "tests/support/borrowed_ledger.h"
#include "tests/support/server_parts.h"
#include "training/grace/train_grace.h"
#include "training/grace/unpaid_days.h"
#include "training/world/generate.h"
#include "training/world/person.h"

namespace tenuto {
namespace {

constexpr int kUsers = 2'000;
constexpr int kDays = 200;

class WorldPlansTest : public ::testing::Test {
 protected:
  WorldPlansTest() {
    world::WorldOptions options;
    options.users = kUsers;
    options.days = kDays;
    options.threads = 2;
    options.truth_every_days = 0;
    const auto report = world::GenerateWorld(
        options, parts_.folder.path() / "truth.csv", parts_.keys, parts_.clock,
        parts_.ledger, [](int) {});
    EXPECT_TRUE(report.ok()) << report.status();
    Train();
    parts_.clock.Set(parts_.ledger.Facts().history_end);
    service_ = std::make_unique<GraceService>(
        GraceService::Options{.clock = parts_.clock,
                              .catalogue = parts_.catalogue,
                              .keys = parts_.keys,
                              .gate = parts_.gate,
                              .ledger = parts_.ledger,
                              .scorer = scorer_,
                              .registry = parts_.recovery_registry,
                              .rules = PaymentRules::Embedded(),
                              .values = GraceValues::Embedded(),
                              .default_model = "grace",
                              .lease = absl::Minutes(15),
                              .metrics = parts_.metrics,
                              .calls = parts_.calls,
                              .seed = 1});
  }
  void Train() {
    TrainGraceOptions options;
    options.ledger = "world";
    options.models = parts_.models_dir.string();
    options.threads = 2;
    // Of a world as small as this; how good it is does not matter here.
    options.champion = Crown::kAlways;
    const Workshop workshop{
        parts_.clock, parts_.catalogue,
        [this](const std::filesystem::path&, LedgerAccess) {
          return OpenedLedger{UserKeys::FromSecret(std::string(32, 'k')),
                              std::make_unique<BorrowedLedger>(parts_.ledger)};
        }};
    ::testing::internal::CaptureStdout();
    const absl::Status trained = TrainGrace(options, workshop);
    const std::string said = ::testing::internal::GetCapturedStdout();
    EXPECT_TRUE(trained.ok()) << trained << said;
    EXPECT_TRUE(parts_.recovery_registry.Refresh().empty());
  }

  // The newest failure of every user, as the trainer reads the log: by user
  // key.
  std::map<std::string, UnpaidSpell> NewestSpells() {
    std::map<std::string, std::vector<std::string>> bytes;
    std::map<std::string, std::vector<LoggedEvent>> events;
    for (int partition = 0; partition < kPartitions; ++partition) {
      EXPECT_TRUE(parts_.ledger
                      .Scan(partition, 1,
                            [&](const LoggedEvent& event) {
                              const std::string user(event.user.view());
                              bytes[user].emplace_back(event.event);
                              events[user].push_back(event);
                              return true;
                            })
                      .ok());
    }
    std::map<std::string, UnpaidSpell> newest;
    for (auto& [user, of_user] : events) {
      for (std::size_t k = 0; k < of_user.size(); ++k) {
        of_user[k].event = bytes[user][k];
      }
      // Days that are over, and today as far as it is known.
      const auto spells = ReadUnpaidSpells(
          ReadPaymentMoments(of_user, PaymentRules::Embedded()),
          parts_.clock.Now() + absl::Hours(24));
      if (!spells.empty()) newest.emplace(user, spells.back());
    }
    return newest;
  }

  ServerParts parts_;
  const UserScorer scorer_ = parts_.MakeScorer();
  std::unique_ptr<GraceService> service_;
};

TEST_F(WorldPlansTest, PlansWhatTheTrainerCallsOpen) {
  const std::map<std::string, UnpaidSpell> spells = NewestSpells();
  int planned = 0, attempts = 0, leases = 0;
  for (int user = 0; user <= kUsers; ++user) {
    v1::PlanGracePeriodRequest request;
    request.set_user_id(world::UserId(static_cast<std::uint64_t>(user)));
    request.set_request_id(absl::StrCat("request-", user));
    const UserKey key = parts_.keys.Of(request.user_id());
    const auto spell = spells.find(std::string(key.view()));
    v1::PlanGracePeriodResponse plan;
    const absl::Status status = service_->Plan(request, plan);
    if (!status.ok()) {
      EXPECT_EQ(ReasonOf(status), "NO_FAILED_PAYMENT") << status;
      if (spell == spells.end()) continue;
      // Over: it ended, or the company ended it, or it is too old.
      const int age = DayOf(absl::ToUnixMicros(parts_.clock.Now())) -
                      DayOf(absl::ToUnixMicros(spell->second.failed));
      // The company's end cuts the last day off.
      const std::vector<UnpaidDay>& days = spell->second.days;
      EXPECT_TRUE(spell->second.end != RecoveryEnd::kOpen ||
                  static_cast<int>(days.size()) < age ||
                  !days.back().may_cancel)
          << request.user_id() << " failed " << spell->second.failed << ", but "
          << status;
      continue;
    }
    ++planned;
    ASSERT_NE(spell, spells.end()) << request.user_id();
    EXPECT_EQ(spell->second.end, RecoveryEnd::kOpen) << request.user_id();
    EXPECT_NEAR(plan.curve(plan.curve_size() - 1).probability(), 0.5, 0.5);
    EXPECT_GT(plan.net_value_minor(), -500);
    EXPECT_GE(plan.reasons_size(), 4);
    attempts += plan.attempt_days_size();
    leases += plan.lease_id().empty() ? 0 : 1;
    const FailedPayment known =
        spell->second.KnownAt(static_cast<int>(spell->second.days.size()));
    if (known.store != v1::STORE_UNSPECIFIED) {
      EXPECT_EQ(plan.attempt_days_size(), 0) << "the store collects";
    }
  }
  EXPECT_GT(planned, 10);
  EXPECT_GT(attempts, planned);
  EXPECT_GT(leases, 0);
}

}  // namespace
}  // namespace tenuto
