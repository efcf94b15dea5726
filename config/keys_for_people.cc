// SPDX-License-Identifier: Apache-2.0
// Keys of what people watch: history, alerts, Home Assistant.
#include "config/key_table.h"

namespace tributary::config {
namespace {

using G = Gateway;

constexpr Key keys[] = {
    {.section = "history",
     .name = "enabled",
     .in_gateway = at<&G::history, &G::History::enabled>,
     .doc = "Keep a history at all."},
    {.section = "history",
     .name = "interval_ms",
     .in_gateway = at<&G::history, &G::History::interval_ms>,
     .unit = "ms",
     .min = 1'000,
     .max = 3'600'000,
     .doc = "The finest step. Values that changed since the last one are written together; they "
            "come with the rows of store.values_interval_ms, so no finer than that."},
    {.section = "history",
     .name = "raw_hours",
     .in_gateway = at<&G::history, &G::History::raw_hours>,
     .unit = "h",
     .min = 2,
     .max = 8'760,
     .doc = "How long these steps are kept."},
    {.section = "history",
     .name = "minute_days",
     .in_gateway = at<&G::history, &G::History::minute_days>,
     .unit = "d",
     .min = 2,
     .max = 3'650,
     .doc = "How long minutes are kept: of each the last value, the lowest and the highest."},
    {.section = "history",
     .name = "hour_days",
     .in_gateway = at<&G::history, &G::History::hour_days>,
     .unit = "d",
     .min = 7,
     .max = 36'500,
     .doc = "How long hours are kept, alike."},
    {.section = "history",
     .name = "keys_max",
     .in_gateway = at<&G::history, &G::History::keys_max>,
     .unit = "keys",
     .min = 0,
     .max = 1'000'000,
     .doc = "Keys that have a history: the first ones that changed. One that has not changed for "
            "hour_days makes room."},
    {.section = "history",
     .name = "file_max_mb",
     .in_gateway = at<&G::history, &G::History::file_max_mb>,
     .unit = "MiB",
     .min = 8,
     .max = 1'048'576,
     .doc = "The size of the file. Beyond it the oldest steps go first, then the oldest minutes, "
            "then hours, whatever the times above say."},
    {.section = "history",
     .name = "keep_free_mb",
     .in_gateway = at<&G::history, &G::History::keep_free_mb>,
     .unit = "MiB",
     .min = 0,
     .max = 1'048'576,
     .doc = "While the disk has less free than this, history pauses: what is left is for the "
            "totals."},
    {.section = "alerts",
     .name = "publish",
     .in_gateway = at<&G::alerts, &G::Alerts::publish>,
     .doc = "Publish each while it lasts, retained, at alert/<gateway>/<name> on every broker."},
    {.section = "homeassistant",
     .name = "enabled",
     .in_gateway = at<&G::homeassistant, &G::HomeAssistant::enabled>,
     .doc = "Announce this gateway and its values to Home Assistant on every broker. The values "
            "are those of the section view, so it must be on."},
    {.section = "homeassistant",
     .name = "prefix",
     .in_gateway = at<&G::homeassistant, &G::HomeAssistant::prefix>,
     .form = Form::topic,
     .doc = "Home Assistant's discovery prefix, as set there."},
    {.section = "homeassistant",
     .name = "entities_max",
     .in_gateway = at<&G::homeassistant, &G::HomeAssistant::entities_max>,
     .unit = "entities",
     .min = 1,
     .max = 900,
     .doc = "Values that are announced: the first in the order of their keys."},
};

}  // namespace

std::span<const Key> keys_for_people() {
  return keys;
}

}  // namespace tributary::config
