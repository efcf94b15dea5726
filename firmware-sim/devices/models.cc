// SPDX-License-Identifier: Apache-2.0
#include "firmware-sim/devices/models.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace tributary::devices {
namespace {

using What = Operation::What;

std::uint64_t up_to(std::mt19937_64& random, std::uint64_t max) {
  return 1 + random() % max;
}

// People come in groups; when there are some, about as many leave.
class PeopleCounter final : public Model {
 public:
  explicit PeopleCounter(const std::string& place) : key_(place + "/people") {}
  Operation next(sdk::Device& device, std::mt19937_64& random) override {
    const sdk::UpDown c = device.up_down(key_);
    const std::uint64_t inside = c.added() - c.subtracted();
    const bool leave = inside > 0 && random() % 100 < 48;
    const std::uint64_t group = up_to(random, 7);
    return {key_, wire::Type::pncounter, leave ? What::subtract : What::add,
            leave ? std::min(group, inside) : group};
  }

 private:
  const std::string key_;
};

class PulseMeter final : public Model {
 public:
  explicit PulseMeter(const std::string& place) : key_(place + "/pulses") {}
  Operation next(sdk::Device&, std::mt19937_64& random) override {
    return {key_, wire::Type::gcounter, What::add, up_to(random, 97)};
  }

 private:
  const std::string key_;
};

class AlarmSet final : public Model {
 public:
  explicit AlarmSet(const std::string& place) : key_(place + "/alarms") {}
  Operation next(sdk::Device& device, std::mt19937_64& random) override {
    const std::vector<std::string> raised = device.set(key_).elements();
    Operation op{key_, wire::Type::orset, What::insert};
    if (!raised.empty() && random() % 8 < raised.size()) {
      op.what = What::erase;
      op.element = raised[random() % raised.size()];
      return op;
    }
    static constexpr std::array names{"door-open", "smoke",     "overheat",   "low-battery",
                                      "no-flow",   "vibration", "over-speed", "leak"};
    op.element = std::string(names[random() % names.size()]) + "-" + std::to_string(random() % 20);
    return op;
  }

 private:
  const std::string key_;
};

class BadgeSet final : public Model {
 public:
  explicit BadgeSet(const std::string& place) : key_(place + "/badges") {}
  Operation next(sdk::Device&, std::mt19937_64& random) override {
    static constexpr std::uint64_t badges = 500;  // of one place: the set stops growing
    Operation op{key_, wire::Type::gset, What::insert};
    op.element = "badge-" + std::to_string(random() % badges);
    return op;
  }

 private:
  const std::string key_;
};

// A walk in tenths of a degree around 21.
class Thermometer final : public Model {
 public:
  explicit Thermometer(const std::string& place) : key_(place + "/temperature") {}
  Operation next(sdk::Device& device, std::mt19937_64& random) override {
    double now = 21.0;
    if (const auto last = device.reg(key_).value()) {
      if (const double* was = std::get_if<double>(&*last)) now = *was;
    }
    const double step = static_cast<double>(random() % 11) - 5.0 - (now > 25) + (now < 17);
    Operation op{key_, wire::Type::lww, What::set};
    op.value = wire::Scalar{std::round(now * 10 + step) / 10};
    return op;
  }

 private:
  const std::string key_;
};

}  // namespace

std::unique_ptr<Model> make_model(Model::Kind kind, const std::string& place) {
  switch (kind) {
    case Model::Kind::people:
      return std::make_unique<PeopleCounter>(place);
    case Model::Kind::pulses:
      return std::make_unique<PulseMeter>(place);
    case Model::Kind::alarms:
      return std::make_unique<AlarmSet>(place);
    case Model::Kind::badges:
      return std::make_unique<BadgeSet>(place);
    case Model::Kind::temperature:
      return std::make_unique<Thermometer>(place);
  }
  return nullptr;
}

const char* name(Model::Kind kind) {
  constexpr std::array names{"people", "pulses", "alarms", "badges", "temperature"};
  return names[static_cast<std::size_t>(kind)];
}

}  // namespace tributary::devices
