#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What people see from beside a real gateway: history, alerts, exports, Home Assistant, the broker's own figures.
Usage: seeing_test.py BINARY; exit 77: something to test with is missing"""
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import traceback

try:
    import paho.mqtt.client as mqtt
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    from fleet_site import Site, eventually
except ModuleNotFoundError as missing:
    print(f"skipped: {missing} (Debian: python3-paho-mqtt)")
    sys.exit(77)

ROOT = "tributary/v1/demo"


def points(site, gateway, key, kind="gcounter"):
    status, _, text = site.ask(gateway, f"/api/v1/history?key={key}&type={kind}")
    return json.loads(text)["points"] if status == 200 else []


def history_is_kept_and_read(site, g1):
    for total in (3, 7):
        site.replay("dev-1", f"plant/parts,gcounter,add,{3 if total == 3 else 4}")
        eventually(20, f"history has {total}", lambda t=total: any(p[1] == t for p in points(site, g1, "plant/parts")))
    got = site.get(g1, "/api/v1/history?key=plant/parts&type=gcounter")
    assert got["tier"] == "raw" and [p[1] for p in got["points"]][-1] == 7, got
    assert site.ask(g1, "/api/v1/history?key=nobody&type=gcounter")[0] == 404
    status, headers, text = site.ask(g1, "/api/v1/history?key=plant/parts&type=gcounter&from=9&to=3")
    assert status == 400 and headers["content-type"] == "application/problem+json", text
    code, out, err = site.cli("history", "plant/parts", "--since", "1h")
    assert code == 0 and out.rstrip().splitlines()[-1].split()[1] == "7", out + err
    code, out, _ = site.cli("history", "plant/parts", "--csv")
    assert code == 0 and out.startswith("time,last,lowest,highest\n"), out
    assert site.cli("history", "nobody")[0] == 1
    assert site.cli("history", "plant/parts", "--since", "soon")[0] == 2
    eventually(20, "the status counts it", lambda: site.get(g1, "/api/v1/status")["history"]["series"] >= 1)


def history_outlives_the_gateway_and_its_loss_is_nobodys(site, g1):
    site.stop(g1, signal.SIGKILL)
    g1 = site.gateway("g1")
    assert [p[1] for p in points(site, g1, "plant/parts")][-1] == 7, "after kill -9"
    site.stop(g1, signal.SIGKILL)
    path = os.path.join(site.dir, "g1", "history.db")
    for end in ("-wal", "-shm"):
        if os.path.exists(path + end):
            os.remove(path + end)
    with open(path, "r+b") as f:
        f.write(b"rotten" * 2000)
    g1 = site.gateway("g1")
    assert site.get(g1, "/api/v1/value?key=plant/parts")["values"][0]["value"] == 7, "the totals are elsewhere"
    site.replay("dev-1", "plant/parts,gcounter,add,1")
    eventually(20, "history goes on", lambda: any(p[1] == 8 for p in points(site, g1, "plant/parts")))
    assert os.path.exists(path + ".damaged") and "begins anew" in site.read_log(g1), site.read_log(g1)
    return g1


def history_without_a_disk_of_its_own_leaves_the_totals_alone(site):
    """A directory stands where the file should be: nothing can be written."""
    os.makedirs(os.path.join(site.dir, "g2", "history.db", "in-the-way"))
    g2 = site.gateway("g2")
    site.replay("dev-2", "plant/two,gcounter,add,5")
    eventually(20, "it is counted", lambda: site.ask(g2, "/api/v1/value?key=plant/two")[0] == 200)
    eventually(20, "it says why", lambda: site.get(g2, "/api/v1/status")["history"]["wrong"])
    metrics = eventually(20, "metrics say so", lambda: [
        m for m in [site.ask(g2, "/metrics")[2]] if "\ntributary_history_writing 0\n" in m])
    assert metrics
    site.stop(g2)


def exports_are_what_others_read(site, g1):
    site.replay("dev-3", "yard/gate/lat,lww,set,52.5", "yard/gate/lon,lww,set,13.4", "yard/gate/open,lww,set,true",
                'hall/badges,gset,insert,"a ""quoted"", one"')
    eventually(20, "the value is here", lambda: site.ask(g1, "/api/v1/value?key=hall/badges")[0] == 200)
    status, headers, text = site.ask(g1, "/api/v1/export/values?format=csv")
    assert status == 200 and headers["content-type"].startswith("text/csv"), headers
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    values = site.get(g1, "/api/v1/values?limit=1000")["values"]
    assert [(r["key"], r["type"]) for r in rows] == [(v["key"], v["type"]) for v in values]
    badges = next(r for r in rows if r["key"] == "hall/badges")
    assert len(json.loads(badges["value"])) == 1 and badges["at"].endswith("Z"), badges
    assert json.loads(site.ask(g1, "/api/v1/export/values?format=json")[2]) == values
    lines = site.ask(g1, "/api/v1/export/values")[2].splitlines()
    assert [json.loads(line) for line in lines] == values
    assert site.ask(g1, "/api/v1/export/values?format=xml")[0] == 400
    geo = site.get(g1, "/api/v1/geojson")
    assert geo["type"] == "FeatureCollection"
    gate = next(f for f in geo["features"] if f["id"] == "yard/gate")
    assert gate["geometry"] == {"type": "Point", "coordinates": [13.4, 52.5]}, gate
    assert "open" in gate["properties"] and "lat" not in gate["properties"], gate
    ld = site.get(g1, "/api/v1/jsonld?prefix=yard/")
    assert len(ld["@graph"]) == 3 and ld["@context"]["sosa"] == "http://www.w3.org/ns/sosa/", ld
    one = ld["@graph"][0]
    assert one["@type"] == "Observation" and one["result"] == 52.5 and one["resultTime"].endswith("Z"), one


def the_brokers_own_figures_are_passed_on(site, g1):
    text = eventually(30, "the broker's figures", lambda: [
        m for m in [site.ask(g1, "/metrics")[2]] if 'tributary_broker_clients_connected{link="local"}' in m])[0]
    if shutil.which("promtool"):
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def alerts_fire_everywhere(site, g1):
    listener = site.listen(f"{ROOT}/alert/#")
    for i in range(40):
        listener.publish(f"{ROOT}/up/stranger", f"nonsense {i}")
    topic = f"{ROOT}/alert/g1/dead-letters"
    said = json.loads(eventually(40, "the alert is published", lambda: listener.get(topic)))
    assert said["state"] == "firing" and said["severity"] == "warning" and said["threshold"] == 10, said
    shown = site.get(g1, "/api/v1/alerts")["alerts"]
    assert any(a["name"] == "dead-letters" and a["state"] == "firing" for a in shown), shown
    assert any(e["kind"] == "alert" for e in site.get(g1, "/api/v1/events")["events"])
    assert 'tributary_alerts_firing{severity="warning"} 1' in site.ask(g1, "/metrics")[2]
    late = site.listen(f"{ROOT}/alert/#")
    eventually(20, "it is retained", lambda: late.get(topic))
    # A gateway that starts anew knows of nothing that is wrong: what it had said is taken back.
    site.stop(g1)
    g1 = site.gateway("g1", "homeassistant.enabled=true")
    eventually(20, "the topic is cleared", lambda: listener.get(topic) == "")
    return g1


def home_assistant_finds_its_sensors(site, g1):
    """What Home Assistant does: reads the discovery topic, subscribes to what it names, renders what it gets."""
    config_topic = "homeassistant/device/tributary_demo_g1/config"
    listener = site.listen("homeassistant/device/+/config", f"{ROOT}/view/#", f"{ROOT}/gw/+/status")

    def found(key):
        config = listener.get(config_topic)
        return config and next((c for c in json.loads(config)["components"].values() if c["name"] == key), None)
    parts = eventually(40, "the counter is announced", lambda: found("plant/parts"))
    assert parts["platform"] == "sensor" and parts["state_class"] == "total_increasing", parts
    state = eventually(20, "its state is there", lambda: listener.get(parts["state_topic"]))
    assert json.loads(state)["value"] == 8 and parts["value_template"] == "{{ value_json.value }}", state
    gate = eventually(40, "the gate is announced", lambda: found("yard/gate/open"))
    config = json.loads(listener.get(config_topic))
    ids = [c["unique_id"] for c in config["components"].values()]
    assert len(set(ids)) == len(ids) and all(i == c["unique_id"] for i, c in config["components"].items())
    assert config["device"]["identifiers"] and config["origin"]["name"] == "tributary"
    assert gate["platform"] in ("sensor", "binary_sensor")
    available = config["availability"][0]
    assert json.loads(listener.get(available["topic"]))["state"] == available["payload_available"]
    site.replay("dev-4", "boiler/temperature,lww,set,61.5", "meter/energy_kwh,gcounter,add,2")
    boiler = eventually(40, "a new key is announced", lambda: found("boiler/temperature"))
    assert (boiler["device_class"], boiler["unit_of_measurement"], boiler["state_class"]) == ("temperature", "°C", "measurement")
    meter = eventually(40, "the meter is announced", lambda: found("meter/energy_kwh"))
    assert (meter["device_class"], meter["unit_of_measurement"], meter["state_class"]) == ("energy", "kWh", "total_increasing")
    before = len(listener.messages(config_topic))
    listener.publish("homeassistant/status", "online")
    eventually(20, "it is said again at the birth of Home Assistant", lambda: len(listener.messages(config_topic)) > before)
    site.stop(g1, signal.SIGKILL)
    eventually(60, "its sensors are not available", lambda: json.loads(listener.get(available["topic"]))["state"] == "offline")


def an_operator_changes_values_with_the_token(site):
    secret = os.path.join(site.dir, "token")
    with open(secret, "w", encoding="utf8") as f:
        f.write("correct-horse-battery-staple\n")
    os.chmod(secret, 0o600)
    known = {"Authorization": "Bearer correct-horse-battery-staple", "Content-Type": "application/json"}
    g3 = site.gateway("g3", f"http.token_file={secret}")

    def post(path, body, headers=known):
        return site.ask(g3, path, "POST", body.encode(), headers)

    def operate(key, kind, operation, value):
        return post("/api/v1/operations", json.dumps({"key": key, "type": kind, "operation": operation, "value": value}))

    def value(key, kind):
        status, _, text = site.ask(g3, f"/api/v1/value?key={key}&type={kind}", headers=known)
        return json.loads(text)["values"][0]["value"] if status == 200 else None
    for key, kind, operation, given in (("op/count", "gcounter", "increment", 5), ("op/level", "pncounter", "subtract", 2),
                                        ("op/names", "gset", "add", "ann"), ("op/doors", "orset", "add", "north"),
                                        ("op/mode", "lww", "set", "night")):
        status, _, text = operate(key, kind, operation, given)
        assert status == 200 and json.loads(text)["outcome"] == "applied", text
    eventually(20, "all are there", lambda: [value("op/count", "gcounter"), value("op/level", "pncounter"), value("op/names", "gset"),
                                             value("op/doors", "orset"), value("op/mode", "lww")]
               == [5, -2, ["ann"], ["north"], "night"])
    assert operate("op/doors", "orset", "remove", "north")[0] == 200
    eventually(20, "it is removed", lambda: value("op/doors", "orset") in (None, []))
    for key, kind, operation, given in (("op/count", "gcounter", "decrement", 1), ("op/count", "gcounter", "add", 0), ("", "gcounter", "add", 1),
                                        ("$op", "gcounter", "add", 1), ("op/x", "nothing", "add", 1), ("op/x", "gset", "add", 3)):
        status, headers, text = operate(key, kind, operation, given)
        assert status == 400 and headers["content-type"] == "application/problem+json", (key, text)
    assert post("/api/v1/operations", "{}", {})[0] == 401, "without the token"
    # Its memory outlives it: what was counted stays counted once.
    site.stop(g3, signal.SIGKILL)
    g3 = site.gateway("g3", f"http.token_file={secret}")
    assert operate("op/count", "gcounter", "increment", 1)[0] == 200
    eventually(20, "once more, once", lambda: value("op/count", "gcounter") == 6)
    site.exported = site.ask(g3, "/api/v1/export/envelopes", headers=known)[2]
    refused = json.loads(post("/api/v1/import", "nonsense\n{}\n")[2])
    assert refused["taken"] == 0 and [r["line"] for r in refused["refused"]] == [1, 2], refused
    site.stop(g3)


class Asker:
    """MQTT 5 requests with response topic and correlation data."""

    def __init__(self, site):
        versions = getattr(mqtt, "CallbackAPIVersion", None)
        self.client = mqtt.Client(versions.VERSION1, protocol=mqtt.MQTTv5) if versions else mqtt.Client(protocol=mqtt.MQTTv5)
        self.answers, self.number, self.reply_to = {}, 0, f"{ROOT}/reply/asker"
        self.ready = threading.Event()
        self.client.on_message = lambda _c, _d, m: self.answers.__setitem__(m.properties.CorrelationData, json.loads(m.payload))
        self.client.on_connect = lambda c, *_: c.subscribe(self.reply_to, 1)
        self.client.on_subscribe = lambda *_: self.ready.set()
        self.client.connect("127.0.0.1", site.broker_port)
        self.client.loop_start()
        assert self.ready.wait(20), "the broker lets it subscribe"

    def send(self, gateway, command, payload, correlation=None, reply_to=None):
        properties = Properties(PacketTypes.PUBLISH)
        if correlation:
            properties.CorrelationData, properties.ResponseTopic = correlation, reply_to or self.reply_to
        self.client.publish(f"{ROOT}/req/{gateway}/{command}", payload, qos=1, properties=properties)

    def ask(self, gateway, command, **arguments):
        self.number += 1
        correlation = f"c{self.number}".encode()
        self.send(gateway, command, json.dumps(arguments), correlation)
        return eventually(20, f"{command} is answered", lambda: self.answers.get(correlation))

    def end(self):
        self.client.disconnect()
        self.client.loop_stop()


def the_same_commands_are_there_over_mqtt(site):
    secret = os.path.join(site.dir, "token")
    token = "correct-horse-battery-staple"
    known = {"Authorization": f"Bearer {token}"}
    g5 = site.gateway("g5", f"http.token_file={secret}", "broker.peers=false")
    asker = Asker(site)

    def http(path, method="GET", body=None):
        status, _, text = site.ask(g5, path, method, body, known)
        assert status == 200, (path, status, text)
        return json.loads(text)
    assert "token" in asker.ask("g5", "operate", key="a", type="gcounter", operation="add")["error"]["what"]
    assert "not the token" in asker.ask("g5", "operate", token="x" * 20, key="a", type="gcounter", operation="add")["error"]["what"]
    assert asker.ask("g5", "nonsense")["error"]["do"].startswith("one of status"), "it says what there is"
    assert asker.ask("g5", "operate", token=token, key="m/count", type="gcounter", operation="increment", value=4)["outcome"] == "applied"
    eventually(20, "it counts", lambda: asker.ask("g5", "get", key="m/count")["values"] and http("/api/v1/value?key=m/count")["values"][0]["value"] == 4)
    # Refused messages: seen in both ways, released and dropped in both.
    for i in range(3):
        asker.client.publish(f"{ROOT}/up/odd-{i}", "no envelope", qos=1)
    eventually(20, "they are listed", lambda: len(http("/api/v1/dead-letters")["dead_letters"]) == 3)
    listed = asker.ask("g5", "dead-letters")["dead_letters"]
    assert listed[:2] == http("/api/v1/dead-letters?limit=2")["dead_letters"] and listed[0]["topic"].startswith(f"{ROOT}/up/odd-"), listed
    ids = [letter["id"] for letter in listed]
    stays = http("/api/v1/dead-letters/release", "POST", json.dumps({"ids": ids[:1]}).encode())
    assert stays["released"] == 0 and stays["stayed"][0]["why"].startswith("malformed"), stays
    assert site.ask(g5, f"/api/v1/dead-letters?ids={ids[0]}", "DELETE")[0] == 401, "without the token"
    assert http(f"/api/v1/dead-letters?ids={ids[0]}", "DELETE")["dropped"] == 1
    assert asker.ask("g5", "drop-dead-letters", token=token, all=True)["dropped"] == 2
    assert http("/api/v1/dead-letters")["dead_letters"] == [] and http("/api/v1/quarantine")["quarantine"] == []
    assert {r["device"] for r in http("/api/v1/refusals")["refusals"]} == {f"odd-{i}" for i in range(3)}
    # What nobody can be told is counted, and nothing more.
    asker.send("g5", "drop-dead-letters", json.dumps({"token": token, "all": True}))
    eventually(20, "it is counted", lambda: http("/api/v1/status")["requests"]["no_reply"] == 1)
    # The command line is such a visitor.
    done, out, err = site.cli("operate", "m/count", "gcounter", "increment", "2", "--gateway", "g5", "--token-file", secret)
    assert done == 0 and out.startswith("applied: operation 2 of operator-g5"), out + err
    asker.client.publish(f"{ROOT}/up/odd-9", "no envelope", qos=1)
    eventually(20, "the command line lists it", lambda: "odd-9" in site.cli("dead-letters", "list", "--gateway", "g5")[1])
    done, out, err = site.cli("dead-letters", "release", "--all", "--gateway", "g5", "--token-file", secret)
    assert done == 1 and "malformed" in err, out + err
    done, out, err = site.cli("dead-letters", "drop", "--all", "--gateway", "g5", "--token-file", secret)
    assert (done, out) == (0, "dropped 1\n"), out + err
    log = site.read_log(g5)
    assert token not in log, "the token is told to nobody"
    asker.end()
    site.stop(g5)


def imported_twice_counts_once(site):
    secret = os.path.join(site.dir, "token")
    known = {"Authorization": "Bearer correct-horse-battery-staple"}
    lines = site.exported
    g6 = site.gateway("g6", f"http.token_file={secret}", "broker.peers=false")

    def shown():
        status, _, text = site.ask(g6, "/api/v1/value?key=op/count", headers=known)
        return json.loads(text)["values"][0]["value"] if status == 200 else None

    def duplicates():
        return json.loads(site.ask(g6, "/api/v1/status", headers=known)[2])["counters"]["duplicates"]
    assert site.ask(g6, "/api/v1/import", "POST", lines.encode(), known)[0] == 200
    eventually(20, "all of it is here", lambda: shown() == 6)
    before = duplicates()
    assert site.ask(g6, "/api/v1/import", "POST", lines.encode(), known)[0] == 200
    eventually(20, "the second time is known already", lambda: duplicates() >= before + len(lines.splitlines()))
    assert shown() == 6
    site.stop(g6)


def main():
    failed = 0
    with Site(sys.argv[1]) as site:
        g1 = site.gateway("g1")
        for test in (history_is_kept_and_read, history_outlives_the_gateway_and_its_loss_is_nobodys,
                     history_without_a_disk_of_its_own_leaves_the_totals_alone, exports_are_what_others_read,
                     the_brokers_own_figures_are_passed_on, alerts_fire_everywhere, home_assistant_finds_its_sensors,
                     an_operator_changes_values_with_the_token, the_same_commands_are_there_over_mqtt,
                     imported_twice_counts_once):
            try:
                g1 = (test(site, g1) if test.__code__.co_argcount == 2 else test(site)) or g1
                print(f"ok      {test.__name__}")
            except Exception:  # each failure is shown, the others still run
                failed += 1
                print(f"FAILED  {test.__name__}\n{traceback.format_exc()}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
