#include "features/base/textproto.h"

#include <string>

#include "gtest/gtest.h"
#include "tenuto/v1/catalogue.pb.h"

namespace tenuto {
namespace {

std::string ErrorOf(absl::string_view text) {
  v1::Catalogue message;
  const absl::Status status = ParseTextproto("a.textproto", text, message);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(Textproto, ReadsTextsAndComments) {
  v1::Catalogue message;
  ASSERT_TRUE(ParseTextproto("a.textproto",
                             "# a comment\nsignals { id: 3 name: 'x' }",
                             message)
                  .ok());
  EXPECT_EQ(message.signals(0).id(), 3u);
}

TEST(Textproto, SaysFileLineAndColumnOfWhatIsWrong) {
  EXPECT_EQ(ErrorOf("signals {\n  idd: 3\n}").rfind("a.textproto:2:", 0), 0u);
  EXPECT_EQ(ErrorOf("signals { id: 'x' }").rfind("a.textproto:1:", 0), 0u);
  EXPECT_EQ(ErrorOf("\n\nsignals { id: 1").rfind("a.textproto:3:", 0), 0u);
}

TEST(Textproto, NamesTheUnknownField) {
  EXPECT_NE(ErrorOf("signals { idd: 3 }").find("idd"), std::string::npos);
}

TEST(Textproto, OffersTheFieldThatATypoMayMean) {
  EXPECT_EQ(ErrorOf("signals { idd: 3 }"),
            "a.textproto:1:14: Message type \"tenuto.v1.Signal\" has no field "
            "named \"idd\"; did you mean \"id\"?");
  EXPECT_NE(ErrorOf("signal { id: 3 }").find("did you mean \"signals\"?"),
            std::string::npos);
  EXPECT_EQ(ErrorOf("signals { zzzzzz: 3 }").find("mean"), std::string::npos);
}

TEST(Textproto, SaysWhichBraceIsNotClosed) {
  EXPECT_EQ(ErrorOf("signals {\n  id: 3  # }\n  name: '}'\n"),
            "a.textproto:4:1: Expected identifier, got: the end; the \"{\" of "
            "line 1 is not closed");
  // The next field of the file is none of the message that is open still.
  EXPECT_EQ(ErrorOf("signals { id: 3 }\nsignals {\n  id: 4\nsignals { id: 5 }"),
            "a.textproto:4:9: Message type \"tenuto.v1.Signal\" has no field "
            "named \"signals\"; the \"{\" of line 2 is not closed");
  EXPECT_EQ(ErrorOf("signals { idd: 3 }").find("closed"), std::string::npos);
  EXPECT_EQ(ErrorOf("signals { id: 3 } }").find("closed"), std::string::npos);
  EXPECT_EQ(ErrorOf("signals { id: 3 }\nsignals").find("closed"),
            std::string::npos);
}

TEST(Textproto, RefusesAFieldThatIsSetTwice) {
  EXPECT_NE(ErrorOf("signals { id: 1 id: 2 }"), "");
}

}  // namespace
}  // namespace tenuto
