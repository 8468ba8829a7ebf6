#include "features/base/text_places.h"

#include "features/base/textproto.h"
#include "gtest/gtest.h"
#include "tenuto/v1/payment_rules.pb.h"

namespace tenuto {
namespace {

constexpr char kText[] = R"(unknown_code_class: DECLINE_CLASS_HARD
stops {
  name: "a"
  codes: "1"
  codes: "2"
}
stops { network: CARD_NETWORK_VISA }
)";

class TextPlacesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ParseTextproto("f", kText, rules_, tree_).ok());
  }
  v1::PaymentRules rules_;
  TextPlaces::Tree tree_;
};

TEST_F(TextPlacesTest, NamesFileLineAndField) {
  const TextPlaces places("f.textproto", rules_, tree_);
  EXPECT_EQ(places.Wrong("unknown_code_class", 4, "another").message(),
            "f.textproto:1: unknown_code_class is 4; it must be another");
  EXPECT_EQ(places.LineOf("stops", 1), 7);
}

TEST_F(TextPlacesTest, NamesTheMessageWithin) {
  const TextPlaces places("f.textproto", rules_, tree_);
  const TextPlaces stop = places.Within("stops", 0, "stop \"a\"");
  EXPECT_EQ(stop.Wrong("codes", "x", "y", 1).message(),
            "f.textproto:5: stop \"a\": codes is x; it must be y");
}

TEST_F(TextPlacesTest, TakesTheLineOfTheMessageForWhatIsLeftOut) {
  const TextPlaces places("f.textproto", rules_, tree_);
  EXPECT_EQ(places.LineOf("advice_codes"), 1);
  EXPECT_EQ(places.Within("stops", 1, "second").LineOf("name"), 7);
}

TEST_F(TextPlacesTest, TakesTheBeginningOfAListInBrackets) {
  v1::PaymentRules rules;
  TextPlaces::Tree tree;
  ASSERT_TRUE(
      ParseTextproto("f", "stops {\n\n codes: [\"1\", \"2\"]\n}", rules, tree)
          .ok());
  const TextPlaces places("f", rules, tree);
  EXPECT_EQ(places.Within("stops", 0, "stop").LineOf("codes", 1), 3);
}

}  // namespace
}  // namespace tenuto
