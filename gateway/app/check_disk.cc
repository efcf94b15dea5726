// SPDX-License-Identifier: Apache-2.0
// The disk and the database on it.
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>

#include "gateway/app/check.h"
#include "gateway/app/verify.h"
#include "gateway/store/workbench.h"

namespace tributary::app {
namespace {

using Grade = Finding::Grade;

constexpr std::uint64_t mib = 1U << 20U;
constexpr std::uint64_t free_fail_bytes = 64 * mib;  // one log and one copy of a small database
constexpr std::uint64_t free_warn_bytes = 512 * mib;
constexpr int syncs = 16;
constexpr std::uint64_t sync_slow_us = 100'000;  // ten commits a second

std::string mib_text(std::uint64_t bytes) {
  return std::to_string(bytes / mib) + " MiB";
}

struct Kind {
  unsigned long magic;
  const char* name;
  const char* trouble;  // nullptr: fit for a database
};
constexpr unsigned long cifs_magic = 0xFF534D42, smb2_magic = 0xFE534D42, xfs_magic = 0x58465342,
                        exfat_magic = 0x2011BAB0, zfs_magic = 0x2FC12FC1, fuse_magic = 0x65735546,
                        ubifs_magic = 0x24051905;
constexpr Kind kinds[] = {
    {EXT4_SUPER_MAGIC, "ext4", nullptr},
    {BTRFS_SUPER_MAGIC, "btrfs", nullptr},
    {F2FS_SUPER_MAGIC, "f2fs", nullptr},
    {xfs_magic, "xfs", nullptr},
    {zfs_magic, "zfs", nullptr},
    {ubifs_magic, "ubifs", nullptr},
    {OVERLAYFS_SUPER_MAGIC, "overlayfs", "a container's own layer: it goes with the container"},
    {TMPFS_MAGIC, "tmpfs", "memory: nothing of it outlives the machine's next start"},
    {RAMFS_MAGIC, "ramfs", "memory: nothing of it outlives the machine's next start"},
    {NFS_SUPER_MAGIC, "nfs", "a network's: its locks and syncs are not to be relied on"},
    {cifs_magic, "cifs", "a network's: its locks and syncs are not to be relied on"},
    {smb2_magic, "smb", "a network's: its locks and syncs are not to be relied on"},
    {MSDOS_SUPER_MAGIC, "vfat", "without a journal: a power cut may damage it"},
    {exfat_magic, "exfat", "without a journal: a power cut may damage it"},
    {fuse_magic, "fuse", "a program's: whether it honours syncs is that program's matter"},
};

void check_kind(const std::string& directory, Findings& out) {
  struct statfs s {};
  if (::statfs(directory.c_str(), &s) != 0) return;  // said elsewhere
  const auto magic = static_cast<unsigned long>(s.f_type) & 0xFFFFFFFFUL;
  for (const Kind& kind : kinds) {
    if (kind.magic != magic) continue;
    if (kind.trouble == nullptr) {
      out.push_back({"disk", Grade::ok, std::string("file system ") + kind.name, ""});
    } else {
      out.push_back({"disk", Grade::warn, directory + " is on " + kind.name + ", " + kind.trouble,
                     "set gateway.data_dir to a directory on a local disk"});
    }
    return;
  }
  out.push_back({"disk", Grade::ok, "file system of a kind that is not known here", ""});
}

void check_space(const std::string& directory, Findings& out) {
  std::error_code error;
  const auto space = std::filesystem::space(directory, error);
  if (error) return;
  const std::string what =
      mib_text(space.available) + " of " + mib_text(space.capacity) + " are free at " + directory;
  if (space.available >= free_warn_bytes) {
    out.push_back({"disk", Grade::ok, what, ""});
    return;
  }
  out.push_back({"disk", space.available < free_fail_bytes ? Grade::fail : Grade::warn, what,
                 "free some space: a full disk stops every acknowledgement until there is some"});
}

// Writes and syncs as the log of the database is; what a commit costs at least. An errno number.
int try_syncs(const std::string& file, std::uint64_t& slowest_us) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return errno;
  const std::string page(4096, 'x');
  int number = 0;
  for (int i = 0; i < syncs && number == 0; ++i) {
    const auto began = std::chrono::steady_clock::now();
    if (::write(fd, page.data(), page.size()) != static_cast<ssize_t>(page.size()) ||
        ::fdatasync(fd) != 0) {
      number = errno;
    }
    const auto took = std::chrono::steady_clock::now() - began;
    slowest_us = std::max(slowest_us,
                          static_cast<std::uint64_t>(
                              std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  }
  ::close(fd);
  ::unlink(file.c_str());
  return number;
}

void check_syncs(const std::string& directory, Findings& out) {
  std::uint64_t slowest_us = 0;
  const std::string file = directory + "/check." + std::to_string(::getpid()) + ".tmp";
  if (const int number = try_syncs(file, slowest_us)) {
    out.push_back({"disk", Grade::fail,
                   directory + ": a file cannot be written and synced: " + std::strerror(number),
                   "give the gateway's user the directory (chown), or set gateway.data_dir to "
                   "another; if the disk fails, replace it"});
    return;
  }
  const std::string what = "fsync works, the slowest of " + std::to_string(syncs) + " took " +
                           std::to_string(slowest_us / 1000) + "." +
                           std::to_string(slowest_us / 100 % 10) + " ms";
  if (slowest_us < sync_slow_us) {
    out.push_back({"disk", Grade::ok, what, ""});
    return;
  }
  out.push_back({"disk", Grade::warn, what,
                 "every acknowledgement waits for it: take a better disk, or raise "
                 "commit.batch_max and commit.timeout_ms"});
}

std::string nearest_directory(std::filesystem::path path) {
  path = std::filesystem::absolute(path);
  std::error_code error;
  while (!std::filesystem::is_directory(path, error) && path.has_relative_path()) {
    path = path.parent_path();
  }
  return path.string();
}

}  // namespace

void check_disk(const config::Loaded& loaded, Findings& out) {
  const std::string wanted = loaded.gateway.gateway.data_dir;
  const std::string directory = nearest_directory(wanted);
  std::error_code error;
  if (std::filesystem::exists(wanted, error) && !std::filesystem::is_directory(wanted, error)) {
    out.push_back(
        {"disk", Grade::fail, wanted + " is no directory", "set gateway.data_dir to a directory"});
    return;
  }
  check_kind(directory, out);
  check_space(directory, out);
  check_syncs(directory, out);
}

void check_database(const config::Loaded& loaded, Findings& out) {
  const std::string& path = loaded.derived.database_path;
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    out.push_back(
        {"database", Grade::ok, path + " is not there yet: the first start makes it", ""});
    return;
  }
  if (const auto pid = store::holder_of(path)) {
    out.push_back({"database", Grade::ok,
                   path + " is in use by process " + std::to_string(*pid) +
                       "; `tributary backup` makes a copy, which is verified",
                   ""});
    return;
  }
  const Verdict verdict = verify_database(path);
  if (!verdict.refused.empty()) {
    out.push_back({"database", Grade::fail, verdict.refused, "see docs/operations.md"});
    return;
  }
  const config::Gateway::Identity& is = loaded.gateway.gateway;
  if (verdict.about.identity.fleet != is.fleet || verdict.about.identity.gateway != is.id) {
    out.push_back({"database", Grade::fail,
                   path + " belongs to gateway " + verdict.about.identity.gateway + " of fleet " +
                       verdict.about.identity.fleet,
                   "set gateway.id and gateway.fleet back, or gateway.data_dir to another "
                   "directory"});
    return;
  }
  if (!verdict.wrong.empty()) {
    out.push_back({"database", Grade::fail,
                   path + ": " + verdict.wrong.front() +
                       (verdict.wrong.size() > 1
                            ? ", and " + std::to_string(verdict.wrong.size() - 1) + " more"
                            : ""),
                   "`tributary verify " + path +
                       "` lists all; the gateway sets aside what is damaged when it starts, and "
                       "peers and devices bring it again"});
    return;
  }
  out.push_back({"database", Grade::ok,
                 path + ": sound, " + std::to_string(verdict.about.envelopes) + " envelopes of " +
                     std::to_string(verdict.about.actors) + " actors",
                 ""});
}

}  // namespace tributary::app
