#include "training/world/session.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "training/world/music.h"

namespace tenuto::world {
namespace {

constexpr int kTracksPerAd = 4;
constexpr std::int64_t kAdMs = 30'000;

void WriteProblem(std::int64_t ms, Draws& draws, Diary& diary) {
  v1::QualityProblem& problem = *diary.Add(ms).mutable_quality_problem();
  const double kind = draws.Uniform();
  if (kind < 0.5) {
    problem.set_kind(v1::QUALITY_PROBLEM_KIND_BUFFERING);
    problem.set_ms_stalled(500 + draws.Below(20'000));
  } else if (kind < 0.8) {
    problem.set_kind(v1::QUALITY_PROBLEM_KIND_PLAYBACK_FAILED);
  } else {
    problem.set_kind(v1::QUALITY_PROBLEM_KIND_ERROR_PAGE);
    problem.set_status(draws.Chance(0.5) ? 404 : 500);
  }
}

// What stays the same through a session, and how late it is.
class SessionWriter {
 public:
  SessionWriter(const Person& person, const Behaviour& behaviour,
                const Sitting& sitting, Draws& draws, Diary& diary);
  std::int64_t Write();

 private:
  v1::Event& Add(std::int64_t ms);
  void WritePhase(v1::SessionPhase phase);
  void WriteSearches();
  void WriteTrack();
  void WriteLiking(const Track& track, bool skipped);
  void WriteExtras();

  const Traits& traits_;
  const Behaviour& behaviour_;
  const std::int64_t start_ms_;
  const bool is_free_;
  const std::string session_;
  Draws& draws_;
  Diary& diary_;
  std::int64_t ms_;
  v1::Device device_;
  bool offline_;
  bool podcast_;
};

SessionWriter::SessionWriter(const Person& person, const Behaviour& behaviour,
                             const Sitting& sitting, Draws& draws, Diary& diary)
    : traits_(person.traits),
      behaviour_(behaviour),
      start_ms_(sitting.start_ms),
      is_free_(person.hidden.subscription.plan == v1::PLAN_FREE),
      session_(absl::StrCat("s", sitting.day, "-", sitting.number)),
      draws_(draws),
      diary_(diary),
      ms_(sitting.start_ms) {
  device_ = draws.Chance(0.8) ? traits_.device : traits_.second_device;
  offline_ = draws.Chance(traits_.offline_share) && !is_free_;
  podcast_ = draws.Chance(traits_.podcast_share);
}

std::int64_t SessionWriter::Write() {
  WritePhase(v1::SESSION_PHASE_START);
  WriteSearches();
  // Exponential means of a Poisson number: many short sessions, a few long.
  const int tracks =
      1 + draws_.Poisson(
              std::min(draws_.Exponential(behaviour_.tracks_more), 200.0));
  for (int k = 1; k <= tracks && ms_ < kListeningEndMs; ++k) {
    WriteTrack();
    if (is_free_ && k % kTracksPerAd == 0) {
      Add(ms_).mutable_ad_impression()->set_ms_shown(kAdMs);
      ms_ += kAdMs;
    }
  }
  WriteExtras();
  ms_ += 2'000;
  WritePhase(v1::SESSION_PHASE_END);
  return ms_;
}

v1::Event& SessionWriter::Add(std::int64_t ms) {
  v1::Event& event = diary_.Add(ms);
  event.set_session_id(session_);
  return event;
}

void SessionWriter::WritePhase(v1::SessionPhase phase) {
  v1::Session& session = *Add(ms_).mutable_session();
  session.set_phase(phase);
  session.set_device(device_);
  if (phase == v1::SESSION_PHASE_END) session.set_ms_open(ms_ - start_ms_);
}

void SessionWriter::WriteSearches() {
  for (int k = draws_.Poisson(behaviour_.searches); k > 0; --k) {
    v1::Search& search = *Add(ms_ += 8'000).mutable_search();
    search.set_result_count(draws_.Below(40));
    search.set_clicked(search.result_count() > 0 && draws_.Chance(0.7));
  }
}

void SessionWriter::WriteTrack() {
  const Track track = DrawTrack(traits_, behaviour_.explore, podcast_, draws_);
  const bool skipped = draws_.Chance(behaviour_.skip);
  const std::int64_t played =
      skipped ? 2'000 + draws_.Below(38'000) : track.length_ms;
  v1::Playback& play = *Add(ms_ += 1'000).mutable_playback();
  play.set_track_id(track.track_id);
  play.set_artist_id(track.artist_id);
  play.set_content_type(podcast_ ? v1::CONTENT_TYPE_PODCAST
                                 : v1::CONTENT_TYPE_MUSIC);
  play.set_ms_played(played);
  play.set_skipped(skipped);
  play.set_offline(offline_);
  play.set_device(device_);
  play.set_context(track.is_favourite ? v1::PLAYBACK_CONTEXT_LIBRARY
                                      : v1::PLAYBACK_CONTEXT_RECOMMENDED);
  ms_ = std::min(ms_ + played, kListeningEndMs);
  WriteLiking(track, skipped);
}

void SessionWriter::WriteLiking(const Track& track, bool skipped) {
  const Behaviour& b = behaviour_;
  double liking = draws_.Uniform();
  v1::EngagementAction action = v1::ENGAGEMENT_ACTION_UNSPECIFIED;
  if (liking < b.thumbs_down) {
    action = v1::ENGAGEMENT_ACTION_THUMBS_DOWN;
  } else if (skipped) {
    return;
  } else if ((liking -= b.thumbs_down) < b.thumbs_up) {
    action = v1::ENGAGEMENT_ACTION_THUMBS_UP;
  } else if ((liking -= b.thumbs_up) < b.playlist_add) {
    action = liking < 0.6 * b.playlist_add ? v1::ENGAGEMENT_ACTION_PLAYLIST_ADD
                                           : v1::ENGAGEMENT_ACTION_SAVE;
  } else {
    return;
  }
  v1::Engagement& engagement = *Add(ms_).mutable_engagement();
  engagement.set_action(action);
  engagement.set_track_id(track.track_id);
  engagement.set_artist_id(track.artist_id);
}

void SessionWriter::WriteExtras() {
  if (draws_.Chance(behaviour_.friend_add)) {
    Add(ms_).mutable_engagement()->set_action(
        draws_.Chance(0.7) ? v1::ENGAGEMENT_ACTION_FRIEND_ADD
                           : v1::ENGAGEMENT_ACTION_SHARE);
  }
  if (draws_.Chance(behaviour_.quality_problem)) {
    WriteProblem(ms_, draws_, diary_);
  }
}

}  // namespace

std::int64_t WriteSession(const Person& person, const Behaviour& behaviour,
                          const Sitting& sitting, Draws& draws, Diary& diary) {
  return SessionWriter(person, behaviour, sitting, draws, diary).Write();
}

}  // namespace tenuto::world
