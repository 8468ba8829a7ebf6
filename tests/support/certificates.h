// Certificates made anew by the openssl command, for tests of TLS: no key is
// ever kept.
// Not thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_CERTIFICATES_H_
#define TENUTO_TESTS_SUPPORT_CERTIFICATES_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/child_process.h"
#include "tests/support/temp_folder.h"

namespace tenuto {

// An authority and the certificates it signs; files in a folder of its own.
class Authority {
 public:
  explicit Authority(const std::string& name) : name_(name) {
    Make(name_, "/CN=" + name_, {});
  }

  // A certificate of 127.0.0.1 under `name`.
  void Sign(const std::string& name) {
    Make(name, "/CN=" + name,
         {"-CA", certificate(), "-CAkey", Key(name_), "-addext",
          "subjectAltName=IP:127.0.0.1", "-addext",
          "basicConstraints=critical,CA:FALSE"});
  }

  std::string certificate() const { return Certificate(name_); }
  std::string Certificate(const std::string& name) const {
    return (folder_.path() / (name + ".pem")).string();
  }
  std::string Key(const std::string& name) const {
    return (folder_.path() / (name + ".key")).string();
  }

 private:
  void Make(const std::string& name, const std::string& subject,
            const std::vector<std::string>& more) {
    std::vector<std::string> command = {"/usr/bin/openssl",
                                        "req",
                                        "-x509",
                                        "-newkey",
                                        "ec",
                                        "-pkeyopt",
                                        "ec_paramgen_curve:prime256v1",
                                        "-nodes",
                                        "-days",
                                        "2",
                                        "-subj",
                                        subject,
                                        "-keyout",
                                        Key(name),
                                        "-out",
                                        Certificate(name)};
    command.insert(command.end(), more.begin(), more.end());
    ChildProcess openssl(command);
    ASSERT_EQ(openssl.Wait(), 0) << openssl.errors();
  }

  const TempFolder folder_;
  const std::string name_;
};

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_CERTIFICATES_H_
