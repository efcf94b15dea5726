// SPDX-License-Identifier: Apache-2.0
#include "gateway/app/verify.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "gateway/core/contradiction.h"
#include "gateway/core/gateway.h"
#include "transports/wire/evidence.h"

namespace tributary::app {
namespace {

constexpr std::size_t wrong_max = 200;

struct Rows {
  std::vector<core::EnvelopeRow> envelopes;
  std::vector<core::ActorRow> actors;
};

// Whatever limits the gateway was given when it took these.
core::Options widest(const store::Identity& identity) {
  core::Options o;
  o.fleet = identity.fleet;
  o.gateway = identity.gateway;
  o.wire.sealed_bytes_max = 1U << 20U;
  o.wire.body_bytes_max = 1U << 20U;
  o.wire.entries_max = 1U << 17U;
  o.wire.key_bytes_max = 65'535;
  o.wire.element_bytes_max = 1U << 20U;
  o.wire.scalar_bytes_max = 1U << 20U;
  o.actors_max = ~std::uint32_t{0};
  o.keys_max = ~std::uint32_t{0};
  return o;
}

class Judge {
 public:
  explicit Judge(Verdict& verdict) : verdict_(verdict), options_(widest(verdict.about.identity)) {}

  void say(std::string text) {
    if (verdict_.wrong.size() < wrong_max) verdict_.wrong.push_back(std::move(text));
  }

  void envelope(const core::EnvelopeRow& row) {
    const std::string where = "envelope " + std::to_string(row.row) + " of " + row.device + ": ";
    if (wire::is_evidence(row.bytes)) return evidence(row, where);
    const auto e = wire::decode_envelope(std::string_view(row.bytes), options_.wire);
    if (!e) return say(where + "does not decode: " + to_string(e.error()));
    if (e->hash.view() != row.hash) return say(where + "its bytes are not those of its hash");
    if (e->delta.fleet != options_.fleet) {
      return say(where + "of fleet " + std::string(e->delta.fleet));
    }
    if (e->delta.device != row.device || e->delta.epoch != row.epoch || e->delta.from != row.from ||
        e->delta.to != row.to) {
      say(where + "its columns do not say what it holds");
    }
    if (!hashes_.insert(row.hash).second) say(where + "is there twice");
  }

  void evidence(const core::EnvelopeRow& row, const std::string& where) {
    const auto pair = wire::decode_evidence(row.bytes, options_.wire);
    if (!pair) return say(where + "evidence that does not decode: " + to_string(pair.error()));
    if (pair->id.view() != row.hash) return say(where + "its bytes are not those of its hash");
    const wire::Delta& d = pair->first.delta;
    if (d.fleet != options_.fleet) return say(where + "of fleet " + std::string(d.fleet));
    if (!core::contradiction(d, pair->second.delta)) return say(where + "evidence of nothing");
    if (d.device != row.device || d.epoch != row.epoch)
      say(where + "its columns do not say what it holds");
    if (!hashes_.insert(row.hash).second) say(where + "is there twice");
  }

  void actor(const core::ActorRow& row) {
    if (!actors_.insert({row.device, row.epoch}).second) {
      say("actor " + row.device + ", epoch " + std::to_string(row.epoch) + ": is there twice");
    }
  }

  // The state of these rows, and what restoring them had to say.
  std::string rebuild(const Rows& rows, bool backwards, bool tell) {
    core::Gateway gateway(options_, verdict_.about.incarnation, 1);
    const std::size_t count = rows.envelopes.size();
    for (std::size_t i = 0; i < count; ++i) {
      gateway.restore(core::EnvelopeRow(rows.envelopes[backwards ? count - 1 - i : i]));
    }
    for (const core::ActorRow& row : rows.actors) gateway.restore(core::ActorRow(row));
    gateway.start({.mono_ms = 1, .wall_ms = 1});
    for (const core::Notice& notice : gateway.take_output().notices) {
      if (tell && notice.level >= core::Notice::Level::warning) {
        say(std::string(notice.kind) + ": " + notice.text);
      }
    }
    return gateway.summary().digest;
  }

 private:
  Verdict& verdict_;
  const core::Options options_;
  std::set<std::string> hashes_;
  std::set<std::pair<std::string, std::uint64_t>> actors_;
};

void judge_rows(store::Workbench& bench, Verdict& verdict) {
  Judge judge(verdict);
  Rows rows;
  const auto loaded = bench.load({
      .envelope =
          [&](core::EnvelopeRow&& row) {
            judge.envelope(row);
            rows.envelopes.push_back(std::move(row));
          },
      .actor =
          [&](core::ActorRow&& row) {
            judge.actor(row);
            rows.actors.push_back(std::move(row));
          },
  });
  if (!loaded) return judge.say(loaded.error().message);
  // The rows' own faults are said; restoring would say them again.
  const bool tell = verdict.wrong.empty();
  verdict.digest = judge.rebuild(rows, false, tell);
  if (judge.rebuild(rows, true, false) != verdict.digest) {
    judge.say("its envelopes make another state in another order");
  }
}

}  // namespace

Verdict verify_database(const std::string& path) {
  Verdict verdict;
  const auto refuse = [&](const store::Error& e) {
    verdict.refused = e.message;
    verdict.kind = e.kind;
  };
  auto bench = store::Workbench::open(path);
  if (!bench) {
    refuse(bench.error());
    return verdict;
  }
  verdict.wrong = (*bench)->wrong();
  auto about = (*bench)->about();
  if (!about) {
    refuse(about.error());
    return verdict;
  }
  verdict.about = std::move(*about);
  judge_rows(**bench, verdict);
  return verdict;
}

}  // namespace tributary::app
