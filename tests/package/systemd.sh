#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The package under a real systemd, as docs/operations.md says: installed, started by its unit, asked, reloaded, backed up and
# restored, its disk damaged, lost and full, stopped, killed, hung, wrongly configured, upgraded, removed, purged.
# Usage: systemd.sh PACKAGE.deb|BUILD_DIR [IMAGE]: of a build directory the package is made first. Needs podman (or docker as
# $CONTAINERS) that may run a systemd, and a network that has Debian's packages. Exit 77, with a line that says what lacks, where it
# cannot. Prints "all of it works" at the end.
set -euo pipefail
given=$(realpath "$1")
image=${2:-docker.io/library/debian:bookworm-slim}
engine=${CONTAINERS:-podman}
name=tributary-systemd-$$
work=$(mktemp -d)
trap '"$engine" rm -f "$name" >/dev/null 2>&1 || true; "$engine" rmi -f "$name" >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
skip() { echo "skipped: $*"; exit 77; }

command -v "$engine" >/dev/null || skip "$engine is not here"
isolation=()
[ "$engine" != podman ] || isolation=(--isolation chroot)
if [ -d "$given" ]; then
  ninja -C "$given" manual >/dev/null
  (cd "$work" && cpack -G DEB -B "$work/made" --config "$given/CPackConfig.cmake" >/dev/null)
  given=$(echo "$work"/made/*.deb)
fi
# With what the package depends on: the container itself has no network but its loopback.
cp "$given" "$work/tributary.deb"
make_image() { # TARGET
  "$engine" build "${isolation[@]}" --network host --target "$1" -t "$name" "$work" >"$work/log" 2>&1
}
cat >"$work/Dockerfile" <<DOCKERFILE
FROM $image AS machine
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
  systemd systemd-sysv dbus mosquitto mosquitto-clients procps curl openssl >/dev/null
FROM machine AS ready
COPY tributary.deb /
RUN DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends /tributary.deb >/dev/null && \
  apt-get purge -y -qq tributary >/dev/null
DOCKERFILE
make_image machine || skip "no image with systemd: $(tail -n 1 "$work/log")"
make_image ready || { cat "$work/log"; echo "not so: the package can be installed"; exit 1; }
systemd=()
[ "$engine" != podman ] || systemd=(--systemd=always)
"$engine" run -d --name "$name" "${systemd[@]}" --privileged --network none --tmpfs /small:size=48m "$name" /sbin/init >/dev/null 2>"$work/log" ||
  skip "no container with systemd: $(tail -n 1 "$work/log")"
for _ in $(seq 50); do
  state=$("$engine" exec "$name" systemctl is-system-running 2>/dev/null || true)
  case "$state" in running | degraded) break ;; esac
  sleep 0.2
done
case "$state" in running | degraded) ;; *) skip "systemd does not come up in a container here: $state" ;; esac

cat >"$work/inside" <<'INSIDE'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
fail() { echo "not so: $*" >&2; journalctl -u tributary -n 30 --no-pager >&2; exit 1; }
until_true() { # SECONDS COMMAND …
  local end=$((SECONDS + $1)); shift
  while ! "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "in time: $*"
    sleep 0.1
  done
}
step() { echo "-- $*"; }
# Into files, not pipes: a grep that has found it ends whoever still writes, and pipefail calls that a failure.
journal() { journalctl -u tributary --no-pager -o cat --since "@$since" >/tmp/journal; }
said() { journal && grep -q -- "$1" /tmp/journal; }
now() { since=$(date +%s); }
pid() { systemctl show -p MainPID --value tributary; }
status() { systemctl status tributary --no-pager >/tmp/status; grep -q "Status: \"$1" /tmp/status; }
online() { status online; }
people() { tributary get hall/people; }
db=/var/lib/tributary/gateway.db

step "install"
apt-get install -y -qq --no-install-recommends /tributary.deb >/dev/null 2>&1
systemctl is-enabled --quiet tributary
cp /usr/share/doc/tributary/mosquitto.conf /etc/mosquitto/mosquitto.conf
systemctl restart mosquitto

step "first start"
openssl rand -hex 32 >/etc/tributary/token
chown tributary /etc/tributary/token && chmod 600 /etc/tributary/token
sed -i 's|^\[http\]|&\ntoken_file = "/etc/tributary/token"|' /etc/tributary/gateway.toml
setpriv --reuid tributary --regid tributary --clear-groups tributary check --config /etc/tributary/gateway.toml
now
systemctl restart tributary
until_true 30 online
[ "$(stat -c '%U %a' /var/lib/tributary)" = "tributary 750" ] || fail "the state's directory"
printf 'timestamp,key,type,operation,value\n1,hall/people,gcounter,add,3\n' >/tmp/day.csv
tributary device replay /tmp/day.csv --id d1 --speed 0
[ "$(people)" = 3 ] || fail "counted"
curl -fsS -H "Authorization: Bearer $(cat /etc/tributary/token)" http://127.0.0.1:8080/api/v1/status | grep -q '"state":"online"' || fail "HTTP answers"
systemd-analyze security tributary --no-pager | tail -n 1

step "reload"
before=$(pid)
now
printf '\n[log]\nlevel = "debug"\n' >>/etc/tributary/gateway.toml
systemctl reload tributary
until_true 20 said 'reloaded: .*log.level'
[ "$(pid)" = "$before" ] || fail "a reload is no restart"
cp /etc/tributary/gateway.toml /tmp/good.toml
printf '\n[commit]\nbatch_mx = 1\n' >>/etc/tributary/gateway.toml
now
systemctl reload tributary
until_true 20 said 'reload-refused: .*batch_mx'
[ "$(pid)" = "$before" ] && [ "$(people)" = 3 ] || fail "a refused reload changes nothing"
cp /tmp/good.toml /etc/tributary/gateway.toml

step "a configuration that is wrong at the start is said, and not tried again and again"
printf '\n[commit]\nbatch_mx = 1\n' >>/etc/tributary/gateway.toml
now
! systemctl restart tributary 2>/dev/null || fail "it started"
[ "$(systemctl show -p ExecMainStatus --value tributary)" = 3 ] || fail "status 3"
[ "$(systemctl show -p ActiveState --value tributary)" = failed ] || fail "it stays so"
journal && sed -i '/reload-refused/d' /tmp/journal && grep -q batch_mx /tmp/journal || fail "the journal says what is wrong"
cp /tmp/good.toml /etc/tributary/gateway.toml
systemctl restart tributary
until_true 30 online

step "killed, it is back"
before=$(pid)
changed() { [ "$(pid)" != "$before" ] && [ "$(pid)" != 0 ] && online; }
kill -9 "$before"
until_true 30 changed
[ "$(people)" = 3 ] || fail "with what it had"

step "hung, the watchdog starts it again"
mkdir -p /etc/systemd/system/tributary.service.d
printf '[Service]\nWatchdogSec=3\n' >/etc/systemd/system/tributary.service.d/test.conf
systemctl daemon-reload
systemctl restart tributary
until_true 30 online
before=$(pid)
kill -STOP "$before"
until_true 60 changed
[ "$(people)" = 3 ] || fail "with what it had"
rm /etc/systemd/system/tributary.service.d/test.conf
systemctl daemon-reload

step "backup, and restore"
tributary backup $db /tmp/backup.db
sed -i 's/^1,/2,/; s/add,3/add,4/' /tmp/day.csv
tributary device replay /tmp/day.csv --id d2 --speed 0
[ "$(people)" = 7 ] || fail "counted on"
! tributary restore /tmp/backup.db $db --replace 2>/tmp/err || fail "restored under a running gateway"
grep -q 'in use' /tmp/err || fail "and says so"
systemctl stop tributary
tributary restore /tmp/backup.db $db --replace
systemctl start tributary
until_true 30 online
whole() { [ "$(people)" = 7 ]; }
until_true 30 whole
[ -e $db.before-restore-1 ] || fail "what was there is kept"

step "dead letters, with the token"
printf 'no envelope' >/tmp/garbage
mosquitto_pub -t tributary/v1/demo/up/d9 -q 1 -f /tmp/garbage
listed() { tributary dead-letters list --gateway gateway-1 | grep -q d9; }
until_true 20 listed
! tributary dead-letters release --gateway gateway-1 --token-file /etc/tributary/token --all 2>/tmp/out || fail "released"
grep -q 'stays: malformed' /tmp/out || fail "what is refused again stays, and why is said"
tributary dead-letters drop --gateway gateway-1 --token-file /etc/tributary/token --all
! listed || fail "dropped"
step "and with the database"
mosquitto_pub -t tributary/v1/demo/up/d9 -q 1 -f /tmp/garbage
until_true 20 listed
tributary dead-letters list $db | grep -q d9
systemctl stop tributary
tributary dead-letters drop $db --all
tributary compact $db
tributary verify $db
systemctl start tributary
until_true 30 online
whole || fail "as it was"

step "a lost disk"
systemctl stop tributary
rm -f $db $db-wal $db-shm
systemctl start tributary
until_true 30 online
until_true 30 whole

step "a damaged disk"
systemctl stop tributary
dd if=/dev/urandom of=$db bs=1 seek=100 count=4000 conv=notrunc status=none
now
systemctl start tributary
until_true 30 online
until_true 30 whole
said 'database-damaged' || fail "the journal says so"
ls $db.corrupt-1 >/dev/null
! tributary verify $db.corrupt-1 >/tmp/out 2>&1 || fail "verify finds nothing"

step "a full disk"
systemctl stop tributary
install -d -o tributary -g tributary /small/state
printf '[Service]\nReadWritePaths=/small/state\n' >/etc/systemd/system/tributary.service.d/test.conf
systemctl daemon-reload
cp /etc/tributary/gateway.toml /tmp/good.toml
sed -i 's|^data_dir = .*|data_dir = "/small/state"|' /etc/tributary/gateway.toml
grep -q '/small/state' /etc/tributary/gateway.toml || fail "data_dir is set in the configuration"
systemctl start tributary
until_true 30 online
until_true 30 whole
head -c 100M /dev/zero >/small/ballast 2>/dev/null || true
printf 'timestamp,key,type,operation,value\n3,hall/people,gcounter,add,5\n' >/tmp/more.csv
tributary device replay /tmp/more.csv --id d3 --speed 0 --drain-ms 60000 &
device=$!
until_true 30 status degraded
[ "$(curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/readyz)" = 503 ] || fail "/readyz"
rm /small/ballast
wait $device || fail "acknowledged once there is room"
until_true 30 online
[ "$(people)" = 12 ] || fail "exact"
systemctl stop tributary
cp /tmp/good.toml /etc/tributary/gateway.toml
rm -r /etc/systemd/system/tributary.service.d
systemctl daemon-reload
systemctl start tributary
until_true 30 online

step "measuring, and help from afar"
setpriv --reuid tributary --regid tributary --clear-groups tributary bench --config /etc/tributary/gateway.toml --disk-only
(cd /tmp && tributary diag collect --config /etc/tributary/gateway.toml)
tar -xOzf /tmp/tributary-diag-*.tar.gz >/tmp/bundle
grep -q gateway-1 /tmp/bundle || fail "a bundle with something in it"
! grep -q "$(cat /etc/tributary/token)" /tmp/bundle || fail "the token is in the bundle"

step "another token, at a reload"
cp /etc/tributary/token /tmp/before
openssl rand -hex 32 >/etc/tributary/token
now
systemctl reload tributary
until_true 20 said 'another token'
asks() { curl -s -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $(cat "$1")" http://127.0.0.1:8080/api/v1/status; }
[ "$(asks /tmp/before)" = 401 ] && [ "$(asks /etc/tributary/token)" = 200 ] || fail "the new one, and not the old"

step "upgrade"
before=$(pid)
dpkg-deb -R /tributary.deb /tmp/newer
sed -i 's/^Version: .*/Version: 99.0/' /tmp/newer/DEBIAN/control
dpkg-deb --root-owner-group -b /tmp/newer /tmp/newer.deb >/dev/null
apt-get install -y -qq -o Dpkg::Options::=--force-confold /tmp/newer.deb >/dev/null 2>&1
until_true 30 online
[ "$(pid)" != "$before" ] || fail "the service is restarted"
grep -q token_file /etc/tributary/gateway.toml || fail "an upgrade keeps the configuration"
until_true 30 people

step "remove, and purge"
apt-get remove -y -qq tributary >/dev/null 2>&1
! systemctl is-active --quiet tributary || fail "stopped"
[ ! -e /usr/bin/tributary ] && [ -e /etc/tributary/gateway.toml ] && [ -e $db ] || fail "configuration and database stay"
apt-get purge -y -qq tributary >/dev/null 2>&1
[ ! -e /etc/tributary/gateway.toml ] && [ ! -e /var/lib/tributary ] || fail "a purge leaves nothing"
echo "all of it works"
INSIDE
"$engine" cp "$work/inside" "$name":/inside
# To its last line, whatever a command in it reads.
"$engine" exec "$name" bash /inside </dev/null | tee "$work/said"
[ "$(tail -n 1 "$work/said")" = "all of it works" ]
