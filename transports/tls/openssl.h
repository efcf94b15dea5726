// SPDX-License-Identifier: Apache-2.0
// Owners of what OpenSSL gives out, and its errors in words. Private to sources that use OpenSSL:
// its types are only named here.
//
//   Owned<X509, X509_free> certificate(PEM_read_bio_X509(…));
//   if (!certificate) return "…: " + last_error();
#pragma once
#include <memory>
#include <string>

namespace tributary::transports::tls {

template <auto Free>
struct FreeBy {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
template <class T, auto Free>
using Owned = std::unique_ptr<T, FreeBy<Free>>;

// The oldest error of this thread's queue, which is emptied; "no reason given" when there is none.
std::string last_error();

}  // namespace tributary::transports::tls
