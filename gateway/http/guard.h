// SPDX-License-Identifier: Apache-2.0
// Who may ask. Its promise: without a token only this machine's own pages and programs read
// anything, whatever name a web site points at it; with one, only who has it.
//
//   if (auto refusal = Guard(policy).refuse(request, open)) return *refusal;
//
// Against DNS rebinding: a browser sends the name it was pointed at as Host; without a token, only
// our own address, `localhost` and the configured names are served. Against other sites' pages: no
// CORS, and what a browser marks as a cross-site load (Sec-Fetch-Site) is refused unless somebody
// follows a link.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/http/message.h"
#include "gateway/http/token.h"

namespace tributary::http {

struct Policy {
  std::string address;                                             // that it listens on
  std::shared_ptr<const Token> token = std::make_shared<Token>();  // none: none is needed to read
  std::vector<std::string> hosts;                                  // names beside the address
};

class Guard {
 public:
  explicit Guard(Policy policy) : policy_(std::move(policy)) {}
  // `open`: needs no token (health, and the page itself, which holds no data).
  std::optional<Response> refuse(const Request&, bool open) const;
  // To whom refuse() says nothing: what changes something needs the token in any case.
  std::optional<Response> refuse_change(const Request&) const;
  // Has the token, or none is needed.
  bool authorised(const Request&) const;
  // How often the token was replaced: who was let in before is to ask again.
  std::uint64_t token_number() const { return policy_.token->number(); }

 private:
  bool host_known(std::string_view host) const;
  Policy policy_;
};

}  // namespace tributary::http
