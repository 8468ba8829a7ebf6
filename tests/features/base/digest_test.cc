#include "features/base/digest.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace tenuto {
namespace {

std::string Hex(const Digest& digest) {
  return absl::BytesToHexString(absl::string_view(
      reinterpret_cast<const char*>(digest.data()), digest.size()));
}

TEST(Digest, EqualsTheExampleOfFips180) {
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223"
            "b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abc")), Sha256Hex("abc"));
}

TEST(HmacKey, EqualsTheSecondExampleOfRfc4231) {
  EXPECT_EQ(Hex(HmacKey("Jefe").Of("what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c7"
            "5a003f089d2739839dec58b964ec3843");
}

TEST(HmacKey, HashesAKeyThatIsLongerThanABlock) {
  // The sixth example of RFC 4231.
  const HmacKey key(std::string(131, '\xaa'));
  const HmacKey copy = key;
  for (const HmacKey& one : {key, copy, key}) {
    EXPECT_EQ(
        Hex(one.Of("Test Using Larger Than Block-Size Key - Hash Key First")),
        "60e431591ee0b67f0d8a26aacbf5b77f"
        "8e0bc6213728c5140546040f0ee37f54");
  }
}

TEST(Digest, DrawsKeysOfTheSizeThatDiffer) {
  EXPECT_EQ(RandomKey(32).size(), 32u);
  EXPECT_NE(RandomKey(32), RandomKey(32));
}

}  // namespace
}  // namespace tenuto
