// SPDX-License-Identifier: Apache-2.0
// `tributary export` and `tributary import`: what a gateway holds, as JSON for people or as the
// exact envelopes for another fleet's broker. Importing twice changes nothing: envelopes are
// idempotent.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "gateway/app/client.h"
#include "gateway/app/clock.h"
#include "gateway/app/exported.h"
#include "gateway/app/pages.h"
#include "gateway/app/text.h"
#include "transports/wire/ack.h"
#include "transports/wire/envelope.h"

namespace tributary::app {
namespace {

using nlohmann::json;

struct TransferArguments {
  Endpoint endpoint;
  std::string gateway;
  std::string prefix;
  std::string file;
  bool envelopes = false;
  bool as_json = false;
  std::uint32_t timeout_ms = 10'000;
};

std::string dump(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

// --- export

class Output {
 public:
  explicit Output(const std::string& file) : name_(file.empty() ? "standard output" : file) {
    if (!file.empty()) file_ = std::fopen(file.c_str(), "wb");
    if (file_ == nullptr) fail();
  }
  ~Output() {
    if (file_ != stdout) std::fclose(file_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void line(const std::string& text) {
    if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) fail();
    if (std::fputc('\n', file_) == EOF) fail();
  }
  void finish() {
    if (std::fflush(file_) != 0) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw Trouble(Exit::storage, name_ + ": " + std::strerror(errno) +
                                     "\n  name another file, or free space on its disk");
  }
  std::string name_;
  std::FILE* file_ = stdout;
};

json envelope_line(const json& item) {
  json line = {{"hash", item.at("hash")}, {"bytes", item.at("bytes")}};
  const auto bytes = base64_decode(item.at("bytes").get<std::string>());
  if (!bytes) return line;
  // For people and for `import`; the bytes are what counts.
  if (const auto envelope = wire::decode_envelope(*bytes, wire::Limits{})) {
    line["device"] = envelope->delta.device;
    line["epoch"] = hex64(envelope->delta.epoch);
    line["from"] = envelope->delta.from;
    line["to"] = envelope->delta.to;
  }
  return line;
}

void export_envelopes(Client& client, const std::string& gateway, const TransferArguments& a,
                      Output& out) {
  std::size_t count = 0;
  json question = json::object();
  json next = nullptr;
  do {
    if (!next.is_null()) question["after"] = next;
    const json page =
        json::parse(client.request(gateway, "envelopes", dump(question), a.timeout_ms));
    for (const json& item : page.at("envelopes")) {
      out.line(dump(envelope_line(item)));
      ++count;
    }
    next = page.at("next");
  } while (!next.is_null());
  std::fprintf(stderr, "%zu envelopes of gateway %s\n", count, gateway.c_str());
}

Exit run_export(const TransferArguments& a) {
  Client client(a.endpoint, a.timeout_ms);
  const std::string gateway = client.choose_gateway(a.gateway);
  Output out(a.file);
  if (a.envelopes) {
    export_envelopes(client, gateway, a, out);
  } else {
    const json status = json::parse(client.request(gateway, "status", "{}", a.timeout_ms));
    json all = {{"fleet", a.endpoint.fleet},
                {"gateway", gateway},
                {"at", utc_time(wall_now_ms())},
                {"digest", status.at("digest")}};
    all["values"] = json::parse(all_values(client, gateway, a.prefix, a.timeout_ms));
    out.line(all.dump(2, ' ', false, json::error_handler_t::replace));
  }
  out.finish();
  return Exit::ok;
}

// --- import

struct Imported {
  std::string bytes;
  std::string device;
  std::uint64_t epoch = 0, to = 0;
  wire::Hash hash;
  bool confirmed = false;
};

std::vector<Imported> read_file(const std::string& file, const std::string& fleet) {
  std::vector<Imported> out;
  for (const wire::Envelope& e : read_exported(file, fleet)) {
    out.push_back({.bytes = *e.bytes,
                   .device = std::string(e.delta.device),
                   .epoch = e.delta.epoch,
                   .to = e.delta.to,
                   .hash = e.hash,
                   .confirmed = false});
  }
  return out;
}

bool covers(const wire::ActorAck& ack, const Imported& item) {
  if (ack.epoch != item.epoch) return false;
  if (ack.op >= item.to) return true;
  return std::any_of(ack.points.begin(), ack.points.end(), [&](const wire::Point& point) {
    return point.op == item.to && point.hash == item.hash;
  });
}

class Importer {
 public:
  Importer(Client& client, std::string gateway, std::vector<Imported> items)
      : client_(client), gateway_(std::move(gateway)), items_(std::move(items)) {
    client_.subscribe(client_.root() + "/ack/+");
    for (std::size_t i = 0; i < items_.size(); ++i) by_device_[items_[i].device].push_back(i);
  }

  // Sends, waits, and sends again what nobody answered for, until the deadline.
  std::size_t run(std::uint32_t timeout_ms) {
    const std::uint64_t deadline = mono_now_ms() + timeout_ms;
    std::uint64_t pause_ms = 1'000;
    while (true) {
      for (const Imported& item : items_) {
        if (item.confirmed) continue;
        client_.publish(transports::Message{.topic = client_.root() + "/up/" + item.device,
                                            .payload = item.bytes,
                                            .qos = transports::Qos::at_least_once,
                                            .retain = false,
                                            .response_topic = {},
                                            .correlation = {}},
                        timeout_ms);
      }
      listen(std::min(deadline, mono_now_ms() + pause_ms));
      if (waiting() > 0) look_up(timeout_ms);
      if (waiting() == 0 || mono_now_ms() >= deadline) return items_.size() - waiting();
      pause_ms = std::min<std::uint64_t>(pause_ms * 2, 10'000);
    }
  }
  std::size_t waiting() const {
    return static_cast<std::size_t>(std::count_if(
        items_.begin(), items_.end(), [](const Imported& item) { return !item.confirmed; }));
  }

 private:
  void listen(std::uint64_t until_ms) {
    while (waiting() > 0) {
      const auto message = client_.next(until_ms);
      if (!message) return;
      const auto ack = wire::decode_ack(message->payload, wire::Limits{});
      if (!ack) continue;
      const auto found = by_device_.find(std::string(ack->device));
      if (found == by_device_.end()) continue;
      for (const wire::ActorAck& actor : ack->actors) {
        for (const std::size_t i : found->second) {
          items_[i].confirmed = items_[i].confirmed || covers(actor, items_[i]);
        }
      }
    }
  }

  // An envelope whose siblings are long superseded is held without ever being acknowledged.
  void look_up(std::uint32_t timeout_ms) {
    const json held =
        json::parse(all_pages(client_, gateway_, "envelopes", "envelopes", "{}", timeout_ms));
    std::set<std::string> hashes;
    for (const json& item : held) hashes.insert(item.at("hash").get<std::string>());
    for (Imported& item : items_) {
      item.confirmed = item.confirmed || hashes.count(wire::to_hex(item.hash.view())) > 0;
    }
  }

  Client& client_;
  std::string gateway_;
  std::vector<Imported> items_;
  std::map<std::string, std::vector<std::size_t>> by_device_;
};

Exit run_import(const TransferArguments& a) {
  std::vector<Imported> items = read_file(a.file, a.endpoint.fleet);
  const std::size_t total = items.size();
  Client client(a.endpoint, a.timeout_ms);
  const std::string gateway = client.choose_gateway(a.gateway);
  Importer importer(client, gateway, std::move(items));
  const std::size_t confirmed = importer.run(a.timeout_ms);
  if (a.as_json) {
    std::puts(dump({{"envelopes", total}, {"confirmed", confirmed}}).c_str());
  } else {
    std::printf("%zu envelopes, %zu confirmed\n", total, confirmed);
  }
  if (confirmed == total) return Exit::ok;
  throw Trouble(Exit::negative,
                std::to_string(total - confirmed) +
                    " envelopes were not confirmed in time\n  does a gateway hear these devices "
                    "(broker.hears)? Running the import again is harmless");
}

void add_common(CLI::App& app, TransferArguments& a) {
  add_endpoint_options(app, a.endpoint);
  app.add_option("-g,--gateway", a.gateway, "the gateway; without it, the first online")
      ->envname("TRIBUTARY_CLI_GATEWAY");
  app.add_option("--timeout-ms", a.timeout_ms, "how long to wait")
      ->capture_default_str()
      ->check(CLI::Range(1U, 86'400'000U));
}

}  // namespace

void add_transfer(CLI::App& root, Commands& commands) {
  auto out = std::make_shared<TransferArguments>();
  CLI::App* app = root.add_subcommand("export", "write what a gateway holds");
  add_common(*app, *out);
  app->add_option("-o,--output", out->file, "a file; without it, standard output")
      ->type_name("FILE");
  app->add_option("--prefix", out->prefix, "only keys that begin with this");
  app->add_flag("--envelopes", out->envelopes,
                "the live envelopes, byte for byte, one JSON object a line: for import")
      ->excludes("--prefix");
  app->add_flag("--json", out->as_json, "accepted for symmetry: export always writes JSON");
  app->footer(
      examples({"tributary export -o values.json", "tributary export --envelopes -o fleet.jsonl"}));
  commands.push_back({app, [out] { return run_export(*out); }});

  auto in = std::make_shared<TransferArguments>();
  app = root.add_subcommand("import", "publish exported envelopes and wait until they are safe");
  add_common(*app, *in);
  app->add_option("file", in->file, "what export --envelopes wrote; - or nothing: standard input")
      ->type_name("FILE");
  app->add_flag("--json", in->as_json, "as JSON");
  app->footer(examples({"tributary import fleet.jsonl",
                        "tributary export --envelopes | tributary import --broker mqtt://other"}));
  commands.push_back({app, [in] { return run_import(*in); }});
}

}  // namespace tributary::app
