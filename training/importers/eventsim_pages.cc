#include "training/importers/eventsim_pages.h"

#include "absl/strings/match.h"

namespace tenuto {
namespace {

template <v1::Page page>
void SetPageView(v1::Event& event) {
  event.mutable_page_view()->set_page(page);
}

template <v1::EngagementAction action>
void SetEngagement(v1::Event& event) {
  event.mutable_engagement()->set_action(action);
}

void SetPlayback(v1::Event& event) {
  event.mutable_playback()->set_content_type(v1::CONTENT_TYPE_MUSIC);
}

void SetAdImpression(v1::Event& event) { event.mutable_ad_impression(); }

void SetErrorPage(v1::Event& event) {
  event.mutable_quality_problem()->set_kind(
      v1::QUALITY_PROBLEM_KIND_ERROR_PAGE);
}

void SetSubscriptionStarted(v1::Event& event) {
  event.mutable_subscription_started();
}

void SetDowngraded(v1::Event& event) { event.mutable_downgraded(); }

void SetCancelled(v1::Event& event) { event.mutable_cancelled(); }

constexpr EventsimPage kPages[] = {
    {"NextSong", SetPlayback},
    {"Home", SetPageView<v1::PAGE_HOME>},
    {"Thumbs Up", SetEngagement<v1::ENGAGEMENT_ACTION_THUMBS_UP>},
    {"Thumbs Down", SetEngagement<v1::ENGAGEMENT_ACTION_THUMBS_DOWN>},
    {"Add to Playlist", SetEngagement<v1::ENGAGEMENT_ACTION_PLAYLIST_ADD>},
    {"Add Friend", SetEngagement<v1::ENGAGEMENT_ACTION_FRIEND_ADD>},
    {"Roll Advert", SetAdImpression},
    {"Error", SetErrorPage},
    {"Help", SetPageView<v1::PAGE_HELP>},
    {"Settings", SetPageView<v1::PAGE_SETTINGS>},
    {"Save Settings", SetPageView<v1::PAGE_SAVE_SETTINGS>},
    {"About", SetPageView<v1::PAGE_ABOUT>},
    {"Upgrade", SetPageView<v1::PAGE_UPGRADE>},
    {"Downgrade", SetPageView<v1::PAGE_DOWNGRADE>},
    {"Cancel", SetPageView<v1::PAGE_CANCEL>},
    {"Login", SetPageView<v1::PAGE_LOGIN>},
    {"Logout", SetPageView<v1::PAGE_LOGOUT>},
    {"Register", SetPageView<v1::PAGE_REGISTER>},
    {"Submit Registration", SetPageView<v1::PAGE_REGISTER>},
    {"Submit Upgrade", SetSubscriptionStarted, v1::PLAN_PREMIUM},
    {"Submit Downgrade", SetDowngraded, v1::PLAN_FREE},
    {"Cancellation Confirmation", SetCancelled, v1::PLAN_NONE},
};

}  // namespace

absl::Span<const EventsimPage> EventsimPages() { return kPages; }

v1::Device DeviceOf(absl::string_view user_agent) {
  // Agents name the platform in their first parentheses.
  const std::size_t open = user_agent.find('(');
  if (open == absl::string_view::npos) return v1::DEVICE_UNSPECIFIED;
  absl::string_view platform = user_agent.substr(open + 1);
  platform = platform.substr(0, platform.find(')'));
  if (absl::StartsWith(platform, "Macintosh") ||
      absl::StartsWith(platform, "Windows NT") ||
      absl::StartsWith(platform, "X11")) {
    return v1::DEVICE_WEB;
  }
  if (absl::StartsWith(platform, "iPad")) return v1::DEVICE_TABLET;
  if (absl::StartsWith(platform, "iPhone") ||
      absl::StartsWith(platform, "iPod") ||
      absl::StrContains(platform, "Windows Phone")) {
    return v1::DEVICE_PHONE;
  }
  if (absl::StrContains(platform, "Android")) {
    return absl::StrContains(user_agent, "Mobile") ? v1::DEVICE_PHONE
                                                   : v1::DEVICE_TABLET;
  }
  if (absl::StrContains(platform, "Windows") ||
      absl::StrContains(platform, "Linux")) {
    return v1::DEVICE_WEB;
  }
  return v1::DEVICE_UNSPECIFIED;
}

}  // namespace tenuto
