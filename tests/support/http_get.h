// One HTTP request to a port of this machine, as a scraper makes it.
// Thread-safe.
#ifndef TENUTO_TESTS_SUPPORT_HTTP_GET_H_
#define TENUTO_TESTS_SUPPORT_HTTP_GET_H_

#include <string>

namespace tenuto {

// Status line, headers and body; empty when nobody answers.
std::string HttpGet(int port, const std::string& path);

}  // namespace tenuto

#endif  // TENUTO_TESTS_SUPPORT_HTTP_GET_H_
