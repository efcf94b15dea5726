// SPDX-License-Identifier: Apache-2.0
// What is done to a gateway's database from outside: verify, backup, restore, compact.
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "gateway/app/cli.h"
#include "gateway/app/entropy.h"
#include "gateway/app/live_copy.h"
#include "gateway/app/text.h"
#include "gateway/app/verify.h"
#include "gateway/store/workbench.h"

namespace tributary::app {
namespace {

namespace fs = std::filesystem;

struct DatabaseArguments {
  std::string database;
  std::string file;
  bool json = false;
  bool replace = false;
  std::uint64_t timeout_ms = 600'000;
};

[[noreturn]] void fail(const store::Error& e) {
  throw Trouble(Exit::storage, e.message);
}

void print(const Verdict& v, const std::string& path, bool as_json) {
  if (as_json) {
    const nlohmann::json out = {{"file", path},
                                {"sound", v.sound()},
                                {"wrong", v.wrong},
                                {"fleet", v.about.identity.fleet},
                                {"gateway", v.about.identity.gateway},
                                {"incarnation", hex64(v.about.incarnation)},
                                {"schema", v.about.schema},
                                {"bytes", v.about.bytes},
                                {"free_bytes", v.about.free_bytes},
                                {"envelopes", v.about.envelopes},
                                {"actors", v.about.actors},
                                {"dead_letters", v.about.dead_letters},
                                {"quarantined", v.about.quarantined},
                                {"digest", v.digest}};
    std::puts(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    return;
  }
  for (const std::string& wrong : v.wrong) std::printf("wrong: %s\n", wrong.c_str());
  std::printf("%s: %s, gateway %s of fleet %s, %llu envelopes of %llu actors, digest %.16s\n",
              path.c_str(), v.sound() ? "sound" : "DAMAGED", v.about.identity.gateway.c_str(),
              v.about.identity.fleet.c_str(), static_cast<unsigned long long>(v.about.envelopes),
              static_cast<unsigned long long>(v.about.actors), v.digest.c_str());
}

// Throws Trouble when it cannot be looked at.
Verdict verified(const std::string& path) {
  Verdict v = verify_database(path);
  if (!v.refused.empty()) throw Trouble(Exit::storage, v.refused);
  return v;
}

Exit run_verify(const DatabaseArguments& a) {
  const Verdict v = verified(a.database);
  print(v, a.database, a.json);
  if (v.sound()) return Exit::ok;
  if (!a.json) {
    std::puts(
        "  the gateway sets aside what is damaged when it starts, and peers and devices bring it "
        "again;\n  or restore a backup (docs/operations.md, \"A lost disk\")");
  }
  return Exit::negative;
}

// --- backup

Exit run_backup(const DatabaseArguments& a) {
  if (fs::exists(a.file)) {
    throw Trouble(Exit::storage,
                  "'" + a.file + "' exists already, and is left as it is\n  name another file");
  }
  if (const auto holder = store::holder_of(a.database)) {
    const std::string copy = live_copy(a.database, *holder, a.timeout_ms);
    const auto copied = store::copy_file(copy, a.file, false);
    std::error_code ignored;
    fs::remove(copy, ignored);
    if (!copied) fail(copied.error());
  } else {
    auto bench = store::Workbench::open(a.database);
    if (!bench) fail(bench.error());
    if (const auto copied = (*bench)->copy_to(a.file); !copied) fail(copied.error());
  }
  const Verdict v = verified(a.file);
  print(v, a.file, a.json);
  if (v.sound()) return Exit::ok;
  throw Trouble(Exit::storage,
                "the copy is as damaged as the database is\n  see `tributary verify " + a.file +
                    "`, and look at the disk");
}

// --- restore

// A free name for what stands where the restored file goes.
std::string name_for_the_old(const std::string& database) {
  for (int n = 1;; ++n) {
    std::string name = database + ".before-restore-" + std::to_string(n);
    if (!fs::exists(name)) return name;
  }
}

void refuse_held(const std::string& database, const std::string& what) {
  const auto holder = store::holder_of(database);
  if (!holder) return;
  throw Trouble(Exit::storage, database + " is in use by process " + std::to_string(*holder) +
                                   ": " + what +
                                   "\n  stop the gateway first: systemctl stop "
                                   "tributary");
}

void move_old_aside(const DatabaseArguments& a) {
  if (!fs::exists(a.database)) return;
  const std::string to = name_for_the_old(a.database);
  // The log first: without it the database is a little old, without the database it is nothing.
  for (const char* suffix : {"-wal", ""}) {
    std::error_code error;
    if (*suffix != '\0' && !fs::exists(a.database + suffix)) continue;
    fs::rename(a.database + suffix, to + suffix, error);
    if (error) {
      throw Trouble(Exit::storage,
                    a.database + suffix + ": cannot be moved aside: " + error.message());
    }
  }
  std::printf("what was there is now %s\n", to.c_str());
}

void own_like_directory(const std::string& file) {
  const fs::path directory = fs::absolute(file).parent_path();
  struct ::stat s {};
  if (::geteuid() != 0 || ::stat(directory.c_str(), &s) != 0) return;
  if (::chown(file.c_str(), s.st_uid, s.st_gid) != 0) {
    std::fprintf(stderr, "warning: %s stays root's: chown it to the gateway's user\n",
                 file.c_str());
  }
}

Exit run_restore(const DatabaseArguments& a) {
  refuse_held(a.database, "nothing is restored over it");
  const Verdict v = verified(a.file);
  if (!v.sound()) {
    print(v, a.file, false);
    throw Trouble(Exit::storage, a.file +
                                     " is damaged, and is not restored\n  take another backup; "
                                     "without one, start the gateway with no database: its "
                                     "state comes back from peers and devices");
  }
  if (fs::exists(a.database) && !a.replace) {
    throw Trouble(Exit::storage, a.database +
                                     " is there already\n  with --replace it is moved "
                                     "aside, and kept");
  }
  const std::string beside = a.database + ".restored";
  if (const auto copied = store::copy_file(a.file, beside, true); !copied) fail(copied.error());
  {
    auto bench = store::Workbench::open(beside);
    if (!bench) fail(bench.error());
    if (const auto done = (*bench)->rename_life(random64()); !done) fail(done.error());
  }
  own_like_directory(beside);
  move_old_aside(a);
  const auto placed = store::copy_file(beside, a.database, false);
  std::error_code ignored;
  fs::remove(beside, ignored);
  if (!placed) fail(placed.error());
  own_like_directory(a.database);
  const Verdict now = verified(a.database);
  print(now, a.database, a.json);
  if (!a.json) {
    std::puts(
        "  it has a new incarnation: devices send again what was acknowledged after the backup\n"
        "  start the gateway: systemctl start tributary");
  }
  return Exit::ok;
}

// --- compact

Exit run_compact(const DatabaseArguments& a) {
  refuse_held(a.database, "it cannot be compacted meanwhile");
  const Verdict v = verified(a.database);
  if (!v.sound()) {
    throw Trouble(Exit::storage, a.database +
                                     " is damaged, and is left as it is\n  see `tributary "
                                     "verify " +
                                     a.database + "`");
  }
  const std::uint64_t before = fs::file_size(a.database);
  {
    auto bench = store::Workbench::open(a.database);
    if (!bench) fail(bench.error());
    if (const auto done = (*bench)->compact(); !done) fail(done.error());
  }
  const std::uint64_t after = fs::file_size(a.database);
  if (a.json) {
    std::puts(nlohmann::json{{"file", a.database}, {"before_bytes", before}, {"bytes", after}}
                  .dump(2)
                  .c_str());
  } else {
    std::printf("%s: %s bytes, before %s\n", a.database.c_str(),
                grouped(std::to_string(after)).c_str(), grouped(std::to_string(before)).c_str());
  }
  return Exit::ok;
}

using Runner = Exit (*)(const DatabaseArguments&);

CLI::App* add(CLI::App& root, Commands& commands, const char* name, const char* what,
              std::shared_ptr<DatabaseArguments> arguments, Runner runner,
              const std::vector<std::string>& lines) {
  CLI::App* app = root.add_subcommand(name, what);
  app->add_flag("--json", arguments->json, "as JSON");
  app->footer(examples(lines));
  commands.push_back({app, [arguments, runner] { return runner(*arguments); }});
  return app;
}

}  // namespace

void add_database(CLI::App& root, Commands& commands) {
  auto verify = std::make_shared<DatabaseArguments>();
  CLI::App* app = add(root, commands, "verify",
                      "check a database that no gateway has open; exit 1 when it is damaged",
                      verify, run_verify, {"tributary verify /var/lib/tributary/gateway.db"});
  app->add_option("database", verify->database, "gateway.db, or a backup")
      ->required()
      ->type_name("DB");

  auto backup = std::make_shared<DatabaseArguments>();
  app = add(root, commands, "backup", "copy a database, also while its gateway runs, and verify it",
            backup, run_backup,
            {"tributary backup /var/lib/tributary/gateway.db /backup/g1-$(date +%F).db"});
  app->add_option("database", backup->database, "gateway.db in the gateway.data_dir")
      ->required()
      ->type_name("DB");
  app->add_option("file", backup->file, "where to; never over a file that is there")
      ->required()
      ->type_name("FILE");
  app->add_option("--timeout-ms", backup->timeout_ms, "how long a running gateway may take")
      ->capture_default_str();

  auto restore = std::make_shared<DatabaseArguments>();
  app = add(root, commands, "restore",
            "put a backup in a database's place, as a new incarnation; the gateway is stopped",
            restore, run_restore,
            {"tributary restore /backup/g1.db /var/lib/tributary/gateway.db --replace"});
  app->add_option("file", restore->file, "the backup")->required()->type_name("FILE");
  app->add_option("database", restore->database, "gateway.db in the gateway.data_dir")
      ->required()
      ->type_name("DB");
  app->add_flag("--replace", restore->replace, "move aside what is there (it is kept)");

  auto compact = std::make_shared<DatabaseArguments>();
  app =
      add(root, commands, "compact", "give unused space of a database back; the gateway is stopped",
          compact, run_compact, {"tributary compact /var/lib/tributary/gateway.db"});
  app->add_option("database", compact->database, "gateway.db in the gateway.data_dir")
      ->required()
      ->type_name("DB");
}

}  // namespace tributary::app
