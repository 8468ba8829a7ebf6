// `tenuto describe {catalogue|state}`: what is remembered, what a model may
// see, and how large the memory of a user is.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "features/base/atomic_file.h"
#include "features/base/status_macros.h"
#include "features/state_reader.h"
#include "training/summary.h"
#include "training/verb.h"

namespace tenuto {
namespace {

struct StateSizes {
  std::vector<std::size_t> all;
  std::vector<std::size_t>
      active;  // Acted in the 28 days before the log's end.
};

absl::StatusOr<StateSizes> MeasureStates(const Ledger& ledger,
                                         const Catalogue& catalogue) {
  StateSizes sizes;
  absl::Status damaged;
  const absl::Time since = ledger.Facts().history_end - absl::Hours(24 * 28);
  for (int partition = 0; partition < kPartitions; ++partition) {
    TENUTO_RETURN_IF_ERROR(ledger.ScanStates(
        partition, [&](const UserKey&, absl::string_view state) {
          const auto reader = StateReader::Open(catalogue, state);
          damaged = reader.status();
          if (!damaged.ok()) return false;
          sizes.all.push_back(state.size());
          const auto last = reader->LastTime("last_action");
          if (last && *last >= since) sizes.active.push_back(state.size());
          return true;
        }));
    TENUTO_RETURN_IF_ERROR(damaged);
  }
  return sizes;
}

std::size_t Quantile(std::vector<std::size_t>& sizes, double q) {
  if (sizes.empty()) return 0;
  const auto at =
      std::min(sizes.size() - 1,
               static_cast<std::size_t>(q * static_cast<double>(sizes.size())));
  std::nth_element(sizes.begin(),
                   sizes.begin() + static_cast<std::ptrdiff_t>(at),
                   sizes.end());
  return sizes[at];
}

std::string SizesJson(std::vector<std::size_t>& sizes) {
  return absl::StrCat("{\"users\":", sizes.size(),
                      ",\"median_bytes\":", Quantile(sizes, 0.5),
                      ",\"p99_bytes\":", Quantile(sizes, 0.99),
                      ",\"max_bytes\":", Quantile(sizes, 1), "}");
}

void PrintSizes(const char* name, std::vector<std::size_t>& sizes) {
  std::printf("%-22s %9zu users   median %6zu   p99 %6zu   max %6zu bytes\n",
              name, sizes.size(), Quantile(sizes, 0.5), Quantile(sizes, 0.99),
              Quantile(sizes, 1));
}

struct Options {
  std::string ledger;
  std::string summary;
  bool markdown = false;
};

// Names of the signals that miss the past.
std::vector<std::string> PendingNames(const LedgerFacts& facts,
                                      const Catalogue& catalogue) {
  std::vector<std::string> names;
  if (facts.pending == nullptr) return names;
  for (const Signal& signal : catalogue.signals()) {
    if (facts.pending->Has(signal.declaration.id())) {
      names.push_back(signal.declaration.name());
    }
  }
  return names;
}

absl::Status DescribeState(const Workshop& workshop, const Options& options) {
  TENUTO_ASSIGN_OR_RETURN(
      const OpenedLedger opened,
      workshop.open_ledger(options.ledger, LedgerAccess::kRead));
  TENUTO_ASSIGN_OR_RETURN(StateSizes sizes,
                          MeasureStates(*opened.ledger, workshop.catalogue));
  const LedgerFacts facts = opened.ledger->Facts();
  if (facts.last_position > 0) {
    std::printf("history                %s to %s\n",
                absl::FormatTime("%Y-%m-%d %H:%M", facts.history_start,
                                 absl::UTCTimeZone())
                    .c_str(),
                absl::FormatTime("%Y-%m-%d %H:%M", facts.history_end,
                                 absl::UTCTimeZone())
                    .c_str());
  }
  std::printf("events                 %llu\n",
              static_cast<unsigned long long>(facts.last_position));
  PrintSizes("states, active in 28 d", sizes.active);
  PrintSizes("states, all", sizes.all);
  const std::vector<std::string> pending =
      PendingNames(facts, workshop.catalogue);
  if (!pending.empty()) {
    std::printf(
        "pending signals        %s\n"
        "features of them are missing until a server, or `tenuto backfill`, "
        "has folded the log again\n",
        absl::StrJoin(pending, ", ").c_str());
  }
  if (options.summary.empty()) return absl::OkStatus();
  const auto quoted = [](std::string* json, const std::string& name) {
    *json += JsonString(name);
  };
  return WriteFileAtomically(
      options.summary,
      absl::StrCat("{\"events\":", facts.last_position,
                   ",\"active\":", SizesJson(sizes.active),
                   ",\"all\":", SizesJson(sizes.all), ",\"pending_signals\":[",
                   absl::StrJoin(pending, ",", quoted), "]}\n"));
}

absl::Status DescribeCatalogue(const Workshop& workshop,
                               const Options& options) {
  const char* const line = options.markdown ? "| %u | `%s` | %s | %s | %s |\n"
                                            : "%5u  %-32s %-10s %-9s %s\n";
  if (options.markdown) {
    std::printf(
        "| id | feature | family | missing | speaks |\n"
        "| --- | --- | --- | --- | --- |\n");
  }
  for (const Feature& feature : workshop.catalogue.features()) {
    std::printf(
        line, feature.id, feature.name.c_str(),
        feature.declaration.family().c_str(),
        feature.declaration.missing() == v1::MISSING_ZERO ? "0" : "unknown",
        feature.reason_raises_risk.c_str());
  }
  if (!options.markdown) {
    std::printf("%zu signals, %zu features\n",
                workshop.catalogue.signals().size(),
                workshop.catalogue.features().size());
  }
  return absl::OkStatus();
}

}  // namespace

void AddDescribeVerb(CLI::App& app, const Workshop& workshop, VerbRun& run) {
  CLI::App* verb = app.add_subcommand(
      "describe", "What is remembered, and what a model may see");
  verb->require_subcommand(1);
  const auto options = std::make_shared<Options>();
  CLI::App* catalogue = verb->add_subcommand(
      "catalogue", "Every feature with its family and its sentence");
  catalogue->add_flag("--markdown", options->markdown, "As a Markdown table");
  catalogue->callback([&workshop, &run, options] {
    run = [&workshop, options] {
      return DescribeCatalogue(workshop, *options);
    };
  });
  CLI::App* state = verb->add_subcommand(
      "state",
      "How many bytes a ledger keeps for a user, and which signals are not "
      "folded from the log yet (reads only; works beside a running server)");
  state->add_option("--ledger", options->ledger, "Ledger directory")
      ->required();
  state->add_option("--summary", options->summary, "Write the figures as JSON");
  state->callback([&workshop, &run, options] {
    run = [&workshop, options] { return DescribeState(workshop, *options); };
  });
}

}  // namespace tenuto
