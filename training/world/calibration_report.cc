#include "training/world/calibration_report.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "features/base/status_macros.h"

namespace tenuto::world {
namespace {

// What others have published. Grade B: a vendor about its own platform; C:
// aggregators that contradict each other, shown but not aimed at. Shares.
struct Published {
  const char* figure;
  double low;
  double high;
  char grade;
  const char* source;
  double (*simulated)(const PaymentFigures&);
};

double Monthly(std::int64_t ended, std::int64_t paid_days) {
  return paid_days == 0
             ? 0
             : 30 * static_cast<double>(ended) / static_cast<double>(paid_days);
}

constexpr std::array<Published, 14> kPublished = {{
    {"first attempts declined", 0.06, 0.18, 'B', "Recurly 2013, B2C",
     [](const PaymentFigures& f) { return f.failed.rate(); }},
    {"first attempts declined", 0.13, 0.13, 'B', "recurly.com/blog/dunning",
     [](const PaymentFigures& f) { return f.failed.rate(); }},
    {"declines: no funds or do not honour", 0.72, 0.72, 'B',
     "Adyen, Marginal Gains 4, 2021",
     [](const PaymentFigures& f) { return f.no_honour.rate(); }},
    {"declines: generic, no funds or hold", 0.9, 1, 'B',
     "Recurly, recoveries by segment",
     [](const PaymentFigures& f) { return f.soft.rate(); }},
    {"recoveries within 10 days", 0.9, 0.9, 'B', "Recurly, 2026-04-30",
     [](const PaymentFigures& f) { return f.within_10_days.rate(); }},
    {"recoveries after day 14", 0, 0.42, 'B', "Churn Buster, 28-day campaigns",
     [](const PaymentFigures& f) { return f.after_14_days.rate(); }},
    {"failures recovered", 0.53, 0.71, 'B', "Recurly, plain to optimised",
     [](const PaymentFigures& f) { return f.recovered.rate(); }},
    {"failures recovered", 0, 0.33, 'B', "ProfitWell 2018",
     [](const PaymentFigures& f) { return f.recovered.rate(); }},
    {"insufficient funds recovered", 0.6, 0.7, 'C', "getdunnai.com",
     [](const PaymentFigures& f) { return f.recovered_funds.rate(); }},
    {"do not honour recovered", 0.15, 0.4, 'C', "getdunnai.com",
     [](const PaymentFigures& f) { return f.recovered_hold.rate(); }},
    {"expired cards recovered", 0.4, 0.5, 'C', "getdunnai.com, with outreach",
     [](const PaymentFigures& f) { return f.recovered_expired.rate(); }},
    {"involuntary churn, monthly", 0.0138, 0.022, 'B',
     "Recurly, churn benchmarks",
     [](const PaymentFigures& f) { return Monthly(f.lost, f.paid_days); }},
    {"churn by choice, monthly", 0.0395, 0.0478, 'B',
     "Recurly, churn benchmarks",
     [](const PaymentFigures& f) {
       return Monthly(f.left_by_choice, f.paid_days);
     }},
    {"share of churn that is involuntary", 0.2, 0.4, 'B', "ProfitWell 2018",
     [](const PaymentFigures& f) {
       const auto lost = static_cast<double>(f.lost);
       return f.lost == 0
                  ? 0
                  : lost / (lost + static_cast<double>(f.left_by_choice));
     }},
}};

// Payment types of KKBox's tables.
constexpr absl::string_view kAutomatic = "Auto-renew";
constexpr absl::string_view kManual = "Manual";
constexpr absl::string_view kNoManual =
    "\nThe world simulates no manual renewals: every subscription in it is "
    "charged by itself. What it tells of churn, failed payments and grace is "
    "of "
    "automatic renewals alone, and no guide to subscribers who pay each period "
    "by hand.\n";

// Points by which a value lies outside a range.
double DistanceTo(double value, double low, double high) {
  return 100 * std::max({low - value, value - high, 0.0});
}

// A dash where nobody decided anything.
std::string Percent(const Share& share) {
  return share.all == 0 ? "-" : absl::StrFormat("%.2f%%", 100 * share.rate());
}

Share Sum(absl::Span<const Share> shares) {
  Share sum;
  for (const Share& share : shares) sum.Add(share);
  return sum;
}

void AppendRow(absl::string_view band, const Share& ours, const Share& theirs,
               std::string& text) {
  const std::string distance =
      ours.all == 0 || theirs.all == 0
          ? "-"
          : absl::StrFormat("%.2fp", 100 * (ours.rate() - theirs.rate()));
  absl::StrAppendFormat(&text, "    %-24s %9s %9s %9s %11s %11d\n", band,
                        Percent(ours), Percent(theirs), distance,
                        ours.all == 0 ? "-" : absl::StrCat(ours.all),
                        theirs.all);
}

// `ours` is empty where the world has none.
void AppendBands(absl::string_view payment_type,
                 absl::Span<const char* const> bands,
                 absl::Span<const Share> ours, absl::Span<const Share> theirs,
                 std::string& text) {
  absl::StrAppend(&text, "  ", payment_type, "\n");
  for (std::size_t k = 0; k < bands.size(); ++k) {
    AppendRow(bands[k], ours.empty() ? Share() : ours[k], theirs[k], text);
  }
  AppendRow("all", Sum(ours), Sum(theirs), text);
}

void AppendTable(absl::string_view title, absl::Span<const char* const> bands,
                 absl::Span<const Share> ours, const KkboxTable& theirs,
                 std::string& text) {
  absl::StrAppendFormat(&text, "\n%-28s %9s %9s %9s %11s %11s\n", title,
                        "world", "KKBox", "distance", "due, world",
                        "due, KKBox");
  AppendBands(kAutomatic, bands, ours, theirs.automatic, text);
  AppendBands(kManual, bands, {}, theirs.manual, text);
}

constexpr char kRemedy[] = "; take the tables of the data set as they are";

// The share of a line "channel,payment_type,band,decisions,churned" is added to
// its band; what is wrong with it otherwise. `column` is the band's.
std::string AddLine(absl::string_view line, absl::string_view column,
                    absl::Span<const char* const> bands, KkboxTable& table) {
  const std::vector<std::string> fields = absl::StrSplit(line, ',');
  Share share;
  if (fields.size() != 5) {
    return absl::StrCat(fields.size(), " fields, and 5 in the header");
  }
  if (!absl::SimpleAtoi(fields[3], &share.all) || share.all < 0) {
    return absl::StrCat("decisions \"", fields[3], "\" is no count");
  }
  if (!absl::SimpleAtoi(fields[4], &share.of) || share.of < 0 ||
      share.of > share.all) {
    return absl::StrCat("churned \"", fields[4], "\" is no count of ",
                        share.all, " decisions");
  }
  if (fields[1] != kAutomatic && fields[1] != kManual) {
    return absl::StrCat("payment_type \"", fields[1], "\" is neither \"",
                        kAutomatic, "\" nor \"", kManual, "\"");
  }
  const auto band = std::find(bands.begin(), bands.end(), fields[2]);
  if (band == bands.end()) {
    return absl::StrCat(column, " \"", fields[2], "\" is none of ",
                        absl::StrJoin(bands, ", "));
  }
  std::vector<Share>& shares =
      fields[1] == kAutomatic ? table.automatic : table.manual;
  shares[static_cast<std::size_t>(band - bands.begin())].Add(share);
  return "";
}

}  // namespace

absl::StatusOr<PaymentFigures> MeasurePayments(
    const WorldOptions& options, const std::function<void(int)>& progress) {
  TENUTO_ASSIGN_OR_RETURN(const std::unique_ptr<World> world,
                          World::Create(options));
  PaymentWatch watch(options.users, options.threads);
  watch.Watch(*world);
  while (world->day() < world->days()) {
    world->LiveDay(watch);
    progress(world->day());
  }
  return watch.figures();
}

std::string FormatCalibration(const PaymentFigures& figures) {
  std::string text =
      absl::StrFormat("%-37s %7s  %15s  %8s  %s\n", "figure", "world",
                      "published", "distance", "grade, source");
  for (const Published& published : kPublished) {
    const double value = published.simulated(figures);
    const std::string range =
        published.low == published.high
            ? absl::StrFormat("%.1f%%", 100 * published.low)
            : absl::StrFormat("%.1f-%.1f%%", 100 * published.low,
                              100 * published.high);
    absl::StrAppendFormat(&text, "%-37s %6.1f%%  %15s  %7.1fp  %c, %s\n",
                          published.figure, 100 * value, range,
                          DistanceTo(value, published.low, published.high),
                          published.grade, published.source);
  }
  return text;
}

absl::StatusOr<KkboxTable> ReadKkbox(const std::filesystem::path& path,
                                     absl::string_view column,
                                     absl::Span<const char* const> bands) {
  std::ifstream file(path);
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat(path.string(),
                     ": cannot be read; --kkbox takes the directory with the "
                     "aggregated tables"));
  }
  const std::string header =
      absl::StrCat("channel,payment_type,", column, ",decisions,churned");
  KkboxTable table = {std::vector<Share>(bands.size()),
                      std::vector<Share>(bands.size())};
  std::string line;
  for (int number = 1; std::getline(file, line) || number == 1; ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::string wrong;
    if (number > 1) {
      wrong = AddLine(line, column, bands, table);
    } else if (line != header) {
      wrong = absl::StrCat("the header must be \"", header, "\"");
    }
    if (wrong.empty()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(path.string(), ":", number, ": ", wrong, kRemedy));
  }
  for (std::size_t k = 0; k < bands.size(); ++k) {
    if (table.automatic[k].all > 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        path.string(), ": no decisions of payment_type \"", kAutomatic,
        "\" with ", column, " \"", bands[k], "\": a part is missing", kRemedy));
  }
  return table;
}

absl::StatusOr<std::string> FormatKkbox(
    const PaymentFigures& figures, const std::filesystem::path& directory) {
  TENUTO_ASSIGN_OR_RETURN(const KkboxTable tenure,
                          ReadKkbox(directory / "renewal_decisions_2016.csv",
                                    "tenure", kTenureNames));
  TENUTO_ASSIGN_OR_RETURN(
      const KkboxTable active,
      ReadKkbox(directory / "listening_days_before_renewal_2016.csv",
                "active_days_last_4w", kActiveNames));
  std::string text =
      "\nOf renewals that were due, the share that did not come; the others "
      "renewed.\n";
  AppendTable("churn by renewals before", kTenureNames, figures.churn_by_tenure,
              tenure, text);
  AppendTable("churn by listening days, 4 w", kActiveNames,
              figures.churn_by_activity, active, text);
  absl::StrAppend(&text, kNoManual);
  return text;
}

}  // namespace tenuto::world
