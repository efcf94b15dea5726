// SPDX-License-Identifier: Apache-2.0
// Prometheus' text format (version 0.0.4), family by family. Shared by metrics.cc (the gateway) and
// metrics_aside.cc (what is seen beside it). Private to them.
//
//   Writer w;
//   w.family("tributary_links", "gauge", "Brokers.").add(2, {{"state", "connected"}});
//   std::string text = w.take();
#pragma once
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/app/beside.h"
#include "gateway/core/histogram.h"

namespace tributary::app {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

class Writer {
 public:
  // The lines that follow are of this family.
  Writer& family(std::string_view name, const char* type, std::string_view help) {
    name_ = name;
    out_ += "# HELP " + name_ + " " + std::string(help) + "\n# TYPE " + name_ + " " + type + "\n";
    return *this;
  }
  Writer& add(std::uint64_t value, Labels labels = {}) {
    return line("", std::to_string(value), labels);
  }
  Writer& seconds(std::uint64_t value_ms, Labels labels = {}) {
    return line("", decimal(static_cast<double>(value_ms) / 1e3), labels);
  }
  Writer& real(double value, Labels labels = {}) { return line("", decimal(value), labels); }
  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "counter", help).add(value);
  }
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "gauge", help).add(value);
  }
  void histogram(std::string_view name, std::string_view help, const core::Histogram& h) {
    family(name, "histogram", help);
    std::uint64_t so_far = 0;
    for (std::size_t i = 0; i < h.bounds_us.size(); ++i) {
      so_far += h.counts[i];
      const std::string bound = decimal(static_cast<double>(h.bounds_us[i]) / 1e6);
      line("_bucket", std::to_string(so_far), {{"le", bound}});
    }
    line("_bucket", std::to_string(h.total()), {{"le", "+Inf"}});
    line("_sum", decimal(static_cast<double>(h.sum_us) / 1e6), {});
    line("_count", std::to_string(h.total()), {});
  }
  std::string take() { return std::move(out_); }

 private:
  static std::string decimal(double v) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, v);
    return {text, end.ptr};
  }
  static std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
      if (c == '\\' || c == '"') out += '\\';
      if (c == '\n') {
        out += "\\n";
      } else {
        out += c;
      }
    }
    return out;
  }
  Writer& line(const char* suffix, const std::string& value, Labels labels) {
    out_ += name_ + suffix;
    char between = '{';
    for (const auto& [name, text] : labels) {
      out_ += between + std::string(name) + "=\"" + escaped(text) + '"';
      between = ',';
    }
    if (labels.size() > 0) out_ += '}';
    out_ += " " + value + "\n";
    return *this;
  }

  std::string out_, name_;
};

void aside_metrics(Writer& w, const Aside& aside);

}  // namespace tributary::app
