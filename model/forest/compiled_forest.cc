#include "model/forest/compiled_forest.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "features/base/status_macros.h"
#include "model/forest/fat_avx512.h"
#include "model/forest/fat_layout.h"
#include "model/forest/flat_layout.h"
#include "model/forest/forest_views.h"
#include "model/forest/rank_columns.h"
#include "model/forest/row_coder.h"
#include "model/forest/sliced_avx2.h"
#include "model/forest/sliced_avx512.h"
#include "model/forest/sliced_layout.h"

namespace tenuto {
namespace {

constexpr std::size_t kAlignment = 64;
// Flat nodes name a column in two bytes.
constexpr std::size_t kColumnsMax = 65'536;

std::size_t Aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Hands out the caller's scratch piece by piece; without one, counts.
class ScratchPieces {
 public:
  explicit ScratchPieces(std::byte* scratch)
      : at_(reinterpret_cast<std::uintptr_t>(scratch)) {
    used_ = Aligned(at_) - at_;
  }
  template <class T>
  T* Take(std::size_t count) {
    T* const piece = reinterpret_cast<T*>(at_ + used_);
    used_ += Aligned(count * sizeof(T));
    return piece;
  }
  std::size_t used() const { return used_; }

 private:
  std::uintptr_t at_;
  std::size_t used_;
};

struct SlicedScratch {
  float* turned;
  std::uint8_t* planes;
  std::uint8_t* slices;
  float* sums;
};

// For `rows` rows a pass on registers of `lanes` floats.
SlicedScratch TakeSliced(ScratchPieces& pieces, std::size_t rows,
                         std::size_t lanes, const ForestShape& shape) {
  return {pieces.Take<float>(kTurnedStride * lanes),
          pieces.Take<std::uint8_t>(rows / 8 * kSlicedPlanes * shape.columns),
          pieces.Take<std::uint8_t>(rows / 8 * shape.slices),
          pieces.Take<float>(rows)};
}

}  // namespace

struct CompiledForest::Layouts {
  int width = 0;
  CpuLevel cpu = CpuLevel::kPortable;
  ForestShape shape;
  RankColumns columns;
  std::optional<RowTables> row_tables;
  std::optional<BlockTables> block_tables;
  // One a forest; empty where the engine is never chosen.
  std::vector<FlatForest> flat;
  std::vector<FatForest> fat;
  std::vector<SlicedForest> sliced512;
  std::vector<SlicedForest> sliced256;
  std::size_t forests = 0;
  std::size_t fat_blocks = 0;     // Of the largest forest.
  std::size_t scratch_bytes = 0;  // Of the engine that needs most.

  bool Has(ForestEngine engine) const {
    return engine == ForestEngine::kFlat        ? !flat.empty()
           : engine == ForestEngine::kFat       ? !fat.empty()
           : engine == ForestEngine::kSliced512 ? !sliced512.empty()
                                                : !sliced256.empty();
  }
  std::size_t ScratchBytes(ForestEngine engine) const;
  std::size_t SizeBytes(ForestEngine engine) const;
  // Margins of all rows; those of the k-th forest `stride` behind the first's.
  void Run(ForestEngine engine, const float* rows, std::size_t count,
           float* margins, std::size_t stride, std::byte* scratch) const;
  void RunFlat(const float* rows, std::size_t count, float* margins,
               std::size_t stride, std::byte* scratch) const;
#if defined(__x86_64__)
  void RunFat(const float* rows, std::size_t count, float* margins,
              std::size_t stride, std::byte* scratch) const;
  void RunSliced512(const float* rows, std::size_t count, float* margins,
                    std::size_t stride, std::byte* scratch) const;
  void RunSliced256(const float* rows, std::size_t count, float* margins,
                    std::size_t stride, std::byte* scratch) const;
#endif
};

namespace {

constexpr std::array<ForestEngine, 4> kEngines = {
    ForestEngine::kFlat, ForestEngine::kFat, ForestEngine::kSliced256,
    ForestEngine::kSliced512};

template <class Part, class Which>
std::size_t SumOfSizes(const std::vector<Part>& parts, const Which& tables) {
  std::size_t bytes = 0;
  for (const Part& part : parts) bytes += part.size_bytes();
  return bytes + (tables && !parts.empty() ? tables->size_bytes() : 0);
}

}  // namespace

absl::StatusOr<CompiledForest> CompiledForest::Compile(
    absl::Span<const Forest> forests, CpuLevel cpu) {
  if (forests.empty()) return absl::InvalidArgumentError("no forest");
  auto layouts = std::make_unique<Layouts>();
  layouts->width = forests.front().columns;
  layouts->cpu = std::min(cpu, DetectCpu());
  layouts->forests = forests.size();
  for (const Forest& forest : forests) {
    if (forest.columns != layouts->width) {
      return absl::InvalidArgumentError(
          absl::StrCat("forests over the same rows read ", layouts->width,
                       " and ", forest.columns, " columns"));
    }
    TENUTO_RETURN_IF_ERROR(ValidateForest(forest));
    layouts->shape.depth = std::max(layouts->shape.depth, DepthOf(forest));
  }
  layouts->columns = RankColumns::Of(forests);
  layouts->shape.columns = layouts->columns.columns().size();
  const SliceForm slices = ChooseSlices(
      layouts->columns, static_cast<std::size_t>(CountSplits(forests)));
  layouts->shape.slices = PlaceSlices(layouts->columns, slices).back();
  if (layouts->shape.columns > kColumnsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("the forest's thresholds need ", layouts->shape.columns,
                     " coded columns, at most ", kColumnsMax));
  }
  const auto runs = [&](ForestEngine engine) {
    return CanRun(engine, layouts->cpu, layouts->shape);
  };
  const bool fat = runs(ForestEngine::kFat);
  const bool sliced512 = runs(ForestEngine::kSliced512);
  const bool sliced256 = !sliced512 && runs(ForestEngine::kSliced256);
  layouts->row_tables.emplace(layouts->columns);
  if (sliced512 || sliced256) {
    layouts->block_tables.emplace(layouts->columns, slices,
                                  static_cast<std::size_t>(layouts->width));
  }
  for (const Forest& forest : forests) {
    const RankColumns& columns = layouts->columns;
    if (fat) {
      const auto& added = layouts->fat.emplace_back(forest, columns);
      layouts->fat_blocks = std::max(layouts->fat_blocks, added.view().blocks);
    } else {
      layouts->flat.emplace_back(forest, columns);
    }
    if (sliced512) {
      layouts->sliced512.emplace_back(forest, columns, slices,
                                      LeafForm::kBytePlanes);
    }
    if (sliced256) {
      layouts->sliced256.emplace_back(forest, columns, slices,
                                      LeafForm::kFloats);
    }
  }
  for (const ForestEngine engine : kEngines) {
    layouts->scratch_bytes =
        std::max(layouts->scratch_bytes, layouts->ScratchBytes(engine));
  }
  return CompiledForest(std::move(layouts));
}

CompiledForest::CompiledForest(std::unique_ptr<const Layouts> layouts)
    : layouts_(std::move(layouts)) {}
CompiledForest::CompiledForest(CompiledForest&&) noexcept = default;
CompiledForest& CompiledForest::operator=(CompiledForest&&) noexcept = default;
CompiledForest::~CompiledForest() = default;

int CompiledForest::columns() const { return layouts_->width; }
std::size_t CompiledForest::forests() const { return layouts_->forests; }
ForestShape CompiledForest::shape() const { return layouts_->shape; }
CpuLevel CompiledForest::cpu() const { return layouts_->cpu; }

std::size_t CompiledForest::ScratchBytes() const {
  return layouts_->scratch_bytes;
}

std::size_t CompiledForest::size_bytes() const {
  std::size_t bytes = 0;
  for (const ForestEngine engine : kEngines) bytes += size_bytes(engine);
  for (const RankColumn& column : layouts_->columns.columns()) {
    bytes += column.thresholds.size() * sizeof(float);
  }
  return bytes;
}

std::size_t CompiledForest::size_bytes(ForestEngine engine) const {
  return layouts_->SizeBytes(engine);
}

absl::Status CompiledForest::Check(absl::Span<const float> rows,
                                   absl::Span<float> margins,
                                   absl::Span<std::byte> scratch) const {
  const std::size_t count = margins.size() / forests();
  if (margins.size() % forests() != 0 ||
      rows.size() != count * static_cast<std::size_t>(columns())) {
    return absl::InvalidArgumentError(
        absl::StrCat(rows.size(), " values and ", margins.size(),
                     " margins are not rows of ", columns(), " columns for ",
                     forests(), " forests"));
  }
  if (scratch.size() < ScratchBytes()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a scratch of ", scratch.size(), " bytes; ScratchBytes() ",
                     "says ", ScratchBytes()));
  }
  return absl::OkStatus();
}

absl::Status CompiledForest::PredictMargins(
    absl::Span<const float> rows, absl::Span<float> margins,
    absl::Span<std::byte> scratch) const {
  TENUTO_RETURN_IF_ERROR(Check(rows, margins, scratch));
  const std::size_t count = margins.size() / forests();
  const auto width = static_cast<std::size_t>(columns());
  for (std::size_t first = 0; first < count;) {
    const std::size_t left = count - first;
    const ForestEngine engine =
        ChooseEngine(layouts_->cpu, layouts_->shape, left);
    const std::size_t pass = engine == ForestEngine::kSliced512 ? kSliced512Rows
                             : engine == ForestEngine::kSliced256
                                 ? kSliced256Rows
                                 : left;
    const std::size_t some = std::min(left, pass);
    layouts_->Run(engine, rows.data() + first * width, some,
                  margins.data() + first, count, scratch.data());
    first += some;
  }
  return absl::OkStatus();
}

absl::Status CompiledForest::PredictMarginsWith(
    ForestEngine engine, absl::Span<const float> rows,
    absl::Span<float> margins, absl::Span<std::byte> scratch) const {
  TENUTO_RETURN_IF_ERROR(Check(rows, margins, scratch));
  if (!layouts_->Has(engine)) {
    const absl::string_view name = EngineName(engine);
    return absl::InvalidArgumentError(
        absl::StrCat("this forest is not compiled to ", name));
  }
  const std::size_t count = margins.size() / forests();
  layouts_->Run(engine, rows.data(), count, margins.data(), count,
                scratch.data());
  return absl::OkStatus();
}

std::size_t CompiledForest::Layouts::ScratchBytes(ForestEngine engine) const {
  if (!Has(engine)) return 0;
  ScratchPieces pieces(nullptr);
  switch (engine) {
    case ForestEngine::kFlat:
      pieces.Take<std::uint8_t>(shape.columns);
      break;
    case ForestEngine::kFat:
      pieces.Take<std::uint8_t>(kFatColumnsMax * kFatRowsAtOnce);
      pieces.Take<std::uint64_t>(fat_blocks * kFatRowsAtOnce);
      break;
    case ForestEngine::kSliced256:
      TakeSliced(pieces, kSliced256Rows, 8, shape);
      break;
    case ForestEngine::kSliced512:
      TakeSliced(pieces, kSliced512Rows, 16, shape);
      break;
  }
  return pieces.used() + kAlignment;  // Wherever it starts.
}

std::size_t CompiledForest::Layouts::SizeBytes(ForestEngine engine) const {
  switch (engine) {
    case ForestEngine::kFlat:
      return SumOfSizes(flat, row_tables);
    case ForestEngine::kFat:
      return SumOfSizes(fat, row_tables);
    case ForestEngine::kSliced256:
      return SumOfSizes(sliced256, block_tables);
    case ForestEngine::kSliced512:
      return SumOfSizes(sliced512, block_tables);
  }
  return 0;
}

void CompiledForest::Layouts::Run(ForestEngine engine, const float* rows,
                                  std::size_t count, float* margins,
                                  std::size_t stride,
                                  std::byte* scratch) const {
  switch (engine) {
#if defined(__x86_64__)
    case ForestEngine::kFat:
      return RunFat(rows, count, margins, stride, scratch);
    case ForestEngine::kSliced256:
      return RunSliced256(rows, count, margins, stride, scratch);
    case ForestEngine::kSliced512:
      return RunSliced512(rows, count, margins, stride, scratch);
#endif
    default:
      return RunFlat(rows, count, margins, stride, scratch);
  }
}

void CompiledForest::Layouts::RunFlat(const float* rows, std::size_t count,
                                      float* margins, std::size_t stride,
                                      std::byte* scratch) const {
  ScratchPieces pieces(scratch);
  auto* const codes = pieces.Take<std::uint8_t>(shape.columns);
  for (std::size_t r = 0; r < count; ++r, rows += width) {
    row_tables->CodeRow(rows, codes);
    for (std::size_t f = 0; f < forests; ++f) {
      margins[f * stride + r] = flat[f].Margin(codes);
    }
  }
}

#if defined(__x86_64__)
void CompiledForest::Layouts::RunFat(const float* rows, std::size_t count,
                                     float* margins, std::size_t stride,
                                     std::byte* scratch) const {
  ScratchPieces pieces(scratch);
  auto* const codes =
      pieces.Take<std::uint8_t>(kFatColumnsMax * kFatRowsAtOnce);
  auto* const masks = pieces.Take<std::uint64_t>(fat_blocks * kFatRowsAtOnce);
  const CoderView coder = row_tables->view();
  for (std::size_t first = 0; first < count; first += kFatRowsAtOnce) {
    const std::size_t some = std::min(kFatRowsAtOnce, count - first);
    for (std::size_t r = 0; r < some; ++r, rows += width) {
      CodeRowAvx512(coder, rows, codes + r * kFatColumnsMax);
    }
    for (std::size_t f = 0; f < forests; ++f) {
      FatMarginsAvx512(fat[f].view(), codes, some, masks,
                       margins + f * stride + first);
    }
  }
}

void CompiledForest::Layouts::RunSliced512(const float* rows, std::size_t count,
                                           float* margins, std::size_t stride,
                                           std::byte* scratch) const {
  ScratchPieces pieces(scratch);
  const SlicedScratch part = TakeSliced(pieces, kSliced512Rows, 16, shape);
  for (std::size_t first = 0; first < count; first += kSliced512Rows) {
    const std::size_t some = std::min(kSliced512Rows, count - first);
    MakeSlicesAvx512(block_tables->view(),
                     rows + first * static_cast<std::size_t>(width), some,
                     part.turned, part.planes, part.slices);
    for (std::size_t f = 0; f < forests; ++f) {
      SlicedMarginsAvx512(sliced512[f].view(), part.slices, part.sums, some,
                          margins + f * stride + first);
    }
  }
}

void CompiledForest::Layouts::RunSliced256(const float* rows, std::size_t count,
                                           float* margins, std::size_t stride,
                                           std::byte* scratch) const {
  ScratchPieces pieces(scratch);
  const SlicedScratch part = TakeSliced(pieces, kSliced256Rows, 8, shape);
  for (std::size_t first = 0; first < count; first += kSliced256Rows) {
    const std::size_t some = std::min(kSliced256Rows, count - first);
    MakeSlicesAvx2(block_tables->view(),
                   rows + first * static_cast<std::size_t>(width), some,
                   part.turned, part.planes, part.slices);
    for (std::size_t f = 0; f < forests; ++f) {
      SlicedMarginsAvx2(sliced256[f].view(), part.slices, part.sums, some,
                        margins + f * stride + first);
    }
  }
}
#endif

}  // namespace tenuto
