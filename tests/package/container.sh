#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The package on a bare Debian 12: installed with what it depends on, run with its own unit's command as its own user,
# upgraded, removed, purged. Usage: container.sh PACKAGE.deb [IMAGE]; needs podman (or docker as $CONTAINERS), and a network
# that has Debian's packages. Prints "all of it works" at the end.
set -euo pipefail
package=$(realpath "$1")
image=${2:-docker.io/library/debian:bookworm-slim}
engine=${CONTAINERS:-podman}

"$engine" run --rm -i --network host -v "$package":/tributary.deb:ro "$image" bash -s <<'INSIDE'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
fail() { echo "not so: $*" >&2; exit 1; }
until_true() { # SECONDS COMMAND …
  local end=$((SECONDS + $1)); shift
  while ! "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "in time: $*"
    sleep 0.2
  done
}
apt-get update -qq
# The small package with systemd-sysusers: there is no systemd to run here.
apt-get install -y -qq --no-install-recommends systemd-standalone-sysusers mosquitto >/dev/null
apt-get install -y -qq --no-install-recommends /tributary.deb >/dev/null
id tributary
tributary version
! ldd /usr/bin/tributary | grep "not found" || fail "every library is there"
tributary config check /etc/tributary/gateway.toml

port=$((20000 + RANDOM % 20000))
printf 'listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 100000\n' $port >/tmp/broker.conf
mosquitto -c /tmp/broker.conf >/tmp/broker.log 2>&1 &
broker=$!
trap 'kill $broker 2>/dev/null || true' EXIT
sed -i "s|mqtt://127.0.0.1:1883|mqtt://127.0.0.1:$port|; s|127.0.0.1:8080|127.0.0.1:0|" /etc/tributary/gateway.toml
# What StateDirectory= does.
install -d -o tributary -g tributary -m 0750 /var/lib/tributary
command=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/tributary.service)
start() {
  setpriv --reuid tributary --regid tributary --clear-groups $command >>/tmp/gateway.log 2>&1 &
  gateway=$!
}
at="--broker mqtt://127.0.0.1:$port"
setpriv --reuid tributary --regid tributary --clear-groups tributary check --config /etc/tributary/gateway.toml
start
until_true 20 tributary status $at
printf 'timestamp,key,type,operation,value\n1,hall/people,gcounter,add,3\n' >/tmp/day.csv
tributary device replay /tmp/day.csv $at --id d1 --speed 0
[ "$(tributary get hall/people $at)" = 3 ] || fail "counted"
tributary backup /var/lib/tributary/gateway.db /tmp/backup.db

echo '# mine' >>/etc/tributary/gateway.toml
dpkg-deb -R /tributary.deb /tmp/newer
sed -i 's/^Version: .*/Version: 99.0/' /tmp/newer/DEBIAN/control
dpkg-deb --root-owner-group -b /tmp/newer /tmp/newer.deb >/dev/null
apt-get install -y -qq -o Dpkg::Options::=--force-confold /tmp/newer.deb >/dev/null
grep -q '# mine' /etc/tributary/gateway.toml || fail "an upgrade keeps the configuration"
kill -TERM $gateway; wait $gateway || fail "a clean end"
start
until_true 20 tributary get hall/people $at
kill -TERM $gateway; wait $gateway || fail "a clean end"

apt-get remove -y -qq tributary >/dev/null
[ ! -e /usr/bin/tributary ] && [ -e /etc/tributary/gateway.toml ] && [ -e /var/lib/tributary/gateway.db ] ||
  fail "a removal takes the program and leaves configuration and database"
apt-get purge -y -qq tributary >/dev/null
[ ! -e /etc/tributary/gateway.toml ] && [ ! -e /var/lib/tributary ] || fail "a purge leaves nothing"
echo "all of it works"
INSIDE
