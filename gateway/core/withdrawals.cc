// SPDX-License-Identifier: Apache-2.0
#include "gateway/core/withdrawals.h"

#include <algorithm>

namespace tributary::core {

bool Withdrawals::take(std::string_view record) {
  if (const auto w = wire::decode_withdrawal_record(record)) {
    if (withdrawn_.insert(w->grant).second) changed_.push_back(w->grant);
    return true;
  }
  const auto e = wire::decode_exemption_record(record);
  if (!e) return false;
  for (const wire::Hash& h : lists_.take({e->grant, e->id, e->parts}, e->part, e->parts, e->hashes))
    exempt_[e->grant].insert(h);
  return true;
}

bool Withdrawals::exempts(const wire::Hash& grant, const wire::Hash& envelope) const {
  const auto at = exempt_.find(grant);
  return at != exempt_.end() && at->second.contains(envelope);
}

std::size_t Withdrawals::exempt(const wire::Hash& grant) const {
  const auto at = exempt_.find(grant);
  return at == exempt_.end() ? 0 : at->second.size();
}

bool Withdrawals::names(const wire::Hash& envelope) const {
  return std::any_of(exempt_.begin(), exempt_.end(),
                     [&](const auto& of_one) { return of_one.second.contains(envelope); });
}

}  // namespace tributary::core
